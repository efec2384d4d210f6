// `thalweg trace`: every value of a rule, step by step, from the interpreter.
#include "driver/commands.h"
#include "driver/demands.h"
#include "driver/derivatives.h"
#include "driver/objective.h"
#include "driver/problem_choice.h"
#include "driver/rule_trace.h"
#include "driver/settings.h"
#include "irgen/variants.h"

#include "diag/suggest.h"
#include "passes/simplify/simplify.h"

#include <cmath>
#include <cstdio>
#include <fmt/ranges.h>
#include <limits>

namespace thalweg::driver {

namespace rt = thalweg::runtime;
using irgen::ProblemUnit;
using irgen::RuleUnit;

namespace {

class TraceCommand {
public:
  TraceCommand(Front& front, const TraceOptions& options) : front_(front), options_(options) {}

  bool run() {
    bool any = !options_.experiment.empty();
    for (const ast::Decl* decl : front_.program.own)
      any = any || decl->as<ast::ExperimentDecl>();
    return any ? experiment() : example();
  }

private:
  bool experiment() {
    const ast::Decl* decl = front_.pick<ast::ExperimentDecl>(options_.experiment, "experiment");
    if (!decl) return false;
    irgen::Unit unit = front_.unit(graph_, DType::f64);
    auto experiment = irgen::elaborate_experiment(unit, *decl);
    auto settings = read_settings(front_, unit, options_.common.sets);
    if (!experiment || !settings || !apply_settings(front_, *settings, *experiment)) return false;
    auto precision = chosen_precision(front_, options_.common.precision, experiment->precision);
    if (!precision) return false;
    unit.precision = *precision;
    auto problem = irgen::elaborate_problem(unit, *experiment->problem);
    if (!problem) return false;
    experiment_ = std::move(*experiment);
    problem_ = std::move(*problem);
    auto data = load_data(front_, experiment_, problem_, unit.precision);
    if (!data || !derive() || !bind_batches(*data)) return false;
    data_ = std::move(*data);
    TracePoint start;
    std::vector<Tensor> numbers = numeric_hypers(problem_, experiment_.problem_hypers);
    for (size_t k = 0; k < problem_.parameters.size(); ++k) {
      auto value =
          initial_parameter(front_, graph_, problem_, k, numbers, data_.sizes, experiment_.seed);
      if (!value) return false;
      start.names.push_back(problem_.parameters[k].name);
      start.values.push_back(std::move(*value));
    }
    bool found = false, fine = true;
    std::vector<std::string> names;
    for (const irgen::Racer& racer : experiment_.racers) {
      names.push_back(racer.name);
      if (!options_.racer.empty() && racer.name != options_.racer) continue;
      found = true;
      std::string title = fmt::format("experiment {}, {}", experiment_.name, racer.name);
      fine = trace(unit, racer.chain, title, start) && fine;
    }
    return found ? fine : unknown_racer(names);
  }

  bool unknown_racer(const std::vector<std::string>& names) {
    Diagnostic& d = front_.diags.report(DiagKind::no_such_item, {},
                                        fmt::format("no optimizer of the experiment is named '{}'",
                                                    escape_for_display(options_.racer)));
    if (auto near = suggest(options_.racer, names))
      d.help(fmt::format("did you mean '{}'?", *near));
    else
      d.note(fmt::format("there are: {}", fmt::join(names, ", ")));
    return false;
  }

  // A file with rules alone: on f(x) = ½‖x‖² from a fixed point.
  bool example() {
    const ast::Decl* decl = front_.pick<ast::OptimizerDecl>(options_.racer, "optimizer");
    if (!decl) return false;
    irgen::Unit unit = front_.unit(graph_, DType::f64);
    auto settings = read_settings(front_, unit, options_.common.sets);
    auto precision = chosen_precision(front_, options_.common.precision, "f64");
    auto call = irgen::default_call(unit, *decl);
    if (!settings || !precision || !call) return false;
    unit.precision = *precision;
    irgen::Racer racer{ast::name_of(*decl).name.str(), {{}, std::move(*call)}, {}};
    experiment_.racers.push_back(std::move(racer));
    if (!apply_settings(front_, *settings, experiment_)) return false;
    const auto& optimizer = *decl->as<ast::OptimizerDecl>();
    const auto* body = std::get_if<ast::RuleBody>(&optimizer.body);
    bool matrix = body && body->scope == ast::RuleScope::matrix;
    TracePoint start{{"x"},
                     {matrix ? Tensor::of({1, -2, 3, 0.5, 4, -1}, {2, 3}, *precision)
                             : Tensor::of({1, -2, 3}, {3}, *precision)}};
    std::string name = experiment_.racers[0].name;
    return trace(unit, experiment_.racers[0].chain, fmt::format("{} on f(x) = ½‖x‖²", name), start);
  }

  // ── the objective ──
  bool derive() {
    std::optional<Function> derived =
        driver::derive(front_, graph_, loss_of(graph_, problem_), Derivative::gradient);
    if (!derived) return false;
    gradient_ = simplify::contract_fma(graph_, simplify::simplify(graph_, *derived));
    return true;
  }

  bool bind_batches(const ProblemData& data) {
    if (data.batched.empty()) return true;
    rt::Order order = experiment_.order == "sequential"    ? rt::Order::sequential
                      : experiment_.order == "replacement" ? rt::Order::replacement
                                                           : rt::Order::shuffled;
    auto plan = rt::BatchPlan::make(data.training_rows, experiment_.batch, order, experiment_.seed);
    if (!plan) return fail(plan.error());
    std::vector<std::shared_ptr<rt::Tensor>> tensors;
    for (size_t k : data.batched)
      tensors.push_back(data.training[k]);
    auto source = rt::BatchSource::make(std::move(tensors), std::move(*plan));
    if (!source) return fail(source.error());
    batches_.emplace(std::move(*source));
    return true;
  }
  bool fail(const rt::DataError& error) {
    Diagnostic& d = front_.diags.report(DiagKind::bad_data, {}, error.message());
    if (!error.help.empty()) d.help(error.help);
    return false;
  }

  // A function of the objective's parameters, and of what is given besides, on that batch, from 1;
  // on all rows for 0.
  std::optional<std::vector<Tensor>> evaluated(const Function& f, const std::vector<Tensor>& point,
                                               const std::vector<Tensor>& besides, int64_t t) {
    std::vector<Tensor> inputs = numeric_hypers(problem_, experiment_.problem_hypers);
    inputs.insert(inputs.end(), point.begin(), point.end());
    DataView view = batches_ && t > 0 ? data_.view(batches_->bind(t - 1)) : data_.view(false);
    InterpreterOptions options;
    options.bindings = data_.sizes;
    if (!data_.batch_dimension.empty()) options.bindings[data_.batch_dimension] = view.rows;
    for (size_t k = 0; k < problem_.data.size(); ++k) {
      const Type& type = problem_.data[k].type;
      auto shape = evaluate_shape(type.shape, options.bindings);
      TW_CHECK(shape, "data of unknown size");
      inputs.push_back(tensor_from(view.buffers[k], type.dtype, std::move(*shape)));
    }
    inputs.insert(inputs.end(), besides.begin(), besides.end());
    Evaluated out = Interpreter(graph_, options).evaluate(f, inputs);
    if (out.ok()) return std::move(out.results);
    report_failure(front_, f, *out.failure, fmt::format("the objective at step {}", t));
    return std::nullopt;
  }
  std::optional<ObjectiveValue> objective(const std::vector<Tensor>& point, int64_t t) {
    if (!problem_.decl) return quadratic(point);
    auto results = evaluated(gradient_, point, {}, t);
    if (!results) return std::nullopt;
    ObjectiveValue value{(*results)[0], {}};
    value.gradients.assign(results->begin() + 1, results->end());
    return value;
  }
  // The Hessian of all parameters end to end, or its product with a direction.
  std::optional<Tensor> curvature(OracleKind kind, const std::vector<Tensor>& point,
                                  const std::vector<Tensor>& direction, int64_t t) {
    if (kind == OracleKind::residuals || kind == OracleKind::jacobian)
      return squares(kind, point, t);
    const bool product = kind == OracleKind::hvp;
    std::vector<int64_t> offsets{0};
    for (const Tensor& part : point)
      offsets.push_back(offsets.back() + part.size());
    const int64_t all = offsets.back();
    std::vector<double> numbers(static_cast<size_t>(product ? all : all * all));
    std::vector<int64_t> shape{all};
    if (!product) shape.push_back(all);
    std::vector<Tensor> parts;
    if (problem_.decl) {
      std::optional<Function>& f = product ? product_ : hessian_;
      if (!f) f = second(product);
      if (!f) return std::nullopt;
      auto results = evaluated(*f, point, product ? direction : std::vector<Tensor>{}, t);
      if (!results) return std::nullopt;
      parts = std::move(*results);
    } else { // of ½‖x‖²
      if (product) parts = direction;
      for (int64_t i = 0; !product && i < all; ++i)
        numbers[static_cast<size_t>(i * all + i)] = 1;
    }
    for (size_t k = 0; k < parts.size(); ++k) {
      const size_t row = product ? k : k / point.size(), column = product ? 0 : k % point.size();
      const int64_t width = product ? 1 : point[column].size();
      for (int64_t i = 0; i < parts[k].size(); ++i) {
        int64_t at = product ? offsets[row] + i
                             : (offsets[row] + i / width) * all + offsets[column] + i % width;
        numbers[static_cast<size_t>(at)] = parts[k].number(i);
      }
    }
    return Tensor::of(std::move(numbers), std::move(shape), point[0].dtype());
  }
  // Residuals of a sum of squares, or their Jacobian by all parameters end to end.
  std::optional<Tensor> squares(OracleKind kind, const std::vector<Tensor>& point, int64_t t) {
    int64_t all = 0;
    for (const Tensor& part : point)
      all += part.size();
    const bool jacobian = kind == OracleKind::jacobian;
    if (!problem_.decl) { // of ½‖x‖²
      Tensor r(point[0].dtype(), jacobian ? std::vector<int64_t>{all, all} : std::vector{all});
      for (int64_t i = 0; i < all; ++i)
        r.set_number(jacobian ? i * all + i : i,
                     std::sqrt(0.5) * (jacobian ? 1 : point[0].number(i)));
      return r;
    }
    std::optional<Function> f = residual_function(graph_, problem_);
    if (f && jacobian) f = residual_jacobian(front_, graph_, problem_, *f);
    if (!f) return std::nullopt;
    auto parts =
        evaluated(simplify::contract_fma(graph_, simplify::simplify(graph_, *f)), point, {}, t);
    if (!parts) return std::nullopt;
    if (!jacobian) return (*parts)[0];
    const int64_t rows = (*parts)[0].shape()[0];
    Tensor matrix(point[0].dtype(), {rows, all});
    int64_t offset = 0;
    for (size_t k = 0; k < point.size(); offset += point[k++].size())
      for (int64_t i = 0; i < (*parts)[k].size(); ++i)
        matrix.set_number(i / point[k].size() * all + offset + i % point[k].size(),
                          (*parts)[k].number(i));
    return matrix;
  }
  std::optional<Function> second(bool product) {
    std::optional<Function> f = driver::derive(front_, graph_, loss_of(graph_, problem_),
                                               product ? Derivative::product : Derivative::hessian);
    if (f) f = simplify::contract_fma(graph_, simplify::simplify(graph_, *f));
    return f;
  }
  static ObjectiveValue quadratic(const std::vector<Tensor>& point) {
    ObjectiveValue value{Tensor::scalar(0, point[0].dtype()), point};
    double sum = 0;
    for (int64_t i = 0; i < point[0].size(); ++i)
      sum += point[0].number(i) * point[0].number(i);
    value.value.set_number(0, sum / 2);
    return value;
  }

  // ── the steps ──
  // The forms of one optimizer, and what they reduce together.
  struct Rules {
    std::vector<RuleTrace> variants;
    irgen::SharedFolds folds;
    std::vector<Tensor> values; // of the folds
    size_t next = 0;            // round of the step
  };

  std::optional<Rules> variants(const irgen::Unit& unit, const irgen::Chain& chain,
                                const TracePoint& start) {
    std::vector<irgen::Subject> subjects = irgen::subjects_of(problem_);
    if (!problem_.decl)
      for (size_t k = 0; k < start.values.size(); ++k) {
        Shape shape;
        for (int64_t size : start.values[k].shape())
          shape.push_back(Dim(size));
        subjects.push_back({start.names[k], "", std::move(shape), {}});
      }
    auto plan = irgen::elaborate_variants(unit, chain, subjects);
    if (!plan) return std::nullopt;
    Rules rules{{}, std::move(plan->folds), {}};
    for (irgen::RuleVariant& variant : plan->rules)
      rules.variants.emplace_back(front_, graph_, std::move(variant.rule),
                                  std::move(variant.parameters), experiment_.seed);
    for (const irgen::SharedFolds::Fold& fold : rules.folds.folds())
      rules.values.push_back(Tensor::scalar(0, fold.type.dtype));
    return rules;
  }

  // Folds the rounds that `ready` lets run, in the order of the params.
  bool fold(Rules& rules, const TracePoint& point,
            const std::function<bool(const irgen::SharedFolds::Round&)>& ready) {
    const std::vector<irgen::SharedFolds::Round>& rounds = rules.folds.rounds();
    for (; rules.next < rounds.size() && ready(rounds[rules.next]); ++rules.next) {
      std::map<size_t, std::map<size_t, double>> numbers; // by place, then by param
      for (RuleTrace& rule : rules.variants) {
        auto parts = rule.parts(rules.next, point);
        if (!parts) return false;
        size_t k = 0; // among the results of the round
        const std::vector<size_t>& places = rounds[rules.next].places;
        for (const RuleUnit::Part& part : rule.unit().parts) {
          if (std::find(places.begin(), places.end(), part.place) == places.end()) continue;
          for (size_t row = 0; row < parts->size(); ++row)
            numbers[part.place][rule.members()[row]] = (*parts)[row][k].number(0);
          ++k;
        }
      }
      for (const auto& [place, by_param] : numbers) {
        const irgen::SharedFolds::Fold& fold = rules.folds.folds()[place];
        double total = across_identity(fold.op);
        for (const auto& [param, number] : by_param)
          total = join_across(fold.op, total, number);
        rules.values[place] = Tensor::scalar(total, fold.type.dtype);
      }
      for (RuleTrace& rule : rules.variants)
        rule.set_folds(rules.values);
    }
    return true;
  }

  bool trace(const irgen::Unit& unit, const irgen::Chain& chain, const std::string& title,
             const TracePoint& start) {
    auto rules = variants(unit, chain, start);
    if (!rules) return false;
    TracePoint point = start;
    print(fmt::format("{}, {}\n", title, unit.precision == DType::f32 ? "f32" : "f64"));
    bool asks = false;
    for (RuleTrace& rule : rules->variants)
      asks = asks || rule.starts_from_objective();
    for (RuleTrace& rule : rules->variants) {
      const irgen::Demands& demands = rule.unit().demands;
      if (!demands.residuals && !demands.jacobians) continue;
      if (problem_.decl && !residuals_offered(front_, graph_, problem_, rule.unit())) return false;
      auto residuals = squares(OracleKind::residuals, point.values, 0);
      if (!residuals) return false;
      rule.set_residuals(residuals->size());
    }
    std::optional<ObjectiveValue> before;
    if (asks && !(before = objective(point.values, 0))) return false;
    for (RuleTrace& rule : rules->variants)
      rule.before(before);
    auto initial = [](const irgen::SharedFolds::Round& round) { return round.initial; };
    if (!fold(*rules, point, initial)) return false;
    const size_t first = rules->next;
    for (RuleTrace& rule : rules->variants)
      if (!rule.start(point)) return false;
    double loss_before = std::numeric_limits<double>::infinity();
    for (int64_t t = 1, batch = 1; t <= options_.steps; ++batch) {
      auto here = objective(point.values, batch);
      if (!here) return false;
      Tensor loss = here->value;
      if (problem_.maximize) loss.set_number(0, -loss.number(0));
      std::string text = fmt::format("\nstep {}: f = {}{}\n", t, element_text(loss, 0), rows());
      std::optional<std::string> done;
      for (RuleTrace& rule : rules->variants) {
        rule.begin(t, loss_before, *here);
        rule.answer_oracles(
            [this, batch](const std::vector<Tensor>& at) { return objective(at, batch); },
            [this, batch](OracleKind kind, const std::vector<Tensor>& at,
                          const std::vector<Tensor>& direction) {
              return curvature(kind, at, direction, batch);
            });
        int64_t of_epoch = batches_ ? batches_->plan().batches_per_epoch() : 1;
        rule.set_batch(static_cast<double>(batch - 1) / static_cast<double>(of_epoch),
                       batches_ ? batches_->batch().rows : 1);
      }
      rules->next = first;
      if (!queries(*rules, point, batch)) return false;
      if (!fold(*rules, point, [](const auto&) { return true; })) return false;
      for (RuleTrace& rule : rules->variants) {
        if (!rule.step(point, text)) return false;
        if (!done) done = rule.done();
      }
      for (RuleTrace& rule : rules->variants)
        if (!done) rule.move(point);
      const bool taken = rules->variants.front().taken();
      print(text);
      if (done) {
        print(fmt::format("  done: {}\n", *done));
        break;
      }
      if (!taken) {
        print("  no step\n");
        continue;
      }
      ++t;
      loss_before = loss.number(0);
    }
    print("\n");
    return true;
  }

  // Points other than x: all parameters of all rules first, then the objective once.
  bool queries(Rules& rules, const TracePoint& point, int64_t batch) {
    size_t count = 0;
    for (const RuleTrace& rule : rules.variants)
      count = std::max(count, rule.unit().queries.size());
    for (size_t k = 0; k < count; ++k) {
      auto ready = [k](const irgen::SharedFolds::Round& round) { return round.queries <= k; };
      if (!fold(rules, point, ready)) return false;
      for (bool product : {false, true}) {
        std::vector<RuleTrace*> asking;
        for (RuleTrace& rule : rules.variants)
          if (rule.order_of(k) >= 0 && (rule.order_of(k) == 2) == product && rule.asks(k, point))
            asking.push_back(&rule);
        if (asking.empty()) continue;
        TracePoint at = point, direction = point;
        for (Tensor& part : direction.values)
          part = Tensor(part.dtype(), part.shape());
        for (RuleTrace* rule : asking)
          if (!rule->query(k, point, at, direction)) return false;
        auto there =
            product ? of_product(at.values, direction.values, batch) : objective(at.values, batch);
        if (!there) return false;
        for (RuleTrace* rule : asking)
          rule->answer(k, *there);
      }
    }
    return true;
  }
  // The product of the Hessian and a direction, in the place of a gradient.
  std::optional<ObjectiveValue> of_product(const std::vector<Tensor>& point,
                                           const std::vector<Tensor>& direction, int64_t batch) {
    std::optional<Tensor> all = curvature(OracleKind::hvp, point, direction, batch);
    if (!all) return std::nullopt;
    ObjectiveValue value{Tensor::scalar(0, point[0].dtype()), point};
    int64_t at = 0;
    for (Tensor& part : value.gradients)
      for (int64_t i = 0; i < part.size(); ++i)
        part.set_number(i, all->number(at++));
    return value;
  }
  std::string rows() const {
    if (!batches_) return "";
    return fmt::format(", {} of {} rows", batches_->batch().rows, data_.training_rows);
  }
  static void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

  Front& front_;
  const TraceOptions& options_;
  Graph graph_;
  irgen::ExperimentUnit experiment_;
  ProblemUnit problem_;
  ProblemData data_;
  Function gradient_;
  std::optional<Function> hessian_, product_;
  std::optional<rt::BatchSource> batches_;
};

} // namespace

int trace_command(const TraceOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file) && !front.diags.has_errors())
    TraceCommand(front, options).run();
  return front.report();
}

} // namespace thalweg::driver
