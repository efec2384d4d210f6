// The interpreter at work on a rule, and its values as lines (see rule_trace.h).
#include "driver/rule_trace.h"

#include "diag/render.h"
#include "ir/varying.h"
#include "passes/diff/expand.h"
#include "passes/simplify/simplify.h"

#include <algorithm>
#include <limits>

namespace thalweg::driver {

using irgen::RuleUnit;

constexpr int64_t kShownElements = 6; // longer tensors are shortened

RuleTrace::RuleTrace(Front& front, Graph& graph, RuleUnit unit, std::vector<size_t> members,
                     uint64_t seed)
    : front_(front), graph_(graph), unit_(std::move(unit)), members_(std::move(members)),
      seed_(seed), named_(unit_.step), answers_(unit_.queries.size()) {
  take_derivatives();
  named_ = unit_.step;
  named_.results.clear();
  for (const RuleUnit::Named& name : unit_.names)
    named_.results.push_back({name.name, name.value, true, -1});
  std::vector<bool> varies = varies_by_tensor(graph_, named_);
  for (Result& result : named_.results)
    result.per_tensor = varies[result.value.value];
  finished_ = simplify::contract_fma(graph_, simplify::simplify(graph_, unit_.step));
}

// Of functions in the text of the rule.
void RuleTrace::take_derivatives() {
  diff::Expander expander(graph_);
  for (Function* f : {&unit_.initial, &unit_.step})
    *f = expander.function(*f);
  if (unit_.answer) *unit_.answer = expander.function(*unit_.answer);
  for (RuleUnit::Query& query : unit_.queries) {
    query.point = expander.function(query.point);
    if (query.asked) *query.asked = expander.function(*query.asked);
  }
  for (Function& round : unit_.fold_rounds)
    round = expander.function(round);
  for (RuleUnit::Named& name : unit_.names)
    name.value = expander.value(name.value);
  for (RuleUnit::Stop& stop : unit_.stops)
    for (ValueId& hole : stop.holes)
      hole = expander.value(hole);
  if (expander.error())
    front_.diags.report(DiagKind::no_derivative, expander.error()->span, expander.error()->text);
}

// Rows are params, or one vector of all of them end to end; flat where the rule sees them flat.
Tensor RuleTrace::gather(const std::vector<Tensor>& parts, size_t row) const {
  std::vector<double> numbers;
  std::vector<size_t> own = whole() ? members_ : std::vector<size_t>{members_[row]};
  for (size_t k : own)
    for (int64_t i = 0; i < parts[k].size(); ++i)
      numbers.push_back(parts[k].number(i));
  std::vector<int64_t> shape{static_cast<int64_t>(numbers.size())};
  if (!whole() && unit_.rank != 1) shape = parts[own[0]].shape();
  return Tensor::of(std::move(numbers), std::move(shape), parts[own[0]].dtype());
}

void RuleTrace::scatter(const Tensor& value, size_t row, std::vector<Tensor>& parts) const {
  int64_t at = 0;
  std::vector<size_t> own = whole() ? members_ : std::vector<size_t>{members_[row]};
  for (size_t k : own)
    for (int64_t i = 0; i < parts[k].size(); ++i)
      parts[k].set_number(i, value.number(at++));
}

static size_t query_number(const std::string& name) {
  return static_cast<size_t>(std::stoul(name.substr(5)));
}

std::vector<Tensor> RuleTrace::shared() const {
  std::vector<Tensor> inputs;
  size_t hyper = 0, state = 0;
  for (const Parameter& p : unit_.step.parameters) {
    if (p.per_tensor) continue;
    Tensor value = Tensor::scalar(0, p.type.dtype);
    if (p.name == "t")
      value.set_number(0, static_cast<double>(t_));
    else if (p.name == "loss")
      value.set_number(0, loss_);
    else if (p.name == "epoch")
      value.set_number(0, epoch_);
    else if (p.name == "batch")
      value.set_number(0, batch_);
    else if (p.name == "value" && here_)
      value = here_->value;
    else if (p.name == "seed")
      value = integer_tensor(static_cast<int64_t>(seed_));
    else if (p.name.starts_with("hyper "))
      value.set_number(0, unit_.hypers[hyper++].value);
    else if (p.name.starts_with("state ") && state < shared_states_.size())
      value = shared_states_[state++];
    else if (p.name.starts_with("fold ") && !folds_.empty())
      value = folds_[std::stoul(p.name.substr(5))];
    else if (p.name.starts_with("query"))
      if (const auto& answer = answers_[query_number(p.name)]) value = answer->value;
    inputs.push_back(std::move(value));
  }
  return inputs;
}

std::vector<TableRow> RuleTrace::rows(const TracePoint& point) const {
  std::vector<TableRow> rows(row_count());
  for (size_t r = 0; r < rows.size(); ++r) {
    Tensor x = gather(point.values, r);
    TableRow& row = rows[r];
    if (unit_.rank == 1)
      row.bindings["size"] = x.size();
    else
      for (size_t k = 0; k < unit_.rank; ++k)
        row.bindings[fmt::format("size{}", k)] = x.shape()[k];
    size_t state = 0;
    for (const Parameter& p : unit_.step.parameters) {
      if (!p.per_tensor) continue;
      Tensor value;
      if (p.name == "x")
        value = x;
      else if (p.name == "gradient" && here_)
        value = gather(here_->gradients, r);
      else if (p.name == "name") {
        const std::string& name = whole() ? unit_.name : point.names[members_[r]];
        value = integer_tensor(static_cast<int64_t>(tw_name_hash(name.data(), name.size())));
      } else if (p.name.starts_with("state ") && !row_states_.empty())
        value = row_states_[r][state++];
      else if (p.name.starts_with("query") && answers_[query_number(p.name)])
        value = gather(answers_[query_number(p.name)]->gradients, r);
      else { // not known yet, and not read
        Bindings sizes = row.bindings;
        for (const RuleUnit::Size& size : unit_.sizes)
          sizes[size.symbol] = capacity(size);
        sizes[irgen::kResiduals] = residuals_;
        std::optional<std::vector<int64_t>> shape = evaluate_shape(p.type.shape, sizes);
        value = Tensor(p.type.dtype, shape.value_or(std::vector<int64_t>{}));
      }
      row.inputs.push_back(std::move(value));
    }
  }
  return rows;
}

int64_t RuleTrace::capacity(const RuleUnit::Size& size) const {
  return std::max<int64_t>(1, static_cast<int64_t>(unit_.hypers[size.hyper].value));
}

TableEvaluated RuleTrace::interpret(const Function& f, const TracePoint& point) const {
  InterpreterOptions options;
  options.oracle = [&](const Node& node, std::span<const Tensor* const> operands,
                       std::vector<Tensor>& results) -> std::optional<Failure> {
    std::vector<Tensor> at = point.values;
    scatter(*operands[0], 0, at);
    const auto kind = static_cast<OracleKind>(node.attr.ints[0]);
    const Failure failure{TW_UNSUPPORTED, "the objective can't be evaluated", {}, {}, -1};
    if (kind != OracleKind::value && kind != OracleKind::gradient) {
      std::vector<Tensor> direction = point.values;
      if (kind == OracleKind::hvp) scatter(*operands[1], 0, direction);
      std::optional<Tensor> said;
      if (curvature_) said = curvature_(kind, at, direction);
      if (!said) return failure;
      results.push_back(std::move(*said));
      return std::nullopt;
    }
    std::optional<ObjectiveValue> said;
    if (ask_) said = ask_(at);
    if (!said) return failure;
    results.push_back(kind == OracleKind::gradient ? gather(said->gradients, 0) : said->value);
    return std::nullopt;
  };
  for (const RuleUnit::Size& size : unit_.sizes)
    options.bindings[size.symbol] = capacity(size);
  options.bindings[irgen::kResiduals] = residuals_;
  return Interpreter(graph_, options).evaluate_table(f, shared(), rows(point));
}

std::optional<TableEvaluated> RuleTrace::evaluate(const Function& f, const TracePoint& point) {
  TableEvaluated out = interpret(f, point);
  if (out.ok()) return out;
  for (const RuleUnit::Stop& stop : unit_.stops) {
    if (stop.status != out.failure->status) continue;
    std::string text = stop_text(stop, out.failure->row, point);
    if (stop.done)
      done_ = text;
    else
      front_.diags.report(DiagKind::run_failed, out.failure->span,
                          fmt::format("{} at step {}: {}", unit_.name, t_, text));
    return std::nullopt;
  }
  report_failure(front_, f, *out.failure, fmt::format("{} at step {}", unit_.name, t_));
  return std::nullopt;
}

std::string RuleTrace::stop_text(const RuleUnit::Stop& stop, int64_t row,
                                 const TracePoint& point) const {
  Function f = unit_.step;
  f.checks.clear();
  f.results.clear();
  for (ValueId hole : stop.holes)
    f.results.push_back({"hole", hole, true, -1});
  std::vector<bool> varies = varies_by_tensor(graph_, f);
  for (Result& result : f.results)
    result.per_tensor = varies[result.value.value];
  TableEvaluated out = interpret(f, point);
  std::string text = stop.pieces[0];
  size_t shared = 0, own = 0, at = row < 0 ? 0 : static_cast<size_t>(row);
  for (size_t k = 0; k < stop.holes.size(); ++k) {
    std::string value = "?";
    if (out.ok())
      value = element_text(f.results[k].per_tensor ? out.rows[at][own++] : out.shared[shared++], 0);
    text += value + stop.pieces[k + 1];
  }
  if (row >= 0 && row_count() > 1) text += fmt::format(" (param '{}')", point.names[members_[at]]);
  return text;
}

bool RuleTrace::starts_from_objective() const {
  std::vector<ValueId> start = roots_of(unit_.initial);
  for (const RuleUnit::Part& part : unit_.parts)
    if (part.initial) start.push_back(part.value);
  for (ValueId id : reachable(graph_, start))
    if (const Node& node = graph_.node(id); node.op == Op::arg) {
      const std::string& name = unit_.step.parameters[static_cast<size_t>(node.attr.ints[0])].name;
      if (name == "value" || name == "gradient") return true;
    }
  return false;
}

void RuleTrace::before(const std::optional<ObjectiveValue>& here) {
  t_ = 1;
  loss_ = std::numeric_limits<double>::infinity();
  here_ = here;
}

std::optional<std::vector<std::vector<Tensor>>> RuleTrace::parts(size_t round,
                                                                 const TracePoint& point) {
  std::optional<TableEvaluated> out = evaluate(
      simplify::contract_fma(graph_, simplify::simplify(graph_, unit_.fold_rounds[round])), point);
  if (!out) return std::nullopt;
  return std::move(out->rows);
}

bool RuleTrace::start(const TracePoint& point) {
  std::optional<TableEvaluated> out =
      evaluate(simplify::contract_fma(graph_, simplify::simplify(graph_, unit_.initial)), point);
  if (!out) return false;
  shared_states_ = std::move(out->shared);
  row_states_ = std::move(out->rows);
  return true;
}

bool RuleTrace::asks(size_t k, const TracePoint& point) const {
  const RuleUnit::Query& query = unit_.queries[k];
  if (!query.asked) return true;
  TableEvaluated out = interpret(*query.asked, point);
  return !out.ok() || out.shared[0].number(0) != 0;
}

bool RuleTrace::query(size_t k, const TracePoint& point, TracePoint& at, TracePoint& direction) {
  std::optional<TableEvaluated> out = evaluate(
      simplify::contract_fma(graph_, simplify::simplify(graph_, unit_.queries[k].point)), point);
  if (!out) return false;
  for (size_t r = 0; r < row_count(); ++r)
    scatter(out->rows[r][0], r, at.values);
  for (size_t r = 0; unit_.queries[k].order == 2 && r < row_count(); ++r)
    scatter(out->rows[r][1], r, direction.values);
  return true;
}

void RuleTrace::answer(size_t k, const ObjectiveValue& value) {
  if (k < answers_.size()) answers_[k] = value;
}

void RuleTrace::begin(int64_t t, double loss_before, const ObjectiveValue& here) {
  t_ = t;
  loss_ = loss_before;
  here_ = here;
  std::fill(answers_.begin(), answers_.end(), std::nullopt);
}

namespace {

// Lines "name shape = value" with the names and shapes in columns.
class Lines {
public:
  explicit Lines(std::string indent) : indent_(std::move(indent)) {}
  void add(const std::string& name, const Tensor& value) {
    lines_.push_back({name, shape_label(value.shape()), tensor_text(value, kShownElements)});
    name_width_ = std::max(name_width_, display_width(name));
    shape_width_ = std::max(shape_width_, display_width(lines_.back().shape));
  }
  std::string str() const {
    std::string out;
    for (const Line& line : lines_)
      out += indent_ + line.name + std::string(name_width_ - display_width(line.name), ' ') +
             (shape_width_ > 0 ? " " : "") + line.shape +
             std::string(shape_width_ - display_width(line.shape), ' ') + " = " + line.value + "\n";
    return out;
  }

private:
  struct Line {
    std::string name, shape, value;
  };
  std::string indent_;
  std::vector<Line> lines_;
  size_t name_width_ = 0, shape_width_ = 0;
};

} // namespace

// Shared values first, then row by row: the point, the gradient, states, then names in text order.
std::string RuleTrace::text(const TracePoint& point, const TableEvaluated& named,
                            const TableEvaluated& next) const {
  // A prime is shown with the bits that the run goes on with.
  auto result_of = [&](const std::string& name) -> std::optional<size_t> {
    for (size_t k = 0; k < finished_.results.size(); ++k)
      if (finished_.results[k].updates >= 0 &&
          (k == 0 ? finished_.results[k].name + "'" : finished_.results[k].name) == name)
        return k;
    return std::nullopt;
  };
  auto position = [](const Function& f, size_t k) { // among the results of its kind
    size_t at = 0;
    for (size_t i = 0; i < k; ++i)
      at += f.results[i].per_tensor == f.results[k].per_tensor;
    return at;
  };
  std::string out;
  Lines shared("  ");
  size_t state = 0;
  for (const RuleUnit::State& s : unit_.states)
    if (!s.per_tensor) shared.add(s.name, shared_states_[state++]);
  for (size_t k = 0; k < finished_.results.size(); ++k)
    if (!finished_.results[k].per_tensor)
      shared.add(finished_.results[k].name, next.shared[position(finished_, k)]);
  for (size_t k = 0; k < unit_.names.size(); ++k)
    if (!named_.results[k].per_tensor && !result_of(unit_.names[k].name))
      shared.add(unit_.names[k].name, named.shared[position(named_, k)]);
  out += shared.str();
  const std::string& variable = finished_.results[0].name;
  for (size_t r = 0; r < row_count(); ++r) {
    std::string title;
    std::vector<size_t> own = whole() ? members_ : std::vector<size_t>{members_[r]};
    for (size_t k : own)
      title += fmt::format("{}{}{}", title.empty() ? "" : ", ", point.names[k],
                           shape_label(point.values[k].shape()));
    out += fmt::format("  param{} {}\n", own.size() > 1 ? "s" : "", title);
    Lines lines("    ");
    lines.add(variable, gather(point.values, r));
    if (unit_.demands.gradient_at_x)
      lines.add(fmt::format("∇f({})", variable), gather(here_->gradients, r));
    for (size_t k = 0; k < unit_.queries.size(); ++k)
      if (unit_.queries[k].order > 0 && answers_[k])
        lines.add(fmt::format("{}(point {})", unit_.queries[k].order == 1 ? "∇f" : "∇²f·v", k + 1),
                  gather(answers_[k]->gradients, r));
    state = 0;
    for (const RuleUnit::State& s : unit_.states)
      if (s.per_tensor) lines.add(s.name, row_states_[r][state++]);
    for (size_t k = 0; k < unit_.names.size(); ++k) {
      if (std::optional<size_t> prime = result_of(unit_.names[k].name)) {
        if (finished_.results[*prime].per_tensor)
          lines.add(unit_.names[k].name, next.rows[r][position(finished_, *prime)]);
      } else if (named_.results[k].per_tensor) {
        lines.add(unit_.names[k].name, named.rows[r][position(named_, k)]);
      }
    }
    out += lines.str();
  }
  return out;
}

bool RuleTrace::step(const TracePoint& point, std::string& out) {
  next_.reset();
  done_.reset();
  // The values of the text first; what ends the step is told by the function that takes it.
  Function named = named_;
  named.checks.clear();
  std::optional<TableEvaluated> values = evaluate(named, point);
  if (!values) return false;
  next_ = evaluate(finished_, point);
  if (!next_) return done_.has_value();
  out += text(point, *values, *next_);
  return true;
}

bool RuleTrace::taken() const {
  return !unit_.gated || (next_ && next_->shared.back().number(0) != 0);
}

void RuleTrace::move(TracePoint& point) {
  if (!next_) return;
  size_t shared_at = 0, row_at = 1; // the first result is the new x
  size_t shared_state = 0, row_state = 0;
  for (const RuleUnit::State& state : unit_.states) {
    if (!state.per_tensor) {
      shared_states_[shared_state++] = next_->shared[shared_at++];
      continue;
    }
    for (size_t r = 0; r < row_count(); ++r)
      row_states_[r][row_state] = next_->rows[r][row_at];
    ++row_state;
    ++row_at;
  }
  for (size_t r = 0; r < row_count(); ++r)
    scatter(next_->rows[r][0], r, point.values);
}

} // namespace thalweg::driver
