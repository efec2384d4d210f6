// Names of a record line or stop condition, resolved for one racer (see records.h).
#include "irgen/records.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;
using Source = RecordInput::Source;

namespace {

class RecordBuilder {
public:
  RecordBuilder(const Unit& unit, const ProblemUnit& problem,
                const std::vector<const RuleUnit*>& rules, std::string racer,
                const std::vector<std::string>& racers, bool has_validation)
      : u_(unit), problem_(problem), rules_(rules), racer_(std::move(racer)), racers_(racers),
        has_validation_(has_validation), e_(unit) {
    e_.free_name = [this](const Expr& e) { return free_name(e); };
    out_.function.name = racer_ + ".records";
  }

  std::optional<RecordUnit> run(const std::vector<RecordItem>& items, const Expr* until,
                                std::vector<UnknownName>& unknown) {
    size_t errors = u_.diags.error_count();
    for (size_t k = 0; k < items.size(); ++k) {
      Value v = evaluate(*items[k].value, k, unknown);
      out_.present.push_back(v.is_tensor());
      if (!v.is_tensor()) continue;
      if (!scalar(v, *items[k].value, "a recorded value")) continue;
      ValueId id = e_.builder().cast(v.id, DType::f64);
      out_.function.results.push_back({items[k].name, id, false, -1});
    }
    if (until) {
      Value v = evaluate(*until, items.size(), unknown);
      if (v.is_tensor() && scalar(v, *until, "'until'")) {
        if (e_.builder().type(v.id).dtype != DType::boolean) {
          u_.diags
              .report(DiagKind::wrong_kind, until->span,
                      fmt::format("'until' needs a truth value; '{}' is a number",
                                  e_.source_text(*until)))
              .help("compare it: until norm(grad) < 1e-8");
        } else {
          out_.function.results.push_back({"until", v.id, false, -1});
          out_.has_until = true;
        }
      }
    }
    if (u_.diags.error_count() > errors) return std::nullopt;
    return std::move(out_);
  }

private:
  Value evaluate(const Expr& e, size_t item, std::vector<UnknownName>& unknown) {
    missing_.reset();
    size_t errors = u_.diags.error_count();
    Value v = e_.tensor(e);
    if (!v.is_tensor() && missing_ && u_.diags.error_count() == errors)
      unknown.push_back({item, missing_->first, missing_->second, known()});
    return v;
  }
  bool scalar(const Value& v, const Expr& e, std::string_view what) {
    if (e_.builder().type(v.id).is_scalar()) return true;
    u_.diags
        .report(DiagKind::not_scalar, e.span,
                fmt::format("{} is one number; '{}' is {}", what, e_.source_text(e),
                            e_.type_text(v.id)))
        .help("reduce it: norm(…), mean(…), count(…)");
    return false;
  }

  std::vector<std::string> known() const {
    std::vector<std::string> names{"loss", "step", "time", "epoch", "grad", "update"};
    for (const auto& p : problem_.parameters)
      names.push_back(p.name);
    names.insert(names.end(), problem_.metrics.begin(), problem_.metrics.end());
    for (const std::string& n : hyper_names())
      names.push_back(n);
    for (const std::string& n : reports())
      names.push_back(n);
    return names;
  }
  std::vector<std::string> hyper_names() const {
    std::vector<std::string> names;
    auto add = [&](const std::string& name) {
      if (!has(names, name)) names.push_back(name);
    };
    for (const RuleUnit* rule : rules_) {
      for (const std::string& name : rule->recorded)
        add(name);
      for (const RuleUnit::Hyper& hyper : rule->hypers)
        add(hyper.name);
    }
    return names;
  }
  std::vector<std::string> reports() const {
    std::vector<std::string> names;
    for (const RuleUnit* rule : rules_)
      for (const std::string& name : rule->reports)
        if (!has(names, name)) names.push_back(name);
    return names;
  }

  Value input(Source source, std::string name, Type type) {
    for (size_t k = 0; k < out_.inputs.size(); ++k)
      if (out_.inputs[k].source == source && out_.inputs[k].name == name)
        return Value::tensor(e_.builder().arg(static_cast<int64_t>(k), type));
    out_.function.parameters.push_back(
        {fmt::format("{}{}", source == Source::hyper ? "hyper " : "", name), type, false});
    out_.inputs.push_back({source, std::move(name)});
    return Value::tensor(e_.builder().arg(static_cast<int64_t>(out_.inputs.size()) - 1, type));
  }

  static std::string dotted(const Expr& e) {
    if (const auto* ref = e.as<NameRef>()) return ref->name.str();
    if (const auto* field = e.as<Field>()) {
      std::string base = dotted(*field->base);
      return base.empty() ? "" : base + "." + field->field.name.str();
    }
    return "";
  }
  static bool has(const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  }

  // A value, poison for a name that is known and not to be had, nothing for what is no name of a
  // run.
  std::optional<Value> free_name(const Expr& e) {
    std::string name = dotted(e);
    if (name.empty()) return std::nullopt;
    Type number = Type::scalar(DType::f64);
    size_t dot = name.find('.');
    std::string head = name.substr(0, dot), tail = dot == name.npos ? "" : name.substr(dot + 1);
    if (!tail.empty() && has(racers_, head)) {
      if (head != racer_) return absent(e.span, name);
      name = tail;
    } else if (head == "train" || head == "validation") {
      if (tail.empty()) return Value{};
      if (head == "validation" && !has_validation_) {
        u_.diags
            .report(DiagKind::bad_experiment, e.span,
                    fmt::format("'{}' needs data that is held out", name))
            .help("add a line 'holdout 0.2'");
        return Value{};
      }
      if (tail == "loss") return input(Source::part_loss, name, number);
      if (has(problem_.metrics, tail)) return input(Source::part_metric, name, number);
      return absent(e.span, name);
    } else if (has(racers_, head) && tail.empty()) {
      return Value{};
    }
    if (name == "loss") return input(Source::loss, name, number);
    if (name == "step") return input(Source::step, name, number);
    if (name == "time") return input(Source::time, name, number);
    if (name == "epoch") return input(Source::epoch, name, number);
    Type flat = Type::tensor(u_.precision, {Dim::symbol("parameters")});
    if (name == "grad") return input(Source::gradient, name, flat);
    if (name == "update") return input(Source::update, name, flat);
    for (const auto& p : problem_.parameters)
      if (p.name == name) return input(Source::parameter, name, p.type);
    if (has(problem_.metrics, name)) return input(Source::metric, name, number);
    if (has(hyper_names(), name)) return input(Source::hyper, name, number);
    if (has(reports(), name)) return input(Source::report, name, number);
    if (u_.program.symbol_of(e).valid()) return std::nullopt; // a builtin or a declaration
    return absent(e.span, name);
  }
  Value absent(Span span, std::string name) {
    if (!missing_) missing_ = {span, std::move(name)};
    return {};
  }

  Unit u_;
  const ProblemUnit& problem_;
  const std::vector<const RuleUnit*>& rules_;
  std::string racer_;
  const std::vector<std::string>& racers_;
  bool has_validation_;
  Elaborator e_;
  RecordUnit out_;
  std::optional<std::pair<Span, std::string>> missing_;
};

} // namespace

std::optional<RecordUnit> elaborate_records(
    const Unit& unit, const ProblemUnit& problem, const std::vector<const RuleUnit*>& rules,
    const std::string& racer, const std::vector<std::string>& racers, bool has_validation,
    const std::vector<RecordItem>& items, const Expr* until, std::vector<UnknownName>& unknown) {
  return RecordBuilder(unit, problem, rules, racer, racers, has_validation)
      .run(items, until, unknown);
}

} // namespace thalweg::irgen
