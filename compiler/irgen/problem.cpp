// Problems: shapes from data and hyperparameters, lets, objective, metrics, initial values.
#include "irgen/problem.h"

#include "thalweg/random.h"

#include "ast/children.h"
#include "support/overloaded.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

size_t ProblemUnit::first_parameter() const {
  return static_cast<size_t>(
      std::count_if(hypers.begin(), hypers.end(), [](const Hyper& h) { return !h.is_size; }));
}

namespace {

// The names that make up a size.
void names_in(const Expr& size, std::vector<Name>& out) {
  for (const Expr* e : within(size))
    if (const auto* ref = e->as<NameRef>()) out.push_back(ref->name);
}
// The names in the ends of index ranges.
void names_in_ranges(const Expr* e, std::vector<Name>& out) {
  if (!e) return;
  for (const Expr* at : within(*e))
    if (const auto* indexed = at->as<Indexed>())
      for (const IndexBinding& binding : indexed->bindings)
        if (binding.range) names_in(*binding.range, out);
}

class ProblemBuilder {
public:
  ProblemBuilder(const Unit& unit, const ProblemDecl& decl) : u_(unit), d_(decl), e_(unit) {
    p_.decl = &decl;
  }

  std::optional<ProblemUnit> run() {
    size_t errors = u_.diags.error_count();
    hypers();
    shapes();
    if (u_.diags.error_count() > errors) return std::nullopt;
    bind_all();
    for (const ProblemItem& item : d_.items)
      this->item(item);
    // Without an error of its own too: what it calls may be broken.
    if (u_.diags.error_count() > errors || p_.objective.results.size() != 1 + p_.metrics.size())
      return std::nullopt;
    p_.objective.name = d_.name.name.str();
    p_.names = e_.let_names;
    p_.notes = std::move(e_.notes);
    p_.noted = std::move(e_.noted);
    std::rotate(p_.objective.results.begin(), loss_at(), loss_at() + 1);
    for (const PendingCheck& check : e_.checks)
      p_.objective.checks.push_back(
          {check.within.valid()
               ? e_.builder().make(Op::logical_and, {check.within, check.condition})
               : check.condition,
           1, check.pieces[0], check.span});
    initial();
    if (u_.diags.error_count() > errors || p_.initial.results.size() != p_.parameters.size())
      return std::nullopt;
    unused_parameters();
    return std::move(p_);
  }

private:
  // Not the one of that name: a metric may be called loss too.
  std::vector<Result>::iterator loss_at() { return p_.objective.results.begin() + loss_place_; }

  void hypers() {
    std::vector<Name> sizes;
    auto shape_names = [&](const std::optional<TypeSpec>& type) {
      if (!type) return;
      for (const Expr* dim : type->dims)
        names_in(*dim, sizes);
      for (const Expr* arg : type->args)
        names_in(*arg, sizes);
    };
    for (const ProblemItem& item : d_.items)
      std::visit(
          overloaded{[](const auto&) {}, [&](const DataItem& data) { shape_names(data.type); },
                     [&](const ParamItem& param) {
                       shape_names(param.type);
                       names_in_ranges(param.init, sizes);
                     },
                     [&](const LetItem& let) { names_in_ranges(let.value, sizes); },
                     [&](const ObjectiveItem& f) { names_in_ranges(f.value, sizes); },
                     [&](const MetricItem& metric) { names_in_ranges(metric.value, sizes); }},
          item.node);
    for (const Param& param : d_.params)
      p_.hypers.push_back({param.name.name.str(),
                           std::find(sizes.begin(), sizes.end(), param.name.name) != sizes.end(),
                           param.value, param.span});
    // Sizes first: shapes are made of them.
    for (const Param& param : d_.params)
      if (std::find(sizes.begin(), sizes.end(), param.name.name) != sizes.end())
        bind_size(u_.program.symbol_of(param.name), param.name.name.str());
    for (const sema::Symbol& symbol : u_.program.symbols)
      if (symbol.kind == sema::SymbolKind::dimension && inside(symbol.span))
        bind_size(sema::SymbolId(static_cast<uint32_t>(&symbol - u_.program.symbols.data())),
                  symbol.name.str());
  }
  bool inside(Span span) const {
    Span whole = d_.name.span;
    for (const ProblemItem& item : d_.items)
      whole = join(whole, item.span);
    return span.file == whole.file && span.begin >= whole.begin && span.end <= whole.end;
  }
  void bind_size(sema::SymbolId id, const std::string& name) {
    e_.bind(id, Value::tensor(e_.builder().dim(Dim::symbol(name))));
  }

  // A size that turns out to be 0 is fine, one that is written so is a slip.
  void refuse_empty(const Shape& shape, const std::vector<const Expr*>& dims,
                    const std::string& name) {
    for (size_t k = 0; k < shape.size(); ++k)
      if (shape[k].is_constant(0))
        u_.diags.report(DiagKind::bad_size, dims[k]->span,
                        fmt::format("a size of 0 leaves '{}' without elements", name));
  }

  // Types of data and params; a param without a shape takes that of its initial value.
  void shapes() {
    std::vector<std::string> known;
    for (const ProblemItem& item : d_.items) {
      if (const auto* data = std::get_if<DataItem>(&item.node)) {
        ProblemUnit::Data out{
            data->name.name.str(), Type::scalar(u_.precision), false, {}, data->name.span};
        if (data->type) {
          if (data->type->kind && data->type->kind.name != std::string_view("class") &&
              data->type->kind.name != std::string_view("int"))
            u_.diags.report(
                DiagKind::wrong_kind, data->type->kind.span,
                fmt::format("data is numbers, 'class(k)' or 'int'; '{}' is none of these",
                            data->type->kind.name.view()));
          if (std::optional<Shape> shape = e_.shape(data->type->dims)) out.type.shape = *shape;
          refuse_empty(out.type.shape, data->type->dims, out.name);
          if (data->type->kind) {
            out.type.dtype = DType::i64;
            out.is_class = data->type->kind.name == std::string_view("class");
            if (std::optional<Shape> classes = e_.shape(data->type->args);
                classes && classes->size() == 1)
              out.classes = (*classes)[0];
          }
        }
        for (const Dim& dim : out.type.shape)
          dim.collect_symbols(known);
        out.classes.collect_symbols(known);
        p_.data.push_back(out);
      } else if (const auto* param = std::get_if<ParamItem>(&item.node)) {
        ProblemUnit::Parameter out{param->name.name.str(),
                                   param->role ? param->role.name.str() : "",
                                   Type::scalar(u_.precision), param->name.span};
        if (param->type) {
          if (std::optional<Shape> shape = e_.shape(param->type->dims)) out.type.shape = *shape;
          refuse_empty(out.type.shape, param->type->dims, out.name);
        } else if (param->init) {
          initial_value(*param, std::nullopt, out.type.shape);
        }
        p_.parameters.push_back(out);
      }
    }
    for (const ProblemUnit::Hyper& h : p_.hypers)
      if (h.is_size) known.push_back(h.name);
    for (const ProblemUnit::Parameter& parameter : p_.parameters)
      for (const Dim& dim : parameter.type.shape) {
        std::vector<std::string> used;
        dim.collect_symbols(used);
        for (const std::string& name : used)
          if (std::find(known.begin(), known.end(), name) == known.end())
            u_.diags
                .report(DiagKind::unknown_dimension, parameter.span,
                        fmt::format("the size '{}' of param '{}' comes from nowhere", name,
                                    parameter.name))
                .help(fmt::format("use it in the shape of some data, or make it a hyperparameter: "
                                  "problem {}({} = …)",
                                  d_.name.name.view(), name));
      }
  }

  void bind_all() {
    auto add = [&](const Ident& ident, Type type) {
      int64_t k = static_cast<int64_t>(p_.objective.parameters.size());
      p_.objective.parameters.push_back({ident.name.str(), type, false});
      e_.bind(u_.program.symbol_of(ident), Value::tensor(e_.builder().arg(k, type)));
    };
    for (const Param& param : d_.params) {
      auto hyper = std::find_if(p_.hypers.begin(), p_.hypers.end(),
                                [&](const auto& h) { return h.name == param.name.name.view(); });
      if (!hyper->is_size) add(param.name, Type::scalar(DType::f64));
    }
    size_t next_parameter = 0, next_data = 0;
    for (const ProblemItem& item : d_.items)
      if (const auto* param = std::get_if<ParamItem>(&item.node))
        add(param->name, p_.parameters[next_parameter++].type);
    for (const ProblemItem& item : d_.items)
      if (const auto* data = std::get_if<DataItem>(&item.node))
        add(data->name, p_.data[next_data++].type);
  }

  void item(const ProblemItem& item) {
    std::visit(overloaded{
                   [](const DataItem&) {},
                   [](const ParamItem&) {},
                   [](const FunctionItem&) {},
                   [&](const LetItem& n) {
                     Value v = e_.expr(*n.value);
                     e_.bind(u_.program.symbol_of(n.name), v);
                     if (v.is_tensor()) e_.let_names.emplace(v.id.value, n.name.name.str());
                   },
                   [&](const ObjectiveItem& n) {
                     p_.maximize = n.maximize;
                     loss_place_ = static_cast<int64_t>(p_.objective.results.size());
                     result("loss", *n.value, true, n.maximize);
                   },
                   [&](const MetricItem& n) {
                     p_.metrics.push_back(n.name.name.str());
                     result(n.name.name.str(), *n.value, false, false);
                   },
                   [&](const RequireItem& n) { e_.require(*n.condition); },
                   [&](const SubjectToItem& n) {
                     p_.has_constraints = true;
                     p_.constraints_span = item.span;
                     for (const Constraint& c : n.constraints)
                       constraint(c);
                   },
               },
               item.node);
  }

  // Constraints are checked like any formula; methods that use them read them from the tree.
  void constraint(const Constraint& c) {
    const Compare* compare = c.condition->as<Compare>();
    bool membership =
        compare && std::any_of(compare->rest.begin(), compare->rest.end(),
                               [](const CompareStep& s) { return s.op == CompareOp::in; });
    if (!membership)
      e_.expr(*c.condition);
    else if (compare->rest.size() == 1)
      member(*compare->first, *compare->rest[0].value, c.span);
  }

  void member(const Expr& element, const Expr& set, Span span) {
    const Call* call = set.as<Call>();
    const sema::SymbolId id = u_.program.symbol_of(call ? *call->callee : set);
    const Decl* item = id.valid() ? u_.program.symbol(id).item : nullptr;
    const auto* decl = item ? item->as<SetDecl>() : nullptr;
    Value v = e_.tensor(element);
    if (!decl) {
      if (!item || !u_.program.broken.contains(item))
        u_.diags.report(DiagKind::wrong_kind, set.span,
                        fmt::format("'{}' is no set", e_.source_text(set)));
      return;
    }
    if (u_.program.broken.contains(item)) return;
    std::optional<std::vector<Value>> arguments = e_.arguments_of(decl->params, set);
    if (!v.is_tensor() || !arguments) return;
    p_.memberships.push_back({decl, std::move(*arguments), v.id, span});
  }

  void result(std::string name, const Expr& value, bool objective, bool negate) {
    Value v = e_.tensor(value);
    if (!v.is_tensor()) return;
    Builder& b = e_.builder();
    if (!b.type(v.id).is_scalar()) {
      u_.diags
          .report(DiagKind::not_scalar, value.span,
                  fmt::format("{} is one number; '{}' is {}",
                              objective ? "the objective" : "a metric", e_.source_text(value),
                              e_.type_text(v.id)))
          .help("reduce it with sum(…) or mean(…)");
      return;
    }
    if (b.type(v.id).dtype == DType::boolean) v.id = b.cast(v.id, DType::f64);
    v.id = e_.real(v.id);
    if (objective) v.id = e_.to_precision(v.id);
    if (negate) v.id = b.neg(v.id);
    p_.objective.results.push_back({std::move(name), v.id, false, -1});
  }

  std::optional<ValueId> initial_value(const ParamItem& param, std::optional<Shape> shape,
                                       Shape& found) {
    e_.draw_shape = shape;
    Builder& b = e_.builder();
    std::string_view name = param.name.name.view();
    e_.draw_key = {b.arg(static_cast<int64_t>(p_.first_parameter()), Type::scalar(DType::i64)),
                   b.integer(static_cast<int64_t>(tw_name_hash(name.data(), name.size())))};
    e_.draw_step = b.integer(0);
    Value v =
        param.init ? e_.tensor(*param.init) : Value::tensor(e_.builder().constant(0, u_.precision));
    e_.draw_shape.reset();
    e_.draw_key = {};
    if (!v.is_tensor()) return std::nullopt;
    v.id = e_.to_precision(e_.real(v.id));
    if (shape && param.init)
      v = e_.broadcast_to(v, *shape, *param.init,
                          fmt::format("param '{}'", param.name.name.view()));
    else if (shape)
      v.id = e_.builder().broadcast_scalar(v.id, *shape);
    if (!v.is_tensor()) return std::nullopt;
    found = e_.builder().shape(v.id);
    return v.id;
  }

  void initial() {
    p_.initial.name = p_.objective.name + ".initial";
    size_t numeric = p_.first_parameter();
    p_.initial.parameters.assign(p_.objective.parameters.begin(),
                                 p_.objective.parameters.begin() + static_cast<int64_t>(numeric));
    p_.initial.parameters.push_back({"seed", Type::scalar(DType::i64), false});
    size_t next = 0;
    for (const ProblemItem& item : d_.items)
      if (const auto* param = std::get_if<ParamItem>(&item.node)) {
        Shape found;
        const ProblemUnit::Parameter& parameter = p_.parameters[next++];
        if (std::optional<ValueId> id = initial_value(*param, parameter.type.shape, found))
          p_.initial.results.push_back({parameter.name, *id, false, -1});
      }
    // Initial values are made from numbers alone.
    for (ValueId id : reachable(u_.graph, roots_of(p_.initial))) {
      const Node& node = u_.graph.node(id);
      bool seed = node.type == Type::scalar(DType::i64);
      if (node.op == Op::arg && node.attr.ints[0] >= static_cast<int64_t>(numeric) && !seed) {
        const thalweg::Parameter& used =
            p_.objective.parameters[static_cast<size_t>(node.attr.ints[0])];
        u_.diags.report(DiagKind::wrong_kind, d_.name.span,
                        fmt::format("an initial value can't depend on '{}'", used.name));
      }
    }
  }

  void unused_parameters() {
    std::vector<bool> used(p_.objective.parameters.size(), false);
    ValueId loss = p_.objective.results[0].value;
    for (ValueId id : reachable(u_.graph, std::span(&loss, 1)))
      if (u_.graph.node(id).op == Op::arg)
        used[static_cast<size_t>(u_.graph.node(id).attr.ints[0])] = true;
    for (size_t k = 0; k < p_.parameters.size(); ++k)
      if (!used[p_.first_parameter() + k])
        u_.diags.report(
            DiagKind::idle_parameter, p_.parameters[k].span,
            fmt::format("the objective does not depend on param '{}'", p_.parameters[k].name));
  }

  Unit u_;
  const ProblemDecl& d_;
  Elaborator e_;
  ProblemUnit p_;
  int64_t loss_place_ = 0; // of the objective among the results, until it is put first
};

} // namespace

std::optional<ProblemUnit> elaborate_problem(const Unit& unit, const Decl& decl) {
  if (unit.program.broken.contains(&decl)) return std::nullopt;
  return ProblemBuilder(unit, *decl.as<ProblemDecl>()).run();
}

} // namespace thalweg::irgen
