// Slots filled with pointers (see bound_call.h).
#include "driver/bound_call.h"

#include "base/memory.h"
#include "thalweg/linear.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace thalweg::driver {

void* Buffer::get(size_t bytes) {
  if (bytes <= bytes_ && data_) return data_.get();
  data_.reset(runtime::array_memory(bytes));
  bytes_ = data_ ? bytes : 0;
  return data_.get();
}

std::optional<size_t> byte_size(const Shape& shape, DType dtype, const Bindings& sizes) {
  std::optional<std::vector<int64_t>> dims = evaluate_shape(shape, sizes);
  if (!dims) return std::nullopt;
  int64_t count = count_elements(*dims);
  if (count < 0 || count > (int64_t{1} << 56)) return std::nullopt;
  return static_cast<size_t>(count * dtype_size(dtype));
}

BoundCall::BoundCall(const CompiledFunction& function)
    : f_(function), buffers_(static_cast<size_t>(function.layout.call_slots), nullptr) {}

void BoundCall::parameter(size_t k, const void* memory) {
  const loops::Slot& slot = f_.layout.parameters[k];
  if (!slot.per_tensor) buffers_[static_cast<size_t>(slot.slot)] = const_cast<void*>(memory);
}
void BoundCall::result(size_t k, void* memory) {
  void*& at = buffers_[static_cast<size_t>(f_.layout.results[k].slot)];
  ready_ = ready_ && memory;
  at = memory;
}
void BoundCall::size(const std::string& symbol, int64_t value) {
  auto [it, fresh] = sizes_.emplace(symbol, value);
  if (!fresh && it->second == value) return;
  it->second = value;
  ready_ = false;
}

void BoundCall::rows(const std::vector<Bindings>& sizes) {
  ready_ = false;
  rows_.clear();
  for (const Bindings& row : sizes)
    rows_.push_back(
        {row, std::vector<void*>(static_cast<size_t>(f_.layout.row_slots), nullptr), {}});
}
void BoundCall::row_parameter(size_t row, size_t k, const void* memory) {
  rows_[row].buffers[static_cast<size_t>(f_.layout.parameters[k].slot)] = const_cast<void*>(memory);
}
void BoundCall::row_result(size_t row, size_t k, void* memory) {
  rows_[row].buffers[static_cast<size_t>(f_.layout.results[k].slot)] = memory;
}

bool BoundCall::prepare() {
  if (ready_) return true;
  dims_.clear();
  for (const std::string& symbol : f_.symbols) {
    auto it = sizes_.find(symbol);
    if (it == sizes_.end()) return false;
    dims_.push_back(it->second);
  }
  auto fill = [&](int64_t row, std::vector<void*>& buffers, const Bindings& sizes,
                  bool per_tensor) {
    auto own = [&](const loops::Slot& slot) {
      if (slot.per_tensor != per_tensor) return true;
      size_t at = static_cast<size_t>(slot.slot);
      Buffer*& mine = owned_by_[{row, slot.slot}];
      if (buffers[at] && (!mine || buffers[at] != mine->data())) return true; // somebody else's
      std::optional<size_t> bytes = byte_size(slot.shape, slot.dtype, sizes);
      if (bytes && slot.rows) {
        auto rows = evaluate_shape({*slot.rows}, sizes);
        int64_t count = static_cast<int64_t>(*bytes) / dtype_size(slot.dtype);
        if (rows) *bytes *= static_cast<size_t>(loops::waiting_places(count, (*rows)[0]));
      }
      if (!bytes) return false;
      if (!mine) {
        owned_.push_back(std::make_unique<Buffer>());
        mine = owned_.back().get();
      }
      buffers[at] = mine->get(*bytes);
      return buffers[at] != nullptr;
    };
    for (const loops::Slot& slot : f_.layout.parameters)
      if (!own(slot)) return false;
    for (const loops::Slot& slot : f_.layout.results)
      if (!own(slot)) return false;
    for (const loops::Slot& slot : f_.layout.temporaries)
      if (!own(slot)) return false;
    return true;
  };
  if (!fill(-1, buffers_, sizes_, false)) return false;
  table_.clear();
  row_elements_ = 0;
  for (size_t r = 0; r < rows_.size(); ++r) {
    Bindings all = sizes_;
    for (const auto& [name, value] : rows_[r].sizes)
      all[name] = value;
    if (!fill(static_cast<int64_t>(r), rows_[r].buffers, all, true)) return false;
    size_t largest = 0;
    for (const loops::Slot& slot : f_.layout.parameters)
      if (slot.per_tensor)
        largest = std::max(largest, byte_size(slot.shape, DType::boolean, all).value_or(0));
    row_elements_ += static_cast<int64_t>(largest);
    rows_[r].dims.clear();
    for (const std::string& symbol : f_.tensor_symbols) {
      auto it = rows_[r].sizes.find(symbol);
      if (it == rows_[r].sizes.end()) return false;
      rows_[r].dims.push_back(it->second);
    }
    table_.push_back({rows_[r].buffers.data(), rows_[r].dims.data()});
  }
  if (f_.profile) {
    std::vector<Bindings> rows;
    for (const Row& row : rows_) {
      rows.push_back(sizes_);
      for (const auto& [name, value] : row.sizes)
        rows.back()[name] = value;
    }
    kernel_bytes_ = f_.profile->bytes(sizes_, rows);
  }
  ready_ = true;
  return true;
}

int32_t BoundCall::ask(void* self, int32_t site, const tw_call* call) {
  const BoundCall& bound = *static_cast<BoundCall*>(self);
  const loops::OracleSite& asked = bound.f_.layout.oracles[static_cast<size_t>(site)];
  auto memory = [&](const loops::Slot& slot) {
    void* const* buffers = slot.per_tensor ? call->rows[0].buffers : call->buffers;
    return buffers[static_cast<size_t>(slot.slot)];
  };
  std::vector<const void*> operands;
  for (const loops::Slot& slot : asked.operands)
    operands.push_back(memory(slot));
  return bound.answer_(asked.kind, operands, memory(asked.answer));
}

int32_t BoundCall::call(uint64_t seed, int64_t step) {
  tw_call call{};
  call.buffers = buffers_.data();
  call.dims = dims_.data();
  call.rows = table_.data();
  call.row_count = static_cast<int64_t>(table_.size());
  call.row_elements = row_elements_;
  if (f_.threads) f_.threads->lend(call);
  if (answer_) {
    call.oracle = ask;
    call.oracle_context = this;
  }
  call.seed = seed;
  call.step = step;
  if (!f_.profile) return ended(f_.entry(&call));
  ProfiledCall timing(*f_.profile, kernel_bytes_, call);
  return ended(f_.entry(&call));
}

int32_t BoundCall::ended(int32_t status) {
  linear_failure_.reset();
  if (!loops::is_linear_status(status)) return status;
  const loops::LinearSite& site = f_.layout.linear[static_cast<size_t>(loops::linear_site(status))];
  linear_failure_ = {site.op, site.span, loops::linear_fault(status)};
  return tw_linear_status(linear_failure_->fault);
}

static double scalar_at(const void* memory, DType dtype) {
  switch (dtype) {
  case DType::f64: return *static_cast<const double*>(memory);
  case DType::f32: return *static_cast<const float*>(memory);
  case DType::i64: return static_cast<double>(*static_cast<const int64_t*>(memory));
  case DType::boolean: return *static_cast<const uint8_t*>(memory);
  }
  return 0;
}

double BoundCall::scalar_result(size_t k) const {
  const loops::Slot& slot = f_.layout.results[k];
  return scalar_at(buffers_[static_cast<size_t>(slot.slot)], slot.dtype);
}

double BoundCall::row_scalar_result(size_t row, size_t k) const {
  const loops::Slot& slot = f_.layout.results[k];
  return scalar_at(rows_[row].buffers[static_cast<size_t>(slot.slot)], slot.dtype);
}

} // namespace thalweg::driver
