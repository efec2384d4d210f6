// Names in expressions and statements: scopes, calls and their arguments, primes.
#include "sema/resolver.h"

#include "ast/children.h"
#include "diag/suggest.h"
#include "support/overloaded.h"

#include <algorithm>

namespace thalweg::sema {

using namespace ast;

Diagnostic& Resolver::error(DiagKind kind, Span span, std::string text) {
  p_.broken.insert(current_);
  return c_.diags.report(kind, span, std::move(text));
}

// ── scopes ───────────────────────────────────────────────────────────────────────────────────────

SymbolId Resolver::lookup_local(Name name) const {
  for (size_t i = scopes_.size(); i-- > 0;)
    for (size_t k = scopes_[i].names.size(); k-- > 0;)
      if (scopes_[i].names[k].first == name) return scopes_[i].names[k].second;
  return {};
}

SymbolId Resolver::declare(const Ident& ident, SymbolKind kind) {
  // A hyperparameter may bear a builtin's name (`floor = 0`): it hides the builtin in its
  // declaration.
  bool builtin = find_builtin(ident.name.view()) || builtin_constant(ident.name.view());
  if (builtin && kind != SymbolKind::hyperparameter)
    error(DiagKind::builtin_redefined, ident.span,
          fmt::format("'{}' is a builtin and can't be declared again", ident.name.view()))
        .help("choose another name");
  for (const auto& [name, id] : scopes_.back().names)
    if (name == ident.name) {
      Diagnostic& d = error(DiagKind::duplicate_name, ident.span,
                            fmt::format("'{}' is declared twice", ident.name.view()));
      if (p_.symbols[id.value].span.valid())
        d.label(p_.symbols[id.value].span, "first declared here");
      break;
    }
  SymbolId id(static_cast<uint32_t>(p_.symbols.size()));
  p_.symbols.push_back({kind, ident.name, ident.span});
  scopes_.back().names.emplace_back(ident.name, id);
  p_.by_ident.emplace(&ident, id);
  return id;
}

SymbolId Resolver::declare_word(std::string_view word, SymbolKind kind) {
  SymbolId id(static_cast<uint32_t>(p_.symbols.size()));
  Name name = c_.context.names.intern(word);
  p_.symbols.push_back({kind, name, {}});
  // In a scope below the declaration's own names, so that a hyperparameter may be called f or t.
  scopes_.front().names.insert(scopes_.front().names.begin(), {name, id});
  return id;
}

SymbolId Resolver::symbol_for_item(const Decl* decl) {
  auto [it, fresh] =
      item_symbols_.emplace(decl, SymbolId(static_cast<uint32_t>(p_.symbols.size())));
  if (fresh) p_.symbols.push_back({SymbolKind::item, name_of(*decl).name, {}, decl});
  return it->second;
}

SymbolId Resolver::lookup(Name name) {
  if (SymbolId id = lookup_local(name); id.valid()) return id;
  if (const Decl* decl = p_.find(name.view())) return symbol_for_item(decl);
  const Builtin* builtin = find_builtin(name.view());
  std::optional<double> constant = builtin_constant(name.view());
  if (builtin || constant) {
    auto [it, fresh] =
        builtin_symbols_.emplace(name.str(), SymbolId(static_cast<uint32_t>(p_.symbols.size())));
    if (fresh) {
      Symbol symbol{builtin ? SymbolKind::builtin : SymbolKind::constant, name, {}};
      symbol.builtin = builtin;
      symbol.constant = constant.value_or(0);
      p_.symbols.push_back(symbol);
    }
    return it->second;
  }
  if (const Decl* decl = library_item(name.view())) return symbol_for_item(decl);
  return {};
}

void Resolver::bind(const Expr& e, SymbolId id) {
  if (p_.by_expr.size() <= e.id) p_.by_expr.resize(e.id + 1);
  p_.by_expr[e.id] = id;
  if (!id.valid()) return;
  Symbol& symbol = p_.symbols[id.value];
  ++symbol.uses;
  if (symbol.kind == SymbolKind::item && !symbol.item->as<ExperimentDecl>())
    calls_[current_].emplace_back(symbol.item, e.span);
}

Diagnostic* Resolver::unknown_name(Name name, Span span, bool called) {
  std::vector<std::string> known;
  for (const Scope& scope : scopes_)
    for (const auto& [n, id] : scope.names)
      known.push_back(n.str());
  for (const auto& [n, decl] : p_.items)
    known.push_back(n);
  for (const Builtin& builtin : builtins())
    known.emplace_back(builtin.name);
  for (const std::string& n : c_.library.names())
    known.push_back(n);
  auto near = suggest(name.view(), known);
  // What declares it may be the very line that could not be read.
  for (const std::string& line : unread_lines_)
    if (line.find(name.view()) != line.npos) {
      p_.broken.insert(current_);
      return nullptr;
    }
  Diagnostic& d = error(
      called ? DiagKind::unknown_item : DiagKind::unknown_name, span,
      called ? fmt::format("nothing named '{}' is declared here or in the library", name.view())
             : fmt::format("unknown name '{}'", name.view()));
  if (near) d.help(fmt::format("did you mean '{}'?", *near));
  return &d;
}

void Resolver::name(const Expr& e, Name name) {
  SymbolId id = lookup(name);
  bind(e, id);
  if (!id.valid() && !free_names_) unknown_name(name, e.span, false);
}

void Resolver::prime(const Expr& e, Name name) {
  SymbolId id = lookup_local(name);
  bind(e, id);
  auto has = [&](const std::vector<Name>& list) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  if (!has(next_allowed_))
    error(DiagKind::next_of_unknown, e.span,
          fmt::format("{}' is the next value of nothing: '{}' is no state of this rule",
                      name.view(), name.view()));
  else if (!has(next_defined_))
    error(DiagKind::next_before_definition, e.span,
          fmt::format("{}' is used before the line that defines it", name.view()))
        .help(fmt::format(
            "move the line \"{0}' = …\" above, or use '{0}', the value at the start of the step",
            name.view()));
}

// ── expressions ──────────────────────────────────────────────────────────────────────────────────

void Resolver::index_items(const std::vector<IndexItem>& items) {
  for (const IndexItem& item : items)
    for (const Expr* part : {item.value, item.low, item.high})
      if (part) expr(part);
}

// Names, and what names something inside itself; all else is looked at part by part.
void Resolver::expr(const Expr* e) {
  if (const auto* n = e->as<NameRef>()) return name(*e, n->name);
  if (const auto* n = e->as<PrimeRef>()) return prime(*e, n->name);
  if (const auto* n = e->as<Call>()) return call(*e, *n);
  const auto* indexed = e->as<Indexed>();
  if (!indexed) {
    for (const Expr* part : children(*e))
      expr(part);
    return;
  }
  scopes_.emplace_back();
  for (const IndexBinding& binding : indexed->bindings) {
    if (binding.range) expr(binding.range);
    declare(binding.name, SymbolKind::index);
  }
  expr(indexed->body);
  scopes_.pop_back();
}

void Resolver::call(const Expr& e, const Call& call) {
  const NameRef* ref = call.callee->as<NameRef>();
  if (!ref) {
    expr(call.callee);
  } else {
    SymbolId id = lookup(ref->name);
    bind(*call.callee, id);
    if (!id.valid()) {
      unknown_name(ref->name, call.callee->span, true);
    } else {
      const Symbol symbol = p_.symbol(id);
      if (symbol.kind == SymbolKind::builtin) {
        const Builtin& b = *symbol.builtin;
        int positional = 0;
        for (const Arg& arg : call.args) {
          if (arg.style == ArgStyle::positional)
            ++positional;
          else if (!b.takes(arg.name.name.view()))
            unknown_argument(arg.name, fmt::format("'{}'", b.name), b.named_arguments());
        }
        if (positional < b.least || positional > b.most)
          error(DiagKind::argument_count, e.span,
                fmt::format("'{}' takes {} argument{}, {} given", b.name,
                            b.least == b.most ? std::to_string(b.least)
                                              : fmt::format("{} to {}", b.least, b.most),
                            b.most == 1 ? "" : "s", positional));
      } else if (symbol.kind == SymbolKind::local_function) {
        check_arguments(e, call, symbol.function->params, "function");
      } else if (symbol.kind == SymbolKind::item) {
        std::visit(
            overloaded{
                [&](const ProblemDecl& d) { check_arguments(e, call, d.params, "problem"); },
                [&](const OptimizerDecl& d) { check_arguments(e, call, d.params, "optimizer"); },
                [&](const TransformDecl& d) { check_arguments(e, call, d.params, "transform"); },
                [&](const ScheduleDecl& d) { check_arguments(e, call, d.params, "schedule"); },
                [&](const FunctionDecl& d) { check_arguments(e, call, d.params, "function"); },
                [&](const SetDecl& d) { check_arguments(e, call, d.params, "set"); },
                [&](const FlowDecl& d) { check_arguments(e, call, d.params, "flow"); },
                [&](const ExperimentDecl&) {
                  error(DiagKind::not_callable, call.callee->span,
                        fmt::format("'{}' is an experiment and can't be called", ref->name.view()));
                },
                [](const UseDecl&) {},
            },
            symbol.item->node);
      } else if (symbol.kind == SymbolKind::constant || symbol.kind == SymbolKind::dimension ||
                 symbol.kind == SymbolKind::data || symbol.kind == SymbolKind::parameter ||
                 symbol.kind == SymbolKind::let || symbol.kind == SymbolKind::tensor ||
                 symbol.kind == SymbolKind::step) {
        error(DiagKind::not_callable, call.callee->span,
              fmt::format("'{}' is a value, not a function", ref->name.view()))
            .help(fmt::format("to multiply, write {}*(…); to index, write {}[…]", ref->name.view(),
                              ref->name.view()));
      }
    }
  }
  for (const Arg& arg : call.args)
    expr(arg.value);
}

void Resolver::unknown_argument(const Ident& name, const std::string& callee,
                                const std::vector<std::string>& known) {
  Diagnostic& d = error(DiagKind::unknown_argument, name.span,
                        fmt::format("{} has no argument '{}'", callee, name.name.view()));
  if (auto near = suggest(name.name.view(), known))
    d.help(fmt::format("did you mean '{}'?", *near));
  else
    d.note(known.empty() ? std::string("it has no named arguments")
                         : fmt::format("it has: {}", fmt::join(known, ", ")));
}

void Resolver::check_arguments(const Expr& e, const Call& call, const std::vector<Param>& params,
                               std::string_view what) {
  std::string callee = call.callee->as<NameRef>()->name.str();
  std::vector<bool> given(params.size(), false);
  size_t positional = 0;
  for (const Arg& arg : call.args) {
    if (arg.style == ArgStyle::positional) {
      if (positional >= params.size()) {
        error(DiagKind::argument_count, arg.span,
              fmt::format("{} '{}' takes {} argument{}, {} given", what, callee, params.size(),
                          params.size() == 1 ? "" : "s", call.args.size()));
        return;
      }
      given[positional++] = true;
      continue;
    }
    auto it = std::find_if(params.begin(), params.end(),
                           [&](const Param& p) { return p.name.name == arg.name.name; });
    if (it == params.end()) {
      std::vector<std::string> known;
      for (const Param& p : params)
        known.push_back(p.name.name.str());
      unknown_argument(arg.name, fmt::format("{} '{}'", what, callee), known);
      continue;
    }
    size_t k = static_cast<size_t>(it - params.begin());
    if (given[k])
      error(DiagKind::unknown_argument, arg.name.span,
            fmt::format("argument '{}' is given twice", arg.name.name.view()));
    given[k] = true;
  }
  for (size_t k = 0; k < params.size(); ++k)
    if (!given[k] && !params[k].value)
      error(DiagKind::missing_argument, e.span,
            fmt::format("{} '{}' needs a value for '{}'", what, callee, params[k].name.name.view()))
          .help(fmt::format("write {}({} = …)", callee, params[k].name.name.view()));
}

// ── statements ───────────────────────────────────────────────────────────────────────────────────

void Resolver::block(const Block& body) {
  for (const Stmt* s : body)
    statement(*s);
}

void Resolver::template_text(const Template& text) {
  for (const Expr* hole : text.holes)
    expr(hole);
}

void Resolver::statement(const Stmt& s) {
  auto inner = [&](const Block& body) {
    scopes_.emplace_back();
    block(body);
    scopes_.pop_back();
  };
  auto optional = [&](const Expr* e) {
    if (e) expr(e);
  };
  std::visit(
      overloaded{
          [&](const LetStmt& n) {
            expr(n.value);
            declare(n.name, SymbolKind::let);
          },
          [&](const VarStmt& n) {
            expr(n.value);
            declare(n.name, SymbolKind::variable);
          },
          [](const StateStmt&) {}, // declared by rule_body
          [&](const PrimeStmt& n) {
            expr(n.value);
            p_.by_ident.emplace(&n.name, lookup_local(n.name.name));
            auto has = [&](const std::vector<Name>& l) {
              return std::find(l.begin(), l.end(), n.name.name) != l.end();
            };
            if (!has(next_allowed_))
              error(DiagKind::next_of_unknown, n.name.span,
                    fmt::format("'{}' is no state of this rule, so it has no next value",
                                n.name.name.view()))
                  .help(fmt::format("declare 'state {} = 0'", n.name.name.view()));
            else if (has(next_defined_))
              error(DiagKind::duplicate_next, n.name.span,
                    fmt::format("{}' is defined twice", n.name.name.view()));
            next_defined_.push_back(n.name.name);
          },
          [&](const AssignStmt& n) {
            index_items(n.index);
            expr(n.value);
            SymbolId id = lookup_local(n.name.name);
            p_.by_ident.emplace(&n.name, id);
            if (!id.valid()) {
              if (Diagnostic* d = unknown_name(n.name.name, n.name.span, false))
                d->help(fmt::format("a new variable starts with 'var {} = …'", n.name.name.view()));
            } else if (p_.symbol(id).kind != SymbolKind::variable)
              error(DiagKind::not_assignable, n.name.span,
                    fmt::format("'{}' is not a var and keeps its value", n.name.name.view()))
                  .help("declare it with 'var', or give the next value a prime");
          },
          [&](const ForStmt& n) {
            expr(n.range);
            scopes_.emplace_back();
            declare(n.index, SymbolKind::index);
            block(n.body);
            scopes_.pop_back();
          },
          [&](const WhileStmt& n) {
            expr(n.condition);
            optional(n.max_rounds);
            inner(n.body);
          },
          [&](const RepeatStmt& n) {
            expr(n.count);
            inner(n.body);
          },
          [&](const IfStmt& n) {
            for (const IfStmtArm& arm : n.arms) {
              expr(arm.condition);
              inner(arm.body);
            }
            inner(n.otherwise);
          },
          [&](const ReturnStmt& n) { expr(n.value); },
          [&](const ReportStmt& n) {
            for (const ReportItem& item : n.items)
              expr(item.value);
          },
          [&](const RequireStmt& n) { expr(n.condition); },
          [&](const FailStmt& n) {
            template_text(n.text);
            optional(n.condition);
          },
          [&](const DoneStmt& n) {
            template_text(n.text);
            optional(n.condition);
          },
          [&](const AnswerStmt& n) { expr(n.value); },
          [&](const StepWhenStmt& n) { expr(n.condition); },
          [&](const FunctionStmt& n) {
            declare(n.function->name, SymbolKind::local_function);
            p_.symbols.back().function = n.function;
            function(*n.function);
          },
      },
      s.node);
}

} // namespace thalweg::sema
