// A compiled rule over its table of tensors (see racer.h).
#include "driver/racer.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace thalweg::driver {

using irgen::RuleUnit;

static void store(void* to, DType dtype, double value) {
  if (dtype == DType::f32)
    *static_cast<float*>(to) = static_cast<float>(value);
  else
    *static_cast<double*>(to) = value;
}

bool RuleInstance::compile(Pipeline& pipeline) {
  // The schedules' values of a step and the `require` lines, without taking it.
  Function rates = unit_.step;
  rates.name = unit_.name + ".rates";
  std::erase_if(rates.results, [&](const Result& r) {
    return std::find(unit_.recorded.begin(), unit_.recorded.end(), r.name) ==
               unit_.recorded.end() ||
           r.updates >= 0;
  });
  std::vector<Function> functions{unit_.initial, unit_.step, rates};
  for (const RuleUnit::Query& query : unit_.queries)
    functions.push_back(query.point);
  auto compiled = pipeline.compile(functions);
  if (!compiled) return false;
  compiled_ = std::move(*compiled);
  for (const CompiledFunction& f : compiled_)
    calls_.emplace_back(f);
  return true;
}

void RuleInstance::bind_shared(BoundCall& call) {
  size_t hyper = 0, shared_state = 0;
  for (size_t k = 0; k < unit_.step.parameters.size(); ++k) {
    const Parameter& p = unit_.step.parameters[k];
    if (p.per_tensor) continue;
    if (p.name == "t")
      call.parameter(k, &t_);
    else if (p.name == "loss")
      call.parameter(k, &loss_);
    else if (p.name == "value")
      call.parameter(k, value_.data());
    else if (p.name.starts_with("hyper "))
      call.parameter(k, &hypers_[hyper++]);
    else if (p.name.starts_with("state "))
      call.parameter(k, shared_states_[shared_state++].data());
    else if (p.name.starts_with("query"))
      call.parameter(k, query_values_[static_cast<size_t>(std::stoul(p.name.substr(5)))].data());
  }
}

// Row r holds parameter parameters_[r], or everything if the rule is on the vector.
void RuleInstance::bind_rows(BoundCall& call) {
  const Objective& o = *objective_;
  bool whole = unit_.demands.vector;
  std::vector<Bindings> sizes;
  size_t row_count = whole ? 1 : parameters_.size();
  for (size_t r = 0; r < row_count; ++r) {
    Bindings b;
    if (unit_.rank == 1) {
      b["size"] = whole ? o.total() : o.pieces()[parameters_[r]].count;
    } else {
      const std::vector<int64_t>& shape = o.pieces()[parameters_[r]].shape;
      for (size_t k = 0; k < shape.size(); ++k)
        b["size" + std::to_string(k)] = shape[k];
    }
    sizes.push_back(std::move(b));
  }
  call.rows(sizes);
  for (size_t r = 0; r < row_count; ++r) {
    size_t offset =
        whole ? 0 : static_cast<size_t>(o.pieces()[parameters_[r]].offset) * o.element_bytes();
    size_t state = 0;
    for (size_t k = 0; k < unit_.step.parameters.size(); ++k) {
      const Parameter& p = unit_.step.parameters[k];
      if (!p.per_tensor) continue;
      if (p.name == "x")
        call.row_parameter(r, k, point_ + offset);
      else if (p.name == "gradient")
        call.row_parameter(r, k, gradient_ + offset);
      else if (p.name.starts_with("state "))
        call.row_parameter(r, k, row_states_[r][state++].data());
      else if (p.name.starts_with("query"))
        call.row_parameter(
            r, k,
            static_cast<char*>(
                query_gradients_[static_cast<size_t>(std::stoul(p.name.substr(5)))].data()) +
                offset);
    }
  }
}

bool RuleInstance::bind(const Objective& objective, void* point, void* gradient) {
  objective_ = &objective;
  point_ = static_cast<char*>(point);
  gradient_ = static_cast<char*>(gradient);
  value_.get(8);
  hypers_.clear();
  for (const RuleUnit::Hyper& hyper : unit_.hypers)
    hypers_.push_back(hyper.value);
  query_values_ = std::vector<Buffer>(unit_.queries.size());
  query_gradients_ = std::vector<Buffer>(unit_.queries.size());
  for (size_t k = 0; k < unit_.queries.size(); ++k) {
    if (!query_values_[k].get(8)) return false;
    if (unit_.queries[k].order == 1 &&
        !query_gradients_[k].get(static_cast<size_t>(objective.total()) *
                                 objective.element_bytes()))
      return false;
  }
  bool whole = unit_.demands.vector;
  size_t row_count = whole ? 1 : parameters_.size();
  shared_states_.clear();
  row_states_ = std::vector<std::vector<Buffer>>(row_count);
  for (const RuleUnit::State& state : unit_.states) {
    if (!state.per_tensor) {
      shared_states_.emplace_back();
      if (!shared_states_.back().get(8)) return false;
      continue;
    }
    for (size_t r = 0; r < row_count; ++r) {
      Bindings b;
      if (unit_.rank == 1)
        b["size"] = whole ? objective.total() : objective.pieces()[parameters_[r]].count;
      else
        for (size_t k = 0; k < unit_.rank; ++k)
          b["size" + std::to_string(k)] = objective.pieces()[parameters_[r]].shape[k];
      std::optional<size_t> bytes = byte_size(state.type.shape, state.type.dtype, b);
      row_states_[r].emplace_back();
      if (!bytes || !row_states_[r].back().get(*bytes)) return false;
    }
  }
  for (BoundCall& call : calls_) {
    bind_shared(call);
    bind_rows(call);
  }
  // The initial states go where the step keeps them; elsewhere results that update are in place.
  BoundCall& initial = calls_[0];
  size_t shared = 0;
  std::vector<size_t> per_row(row_count, 0);
  for (size_t k = 0; k < unit_.states.size(); ++k) {
    if (!unit_.states[k].per_tensor)
      initial.result(k, shared_states_[shared++].data());
    else
      for (size_t r = 0; r < row_count; ++r)
        initial.row_result(r, k, row_states_[r][per_row[r]++].data());
  }
  for (BoundCall& call : calls_)
    if (!call.prepare()) return false;
  return true;
}

void RuleInstance::set_shared(int64_t t, double loss, double value) {
  t_ = static_cast<double>(t);
  loss_ = loss;
  store(value_.data(), objective_->precision(), value);
}

int32_t RuleInstance::initialize() {
  set_shared(1, std::numeric_limits<double>::infinity(), 0);
  return calls_[0].call();
}

int32_t RuleInstance::query(size_t k, void* to) {
  BoundCall& call = calls_[3 + k];
  bool whole = unit_.demands.vector;
  for (size_t r = 0; r < (whole ? 1 : parameters_.size()); ++r)
    call.row_result(r, 0,
                    static_cast<char*>(to) +
                        (whole ? 0
                               : static_cast<size_t>(objective_->pieces()[parameters_[r]].offset) *
                                     objective_->element_bytes()));
  return call.prepare() ? call.call() : TW_OUT_OF_MEMORY;
}

void RuleInstance::set_query_value(size_t k, double value) {
  store(query_values_[k].data(), objective_->precision(), value);
}

int32_t RuleInstance::step(int64_t t, double loss, double value, uint64_t seed) {
  set_shared(t, loss, value);
  return calls_[1].call(seed, t);
}

int32_t RuleInstance::rates(std::vector<double>& values) {
  int32_t status = calls_[2].call();
  values.clear();
  for (size_t k = 0; k < unit_.recorded.size(); ++k)
    values.push_back(calls_[2].scalar_result(k));
  return status;
}

double RuleInstance::report(size_t k) const {
  return calls_[1].scalar_result(1 + unit_.states.size() + unit_.recorded.size() + k);
}

} // namespace thalweg::driver
