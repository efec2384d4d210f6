// A compiled rule over its table of tensors (see rule_instance.h).
#include "driver/rule_instance.h"

#include "base/text.h"
#include "ir/varying.h"
#include "thalweg/random.h"

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

bool RuleInstance::compile(Pipeline& pipeline, bool several) {
  const Graph& graph = pipeline.graph();
  // Whether the check looks at what numbers and schedules give, not at tensors or the objective.
  auto early = [&](const Check& check) {
    for (ValueId id : reachable(graph, std::span(&check.condition, 1)))
      if (const Node& node = graph.node(id); node.op == Op::arg) {
        const Parameter& p = unit_.step.parameters[static_cast<size_t>(node.attr.ints[0])];
        if (p.per_tensor || p.name == "value" || p.name.starts_with("query") ||
            p.name.starts_with("fold "))
          return false;
      }
    return true;
  };
  // The schedules' values of a step and the ranges of `require`, without taking it.
  Function rates = unit_.step;
  rates.name = unit_.name + ".rates";
  std::erase_if(rates.results, [&](const Result& r) {
    return std::find(unit_.recorded.begin(), unit_.recorded.end(), r.name) ==
               unit_.recorded.end() ||
           r.updates >= 0;
  });
  auto stops = [&](const Check& check) {
    return std::any_of(unit_.stops.begin(), unit_.stops.end(),
                       [&](const RuleUnit::Stop& stop) { return stop.status == check.status; });
  };
  std::erase_if(rates.checks, [&](const Check& c) { return stops(c) || !early(c); });
  std::vector<Function> functions{unit_.initial, unit_.step, rates};
  for (const RuleUnit::Query& query : unit_.queries)
    functions.push_back(query.point);
  asks_.clear();
  for (const RuleUnit::Query& query : unit_.queries) {
    asks_.push_back(query.asked ? functions.size() : 0);
    if (query.asked) functions.push_back(*query.asked);
  }
  parts_.clear();
  for (const Function& round : unit_.fold_rounds) {
    parts_.push_back(round.results.empty() ? 0 : functions.size());
    if (!round.results.empty()) functions.push_back(round);
  }
  if (unit_.answer) {
    answer_at_ = functions.size();
    functions.push_back(*unit_.answer);
  }
  if (several && !unit_.step.checks.empty()) {
    check_ = functions.size();
    functions.push_back(unit_.step);
    functions.back().name = unit_.name + ".check";
    functions.back().results.clear();
  }
  starts_from_objective_ = false;
  std::vector<ValueId> start = roots_of(unit_.initial);
  for (const RuleUnit::Part& part : unit_.parts)
    if (part.initial) start.push_back(part.value);
  for (ValueId id : reachable(graph, start))
    if (const Node& node = graph.node(id); node.op == Op::arg) {
      const std::string& name = unit_.step.parameters[static_cast<size_t>(node.attr.ints[0])].name;
      starts_from_objective_ = starts_from_objective_ || name == "value" || name == "gradient";
    }
  auto compiled = pipeline.compile(functions);
  if (!compiled) return false;
  compiled_ = std::move(*compiled);
  for (const CompiledFunction& f : compiled_)
    calls_.emplace_back(f);
  return true;
}

// A capacity is cut to an integer, at least 1.
int64_t RuleInstance::size_given(const RuleUnit::Size& size) const {
  double value = unit_.hypers[size.hyper].value;
  return value >= 1 && value < 1e9 ? static_cast<int64_t>(value) : 1;
}

void RuleInstance::bind_shared(BoundCall& call) {
  for (const RuleUnit::Size& size : unit_.sizes)
    call.size(size.symbol, size_given(size));
  if (residuals_) call.size(irgen::kResiduals, *residuals_);
  size_t hyper = 0, shared_state = 0;
  for (size_t k = 0; k < unit_.step.parameters.size(); ++k) {
    const Parameter& p = unit_.step.parameters[k];
    if (p.per_tensor) continue;
    if (p.name == "t")
      call.parameter(k, &t_);
    else if (p.name == "loss")
      call.parameter(k, &loss_);
    else if (p.name == "epoch")
      call.parameter(k, &epoch_);
    else if (p.name == "batch")
      call.parameter(k, &batch_);
    else if (p.name == "value")
      call.parameter(k, value_.data());
    else if (p.name == "seed")
      call.parameter(k, &seed_);
    else if (p.name.starts_with("hyper "))
      call.parameter(k, &hypers_[hyper++]);
    else if (p.name.starts_with("state "))
      call.parameter(k, shared_states_[shared_state++].data());
    else if (p.name.starts_with("fold "))
      call.parameter(k, folds_ + std::stoul(p.name.substr(5)));
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
      else if (p.name == "name")
        call.row_parameter(r, k, &names_[r]);
      else if (p.name.starts_with("state "))
        call.row_parameter(r, k, row_states_[r][state++]);
      else if (p.name.starts_with("query"))
        call.row_parameter(
            r, k,
            static_cast<char*>(
                query_gradients_[static_cast<size_t>(std::stoul(p.name.substr(5)))].data()) +
                offset);
    }
  }
}

bool RuleInstance::bind(const Objective& objective, void* point, void* gradient, uint64_t seed,
                        int64_t rows, double* folds) {
  objective_ = &objective;
  folds_ = folds;
  if (unit_.demands.residuals || unit_.demands.jacobians)
    residuals_ = objective.residual_count(rows);
  point_ = static_cast<char*>(point);
  gradient_ = static_cast<char*>(gradient);
  value_.get(8);
  seed_ = static_cast<int64_t>(seed);
  names_.clear();
  for (size_t r = 0; r < row_count(); ++r) {
    const std::string& name =
        unit_.demands.vector ? unit_.name : objective.pieces()[parameters_[r]].name;
    names_.push_back(static_cast<int64_t>(tw_name_hash(name.data(), name.size())));
  }
  hypers_.clear();
  for (const RuleUnit::Hyper& hyper : unit_.hypers)
    hypers_.push_back(hyper.value);
  query_values_ = std::vector<Buffer>(unit_.queries.size());
  query_gradients_ = std::vector<Buffer>(unit_.queries.size());
  for (size_t k = 0; k < unit_.queries.size(); ++k) {
    if (!query_values_[k].get(8)) return false;
    if (unit_.queries[k].order > 0 &&
        !query_gradients_[k].get(static_cast<size_t>(objective.total()) *
                                 objective.element_bytes()))
      return false;
  }
  bool whole = unit_.demands.vector;
  size_t row_count = this->row_count();
  shared_states_.clear();
  state_memory_.clear();
  row_states_ = std::vector<std::vector<char*>>(row_count);
  for (const RuleUnit::State& state : unit_.states) {
    if (!state.per_tensor) {
      shared_states_.emplace_back();
      if (!shared_states_.back().get(8)) return false;
      continue;
    }
    // End to end like x: of thousands of small tensors in places of their own memory gives a third
    // less.
    std::vector<size_t> places;
    size_t end = 0;
    for (size_t r = 0; r < row_count; ++r) {
      Bindings b;
      if (unit_.rank == 1)
        b["size"] = whole ? objective.total() : objective.pieces()[parameters_[r]].count;
      else
        for (size_t k = 0; k < unit_.rank; ++k)
          b["size" + std::to_string(k)] = objective.pieces()[parameters_[r]].shape[k];
      for (const RuleUnit::Size& size : unit_.sizes)
        b[size.symbol] = size_given(size);
      if (residuals_) b[irgen::kResiduals] = *residuals_;
      std::optional<size_t> bytes = byte_size(state.type.shape, state.type.dtype, b);
      if (!bytes) return false;
      places.push_back(end);
      end += (*bytes + 63) / 64 * 64;
    }
    state_memory_.emplace_back();
    char* memory = static_cast<char*>(state_memory_.back().get(end));
    if (!memory) return false;
    for (size_t r = 0; r < row_count; ++r)
      row_states_[r].push_back(memory + places[r]);
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
        initial.row_result(r, k, row_states_[r][per_row[r]++]);
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

void RuleInstance::set_before(double value) {
  set_shared(1, std::numeric_limits<double>::infinity(), value);
}

int32_t RuleInstance::initialize() { return calls_[0].call(); }

size_t RuleInstance::row_offset(size_t row) const {
  if (unit_.demands.vector) return 0;
  return static_cast<size_t>(objective_->pieces()[parameters_[row]].offset) *
         objective_->element_bytes();
}

int32_t RuleInstance::into(BoundCall& call, void* to) {
  for (size_t r = 0; r < row_count(); ++r)
    call.row_result(r, 0, static_cast<char*>(to) + row_offset(r));
  return call.prepare() ? call.call() : TW_OUT_OF_MEMORY;
}

bool RuleInstance::asks(size_t k) {
  if (asks_[k] == 0) return true;
  BoundCall& call = calls_[asks_[k]];
  return call.call() != TW_OK || call.scalar_result(0) != 0;
}

int32_t RuleInstance::query(size_t k, void* to, void* direction) {
  BoundCall& call = calls_[3 + k];
  for (size_t r = 0; direction && r < row_count(); ++r)
    call.row_result(r, 1, static_cast<char*>(direction) + row_offset(r));
  return into(call, to);
}

int32_t RuleInstance::answer(int64_t t, void* to) {
  set_shared(t, loss_, 0);
  return into(calls_[answer_at_], to);
}

void RuleInstance::answer_oracles(BoundCall::Answer answer) {
  answer_ = std::move(answer);
  for (BoundCall& call : calls_)
    call.oracle(answer_);
}

std::optional<BoundCall::LinearFailure> RuleInstance::linear_failure() const {
  for (const BoundCall& call : calls_)
    if (call.linear_failure()) return call.linear_failure();
  return std::nullopt;
}

int32_t RuleInstance::parts(size_t round) {
  return parts_[round] == 0 ? TW_OK : calls_[parts_[round]].call();
}

double RuleInstance::part(size_t round, size_t k, size_t row) const {
  return calls_[parts_[round]].row_scalar_result(row, k);
}

int32_t RuleInstance::check() { return check_ == 0 ? TW_OK : calls_[check_].call(); }

bool RuleInstance::taken() const {
  return !unit_.gated || calls_[1].scalar_result(unit_.step.results.size() - 1) != 0;
}

// The step changed nothing, so the holes are still to be had: a function of its own.
std::string RuleInstance::stop_text(Pipeline& pipeline, const RuleUnit::Stop& stop) {
  Function f = unit_.step;
  f.name = unit_.name + ".stop";
  f.results.clear();
  for (const Check& check : f.checks)
    if (check.status == stop.status) f.results.push_back({"condition", check.condition, true, -1});
  f.checks.clear();
  for (ValueId hole : stop.holes)
    f.results.push_back({"hole", hole, true, -1});
  std::vector<bool> varies = varies_by_tensor(pipeline.graph(), f);
  for (Result& result : f.results)
    result.per_tensor = varies[result.value.value];
  std::string text = stop.pieces[0];
  auto compiled = pipeline.compile({f});
  std::optional<BoundCall> call;
  if (compiled) {
    call.emplace((*compiled)[0]);
    call->oracle(answer_);
    bind_shared(*call);
    bind_rows(*call);
  }
  bool known = call && call->prepare() && call->call() == TW_OK;
  size_t row = 0; // the first tensor that it fired for
  bool of_tensor = known && f.results[0].per_tensor;
  while (of_tensor && row + 1 < row_count() && call->row_scalar_result(row, 0) == 0)
    ++row;
  for (size_t k = 0; k < stop.holes.size(); ++k) {
    std::string value = "?";
    if (known)
      value = runtime::number_text(f.results[k + 1].per_tensor ? call->row_scalar_result(row, k + 1)
                                                               : call->scalar_result(k + 1));
    text += value + stop.pieces[k + 1];
  }
  if (of_tensor && row_count() > 1)
    text += " (param '" + objective_->pieces()[parameters_[row]].name + "')";
  return text;
}

void RuleInstance::set_query_value(size_t k, double value) {
  store(query_values_[k].data(), objective_->precision(), value);
}

int32_t RuleInstance::step(int64_t t, double loss, double value) {
  set_shared(t, loss, value);
  return calls_[1].call();
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
