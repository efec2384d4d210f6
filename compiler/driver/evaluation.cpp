// Values for all that a problem names (see evaluation.h).
#include "driver/evaluation.h"

#include "diag/suggest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/ranges.h>

namespace thalweg::driver {

using irgen::ProblemUnit;

Tensor integer_tensor(int64_t value) {
  Tensor tensor(DType::i64, {});
  tensor.data<int64_t>()[0] = value;
  return tensor;
}

Tensor tensor_from(const void* memory, DType dtype, std::vector<int64_t> shape) {
  Tensor tensor(dtype, std::move(shape));
  if (tensor.size() > 0)
    std::memcpy(tensor.raw(), memory, static_cast<size_t>(tensor.size() * dtype_size(dtype)));
  return tensor;
}

void report_failure(Front& front, const Function& function, const Failure& failure,
                    const std::string& what) {
  for (const Check& check : function.checks)
    if (check.status == failure.status && check.condition == failure.value) {
      front.diags.report(DiagKind::run_failed, check.span,
                         fmt::format("{}: '{}' does not hold", what, check.message));
      return;
    }
  front.diags.report(DiagKind::run_failed, failure.span, fmt::format("{}: {}", what, failure.text));
}

std::vector<Tensor> numeric_hypers(const ProblemUnit& problem, const HyperValues& values) {
  std::vector<Tensor> numbers;
  for (const ProblemUnit::Hyper& hyper : problem.hypers) {
    if (hyper.is_size) continue;
    auto it = std::find_if(values.begin(), values.end(),
                           [&](const auto& v) { return v.first == hyper.name; });
    TW_CHECK(it != values.end(), "hyperparameter {} has no value", hyper.name);
    numbers.push_back(Tensor::scalar(it->second));
  }
  return numbers;
}

std::optional<Tensor> initial_parameter(Front& front, const Graph& graph,
                                        const ProblemUnit& problem, size_t k,
                                        const std::vector<Tensor>& numbers, const Bindings& sizes,
                                        uint64_t seed) {
  Function one = problem.initial;
  one.results = {problem.initial.results[k]};
  const std::string& name = problem.parameters[k].name;
  InterpreterOptions options;
  options.bindings = sizes;
  std::vector<Tensor> inputs = numbers;
  inputs.push_back(integer_tensor(static_cast<int64_t>(seed)));
  Evaluated out = Interpreter(graph, options).evaluate(one, inputs);
  if (out.ok()) return std::move(out.results[0]);
  report_failure(front, one, *out.failure, fmt::format("the initial value of '{}'", name));
  return std::nullopt;
}

namespace {

class Assembler {
public:
  Assembler(Front& front, const Graph& graph, const ProblemUnit& problem, const Given& given)
      : front_(front), graph_(graph), p_(problem), given_(given) {}

  std::optional<Evaluation> run() {
    if (!names_are_known() || !data_is_given()) return std::nullopt;
    for_given([&](const Declared& d, const std::vector<int64_t>& shape) {
      for (size_t k = 0; k < std::min(shape.size(), d.type->shape.size()); ++k)
        if (std::optional<std::string> name = d.type->shape[k].as_symbol())
          if (!is_set(*name)) sizes_.emplace(*name, shape[k]);
      return true;
    });
    if (!classes() || !size_hypers()) return std::nullopt;
    bool fine = true;
    for_given([&](const Declared& d, const std::vector<int64_t>& shape) {
      fine = agrees(d, shape) && fine;
      return true;
    });
    if (!fine) return std::nullopt;
    Evaluation out;
    out.inputs = numeric_hypers(p_, given_.hypers);
    std::vector<Tensor> numbers = out.inputs;
    for (size_t k = 0; k < p_.parameters.size(); ++k) {
      const ProblemUnit::Parameter& parameter = p_.parameters[k];
      std::optional<Tensor> value;
      if (const GivenValue* given = find(parameter.name))
        value = Tensor::of(given->numbers, given->shape, parameter.type.dtype);
      else if (!shape_known(parameter))
        return std::nullopt;
      else
        value = initial_parameter(front_, graph_, p_, k, numbers, sizes_, given_.seed);
      if (!value) return std::nullopt;
      out.inputs.push_back(std::move(*value));
    }
    for (size_t k = 0; k < p_.data.size(); ++k) {
      std::optional<Tensor> value = data(k);
      if (!value) return std::nullopt;
      out.inputs.push_back(std::move(*value));
    }
    out.sizes = std::move(sizes_);
    return out;
  }

private:
  struct Declared {
    const std::string* name;
    const Type* type;
    Span span;
    std::string_view word;
  };

  const GivenValue* find(const std::string& name) const {
    for (const GivenValue& value : given_.values)
      if (value.name == name) return &value;
    return nullptr;
  }
  bool is_set(const std::string& name) const {
    return std::find(given_.set.begin(), given_.set.end(), name) != given_.set.end();
  }

  bool names_are_known() {
    std::vector<std::string> known;
    for (const auto& parameter : p_.parameters)
      known.push_back(parameter.name);
    for (const auto& data : p_.data)
      known.push_back(data.name);
    bool fine = true;
    for (const GivenValue& value : given_.values) {
      if (std::find(known.begin(), known.end(), value.name) != known.end()) continue;
      fine = false;
      Diagnostic& d =
          front_.diags.report(DiagKind::bad_setting, {},
                              fmt::format("problem '{}' has no param or data '{}'",
                                          p_.objective.name, escape_for_display(value.name)));
      if (auto near = suggest(value.name, known))
        d.help(fmt::format("did you mean '{}'?", *near));
      else
        d.note(fmt::format("it has: {}", fmt::join(known, ", ")));
    }
    return fine;
  }

  bool data_is_given() {
    std::vector<std::string> missing;
    for (const auto& data : p_.data)
      if (!given_.data && !find(data.name)) missing.push_back(data.name);
    if (missing.empty()) return true;
    front_.diags
        .report(DiagKind::bad_setting, {},
                fmt::format("the data '{}' of problem '{}' is not given",
                            fmt::join(missing, "', '"), p_.objective.name))
        .help(fmt::format("add --at \"{}=[…]\", or an experiment that minimizes the problem on a "
                          "file",
                          missing[0]));
    return false;
  }

  // Everything with a value of its own: its declaration and the shape found.
  template <class F> void for_given(const F& f) {
    for (const auto& parameter : p_.parameters)
      if (const GivenValue* value = find(parameter.name))
        f(Declared{&parameter.name, &parameter.type, parameter.span, "param"}, value->shape);
    for (size_t k = 0; k < p_.data.size(); ++k) {
      Declared d{&p_.data[k].name, &p_.data[k].type, p_.data[k].span, "data"};
      if (const GivenValue* value = find(p_.data[k].name))
        f(d, value->shape);
      else
        f(d, given_.data->training[k]->shape());
    }
  }

  // Labels are whole numbers below the number of classes, which they give if nothing else does.
  bool classes() {
    for (const auto& data : p_.data) {
      const GivenValue* value = find(data.name);
      if (!value && !data.is_class) continue;
      if (!value) { // of a file: load_data has looked at the labels
        for (const auto& [name, size] : given_.data->sizes)
          sizes_.emplace(name, size);
        continue;
      }
      if (data.type.dtype != DType::i64) continue;
      double top = -1;
      for (double v : value->numbers) {
        if (!(v >= (data.is_class ? 0 : -9e15)) || v > 9e15 || v != std::floor(v)) {
          front_.diags
              .report(DiagKind::bad_setting, value->span,
                      fmt::format("'{}' holds {}, not {}", data.name, v,
                                  data.is_class ? "a class" : "a whole number"))
              .label(data.span, "declared here");
          return false;
        }
        top = std::max(top, v);
      }
      if (!data.is_class) continue;
      // A hyperparameter has a value of its own: a class that happens to be missing changes
      // nothing.
      std::optional<std::string> name = data.classes.as_symbol();
      bool hyper = std::any_of(p_.hypers.begin(), p_.hypers.end(),
                               [&](const auto& h) { return h.name == name; });
      if (name && !hyper) sizes_.emplace(*name, static_cast<int64_t>(top) + 1);
      least_classes_.emplace_back(&data, static_cast<int64_t>(top) + 1);
    }
    return true;
  }

  bool size_hypers() {
    HyperValues values = given_.hypers;
    for (auto& [name, value] : values)
      if (auto it = sizes_.find(name); it != sizes_.end()) value = static_cast<double>(it->second);
    if (!bind_size_hypers(front_, p_, values, sizes_)) return false;
    for (const auto& [data, least] : least_classes_) {
      std::optional<int64_t> classes = evaluate_dim(data->classes, sizes_);
      if (classes && *classes >= least) continue;
      front_.diags
          .report(DiagKind::shape_mismatch, find(data->name)->span,
                  fmt::format("'{}' holds class {}; there are {}", data->name, least - 1,
                              classes.value_or(0)))
          .label(data->span, "declared here");
      return false;
    }
    return true;
  }

  bool agrees(const Declared& d, const std::vector<int64_t>& shape) {
    std::optional<std::vector<int64_t>> wanted = evaluate_shape(d.type->shape, sizes_);
    if (wanted && *wanted == shape) return true;
    const GivenValue* value = find(*d.name);
    std::vector<std::string> names;
    for (const Dim& dim : d.type->shape)
      dim.collect_symbols(names);
    std::string where;
    for (const std::string& name : names)
      if (auto it = sizes_.find(name); it != sizes_.end())
        where += fmt::format("{}{} = {}", where.empty() ? " with " : ", ", name, it->second);
    front_.diags
        .report(DiagKind::shape_mismatch, value ? value->span : d.span,
                fmt::format("{} '{}' is {}{}; the value given is {}", d.word, *d.name,
                            d.type->shape.empty() ? "a number" : shape_str(d.type->shape), where,
                            shape.empty() ? "a number" : shape_label(shape)))
        .label(d.span, "declared here");
    return false;
  }

  bool shape_known(const ProblemUnit::Parameter& parameter) {
    if (evaluate_shape(parameter.type.shape, sizes_)) return true;
    front_.diags
        .report(DiagKind::bad_size, parameter.span,
                fmt::format("the size of param '{}' is not known: {}", parameter.name,
                            shape_str(parameter.type.shape)))
        .help(fmt::format("give its value: --at \"{}=…\"", parameter.name));
    return false;
  }

  std::optional<Tensor> data(size_t k) {
    const ProblemUnit::Data& d = p_.data[k];
    if (const GivenValue* value = find(d.name))
      return Tensor::of(value->numbers, value->shape, d.type.dtype);
    const runtime::Tensor& tensor = *given_.data->training[k];
    return tensor_from(tensor.data(), d.type.dtype, tensor.shape());
  }

  Front& front_;
  const Graph& graph_;
  const ProblemUnit& p_;
  const Given& given_;
  Bindings sizes_;
  std::vector<std::pair<const ProblemUnit::Data*, int64_t>> least_classes_;
};

} // namespace

std::optional<Evaluation> assemble(Front& front, const Graph& graph, const ProblemUnit& problem,
                                   const Given& given) {
  return Assembler(front, graph, problem, given).run();
}

} // namespace thalweg::driver
