// Second derivatives of an objective, compiled where a rule asks for them (see objective.h).
#include "driver/derivatives.h"
#include "driver/objective.h"

#include <cstring>

namespace thalweg::driver {

bool Objective::compile_second(bool hessian, bool product) {
  if (hessian_call_) hessian = false;
  if (product_call_) product = false;
  if (!hessian && !product) return true;
  Loss loss = loss_of(pipeline_.graph(), problem_);
  auto compile = [&](bool blocks) -> std::optional<CompiledFunction> {
    std::optional<Function> f = pipeline_.timed("differentiate", [&] {
      return derive(front_, pipeline_.graph(), loss,
                    blocks ? Derivative::hessian : Derivative::product);
    });
    if (!f) return std::nullopt;
    f->name = problem_.objective.name + (blocks ? ".hessian" : ".product");
    auto compiled = pipeline_.compile({*f});
    return compiled ? std::optional(std::move((*compiled)[0])) : std::nullopt;
  };
  second_.reserve(2); // calls keep references
  for (bool blocks : {true, false}) {
    if (!(blocks ? hessian : product)) continue;
    std::optional<CompiledFunction> compiled = compile(blocks);
    if (!compiled) return false;
    second_.push_back(std::move(*compiled));
    std::optional<BoundCall>& call = blocks ? hessian_call_ : product_call_;
    call.emplace(second_.back());
    for (const auto& [name, value] : sizes_) // where they are known already
      call->size(name, value);
  }
  return true;
}

int32_t Objective::hessian(const void* point, const DataView& data, void* to) {
  BoundCall& call = *hessian_call_;
  const size_t count = pieces_.size(), each = element_bytes();
  blocks_.resize(count * count);
  for (size_t k = 0; k < blocks_.size(); ++k) {
    const auto elements = static_cast<size_t>(pieces_[k / count].count * pieces_[k % count].count);
    if (!blocks_[k].get(elements * each)) return TW_OUT_OF_MEMORY;
    call.result(k, blocks_[k].data());
  }
  if (!bind(call, point, data)) return TW_SHAPE_MISMATCH;
  if (int32_t status = call.call()) return status;
  for (size_t k = 0; k < blocks_.size(); ++k) {
    const Piece &rows = pieces_[k / count], &columns = pieces_[k % count];
    const size_t width = static_cast<size_t>(columns.count) * each;
    for (int64_t i = 0; i < rows.count; ++i)
      std::memcpy(static_cast<char*>(to) +
                      static_cast<size_t>((rows.offset + i) * total_ + columns.offset) * each,
                  static_cast<const char*>(blocks_[k].data()) + static_cast<size_t>(i) * width,
                  width);
  }
  return TW_OK;
}

int32_t Objective::product(const void* point, const void* direction, const DataView& data,
                           void* to) {
  BoundCall& call = *product_call_;
  const size_t first = call.function().function.parameters.size() - pieces_.size();
  for (size_t k = 0; k < pieces_.size(); ++k) {
    const size_t offset = static_cast<size_t>(pieces_[k].offset) * element_bytes();
    call.parameter(first + k, static_cast<const char*>(direction) + offset);
    call.result(k, static_cast<char*>(to) + offset);
  }
  if (!bind(call, point, data)) return TW_SHAPE_MISMATCH;
  return call.call();
}

} // namespace thalweg::driver
