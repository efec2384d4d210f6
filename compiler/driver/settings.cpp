// Numbers of the command line put where the program had its own (see settings.h).
#include "driver/settings.h"

#include "diag/suggest.h"
#include "parse/parse.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::driver {

std::optional<std::vector<Setting>> read_settings(Front& front, const irgen::Unit& unit,
                                                  const std::vector<std::string>& texts) {
  std::vector<Setting> settings;
  for (const std::string& text : texts) {
    size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) {
      front.diags.report(DiagKind::bad_setting, {},
                         fmt::format("'--set {}' is not NAME=VALUE", escape_for_display(text)));
      return std::nullopt;
    }
    Setting setting{text.substr(0, equals), 0, false, std::nullopt};
    std::string value = text.substr(equals + 1);
    if (value == "true" || value == "false") {
      setting.boolean = true;
      setting.value = value == "true";
    } else {
      FileId file = front.sources.add("--set " + setting.name, value);
      const ast::Expr* expr = parse_expression(front.sources, file, front.context, front.diags);
      if (const auto* text = expr ? expr->as<ast::StringLit>() : nullptr) {
        setting.text = text->value;
        settings.push_back(std::move(setting));
        continue;
      }
      std::optional<double> number = expr ? irgen::constant_number(unit, *expr) : std::nullopt;
      if (!number) {
        if (expr && !front.diags.has_errors())
          front.diags.report(DiagKind::bad_setting, {},
                             fmt::format("'{}' is no number", escape_for_display(value)));
        return std::nullopt;
      }
      setting.value = *number;
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

static bool unknown(Front& front, const std::string& name, const std::vector<std::string>& known) {
  Diagnostic& d = front.diags.report(
      DiagKind::bad_setting, {}, fmt::format("there is no '{}' to set", escape_for_display(name)));
  if (auto near = suggest(name, known))
    d.help(fmt::format("did you mean '{}'?", *near));
  else
    d.note(fmt::format("these can be set: {}", fmt::join(known, ", ")));
  return false;
}

static bool whole(Front& front, const Setting& s, int64_t least, std::optional<int64_t>& to) {
  if (!(s.value >= static_cast<double>(least)) || s.value != std::floor(s.value) ||
      s.value > 9e15) {
    front.diags.report(
        DiagKind::bad_setting, {},
        fmt::format("'{}' is a whole number from {}, not {}", s.name, least, s.value));
    return false;
  }
  to = static_cast<int64_t>(s.value);
  return true;
}

bool apply_settings(Front& front, const std::vector<Setting>& settings,
                    std::vector<std::pair<std::string, double>>& values) {
  std::vector<std::string> known;
  for (const auto& [name, value] : values)
    known.push_back(name);
  for (const Setting& s : settings) {
    auto it = std::find_if(values.begin(), values.end(),
                           [&](const auto& v) { return v.first == s.name; });
    if (it == values.end()) return unknown(front, s.name, known);
    it->second = s.value;
  }
  return true;
}

static bool mismatch(Front& front, const Setting& s, std::string_view what) {
  front.diags.report(DiagKind::bad_setting, {},
                     fmt::format("'{}' is {}", escape_for_display(s.name), what));
  return false;
}

static const std::vector<ast::Param>& params_of(const ast::Decl& decl) {
  const auto* optimizer = decl.as<ast::OptimizerDecl>();
  return optimizer ? optimizer->params : decl.as<ast::TransformDecl>()->params;
}

// What can be set of a rule call: RULE.lr, and RULE.lr.peak where the value is a schedule.
static void add_names(const irgen::RuleCall& call, const std::string& rule,
                      std::vector<std::string>& known) {
  if (!call.decl) return;
  const std::vector<ast::Param>& params = params_of(*call.decl);
  for (size_t k = 0; k < params.size(); ++k) {
    const irgen::Argument& argument = call.arguments[k];
    std::string name = rule + "." + params[k].name.name.str();
    if (argument.kind == irgen::Argument::Kind::rule) {
      for (const irgen::RuleCall& transform : argument.rule->transforms)
        add_names(transform, name + "." + ast::name_of(*transform.decl).name.str(), known);
      add_names(argument.rule->rule, name, known);
    }
    if (argument.kind == irgen::Argument::Kind::schedule)
      for (const ast::Param& param : argument.schedule->params)
        known.push_back(name + "." + param.name.name.str());
    if (argument.kind != irgen::Argument::Kind::rule) known.push_back(std::move(name));
  }
}

static irgen::Argument* find_argument(irgen::Chain& chain, std::string_view path);

// "lr", "lr.peak" or "inner.lr" of a rule call: the argument it names.
static irgen::Argument* find_argument(irgen::RuleCall& call, std::string_view path) {
  if (!call.decl) return nullptr;
  const std::vector<ast::Param>* params = &params_of(*call.decl);
  std::vector<irgen::Argument>* arguments = &call.arguments;
  while (true) {
    size_t dot = path.find('.');
    std::string_view head = path.substr(0, dot);
    size_t k = 0;
    while (k < params->size() && (*params)[k].name.name != head)
      ++k;
    if (k == params->size()) return nullptr;
    irgen::Argument& argument = (*arguments)[k];
    if (dot == path.npos) return &argument;
    path = path.substr(dot + 1);
    if (argument.kind == irgen::Argument::Kind::rule) return find_argument(*argument.rule, path);
    if (argument.kind != irgen::Argument::Kind::schedule) return nullptr;
    params = &argument.schedule->params;
    arguments = &argument.arguments;
  }
}

// In an inner chain a transform goes by its name.
static irgen::Argument* find_argument(irgen::Chain& chain, std::string_view path) {
  size_t dot = path.find('.');
  for (irgen::RuleCall& transform : chain.transforms)
    if (dot != path.npos && ast::name_of(*transform.decl).name == path.substr(0, dot))
      return find_argument(transform, path.substr(dot + 1));
  return find_argument(chain.rule, path);
}

bool apply_settings(Front& front, const std::vector<Setting>& settings, irgen::ExperimentUnit& x) {
  for (const Setting& s : settings) {
    std::vector<std::string> known{"steps", "epochs", "batch", "seed", "holdout", "every"};
    for (const auto& [name, value] : x.problem_hypers)
      known.push_back(name);
    bool of_run = std::find(known.begin(), known.begin() + 6, s.name) != known.begin() + 6;
    if ((s.boolean || s.text) && of_run) return mismatch(front, s, "a number");
    std::optional<int64_t> number;
    if (s.name == "steps" || s.name == "epochs") {
      if (!whole(front, s, 0, s.name == "steps" ? x.steps : x.epochs)) return false;
      continue;
    }
    if (s.name == "batch") {
      if (!whole(front, s, 1, x.batch)) return false;
      continue;
    }
    if (s.name == "seed" || s.name == "every") {
      if (!whole(front, s, s.name == "seed" ? 0 : 1, number)) return false;
      if (s.name == "seed")
        x.seed = static_cast<uint64_t>(*number);
      else
        x.every = *number;
      continue;
    }
    if (s.name == "holdout") {
      if (!(s.value >= 0 && s.value < 1)) {
        front.diags.report(
            DiagKind::bad_setting, {},
            fmt::format("'holdout' is a fraction from 0 to below 1, not {}", s.value));
        return false;
      }
      x.holdout = s.value;
      continue;
    }
    auto hyper = std::find_if(x.problem_hypers.begin(), x.problem_hypers.end(),
                              [&](const auto& v) { return v.first == s.name; });
    if (hyper != x.problem_hypers.end()) {
      const ast::Param& param = x.problem->as<ast::ProblemDecl>()
                                    ->params[static_cast<size_t>(hyper - x.problem_hypers.begin())];
      bool flag = param.value && param.value->as<ast::BoolLit>();
      if (s.text || s.boolean != flag)
        return mismatch(front, s, flag ? "true or false" : "a number");
      hyper->second = s.value;
      continue;
    }
    size_t dot = s.name.find('.');
    irgen::Argument* argument = nullptr;
    for (irgen::Racer& racer : x.racers) {
      add_names(racer.chain.rule, racer.name, known);
      for (const irgen::RuleCall& transform : racer.chain.transforms)
        add_names(transform, ast::name_of(*transform.decl).name.str(), known);
      if (dot == s.name.npos) continue;
      // RULE is the racer's name, or the rule's as declared; transforms go by their own, behind
      // the racer's or alone.
      std::string head = s.name.substr(0, dot), tail = s.name.substr(dot + 1);
      if (racer.name == head || ast::name_of(*racer.chain.rule.decl).name == std::string_view(head))
        argument = find_argument(racer.chain, tail);
      for (irgen::RuleCall& transform : racer.chain.transforms)
        if (ast::name_of(*transform.decl).name == std::string_view(head))
          argument = find_argument(transform, tail);
      if (!argument) continue;
      if (argument->kind == irgen::Argument::Kind::rule)
        return mismatch(front, s, "an optimizer; only numbers can be set");
      using Kind = irgen::Argument::Kind;
      const Kind given = s.text ? Kind::text : s.boolean ? Kind::boolean : Kind::number;
      const Kind was = argument->kind == Kind::schedule ? Kind::number : argument->kind;
      if (given != was)
        return mismatch(front, s,
                        was == Kind::text      ? "a text, in quotes"
                        : was == Kind::boolean ? "true or false"
                                               : "a number");
      *argument = {given, s.value, nullptr, nullptr, {}, argument->span, s.text.value_or("")};
      break;
    }
    if (!argument) return unknown(front, s.name, known);
  }
  return true;
}

} // namespace thalweg::driver
