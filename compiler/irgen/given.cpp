// The options of csv, npy and npz (see given.h).
#include "irgen/given.h"

#include "irgen/rule.h"

#include <cmath>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

namespace {

class GivenReader {
public:
  GivenReader(const Unit& unit, const GivenClause& clause) : u_(unit), n_(clause) {}

  std::optional<DataSource> run() {
    call_ = n_.value->as<Call>();
    sema::SymbolId id = call_ ? u_.program.symbol_of(*call_->callee) : sema::SymbolId{};
    const sema::Builtin* builtin = id.valid() ? u_.program.symbol(id).builtin : nullptr;
    if (!builtin || builtin->family != sema::BuiltinFamily::data_source) {
      if (!call_ || id.valid())
        u_.diags.report(DiagKind::wrong_kind, n_.value->span, "data comes from a file: csv(\"…\")");
      return std::nullopt;
    }
    source_.format = builtin->name == "npy"   ? DataSource::Format::npy
                     : builtin->name == "npz" ? DataSource::Format::npz
                                              : DataSource::Format::csv;
    source_.span = n_.value->span;
    for (const Ident& name : n_.names)
      source_.names.push_back(name.name.str());
    const Expr* path = call_->args.empty() ? nullptr : call_->args[0].value;
    if (!path || !path->as<StringLit>()) {
      u_.diags.report(DiagKind::wrong_kind, n_.value->span,
                      fmt::format("the path of the data is a text: {}(\"…\")", builtin->name));
      return std::nullopt;
    }
    source_.path = path->as<StringLit>()->value;
    source_.path_span = path->span;
    target();
    source_.columns = texts("columns", "the name of a column is a text");
    source_.members = texts("names", "the name of an array is a text");
    source_.standardize = flag("standardize").value_or(false);
    source_.header = flag("header");
    missing();
    scale();
    names();
    return std::move(source_);
  }

private:
  Diagnostic& bad(Span span, std::string text) {
    return u_.diags.report(DiagKind::bad_experiment, span, std::move(text));
  }
  const Expr* named(std::string_view name) const {
    for (const Arg& arg : call_->args)
      if (arg.style == ArgStyle::named && arg.name.name == name) return arg.value;
    return nullptr;
  }
  std::vector<std::string> texts(std::string_view option, std::string_view what) {
    std::vector<std::string> all;
    const Expr* e = named(option);
    if (!e) return all;
    const ArrayLit* list = e->as<ArrayLit>();
    if (!list) bad(e->span, fmt::format("'{}' is a list of names: [\"a\", \"b\"]", option));
    if (list)
      for (const Expr* element : list->elements) {
        if (const auto* text = element->as<StringLit>())
          all.push_back(text->value);
        else
          bad(element->span, std::string(what));
      }
    return all;
  }
  std::optional<bool> flag(std::string_view name) {
    const Expr* e = named(name);
    if (!e) return std::nullopt;
    if (const auto* literal = e->as<BoolLit>()) return literal->value;
    bad(e->span, fmt::format("'{}' is true or false", name));
    return std::nullopt;
  }

  void target() {
    const Expr* e = named("target");
    if (!e) return;
    source_.target_span = e->span;
    if (const auto* text = e->as<StringLit>()) {
      source_.target = text->value;
      return;
    }
    std::optional<double> v = constant_number(u_, *e);
    if (!v) return;
    constexpr double kMost = 9e15, kLeast = -1e6;
    if (!(*v >= kLeast) || *v > kMost || *v != std::floor(*v))
      bad(e->span, fmt::format("the number of the target's column is a whole number, not {}", *v));
    else
      source_.target_number = static_cast<int64_t>(*v);
  }
  void missing() {
    const Expr* e = named("missing");
    if (!e) return;
    const auto* text = e->as<StringLit>();
    source_.missing = text ? text->value : "";
    bool csv = source_.format == DataSource::Format::csv;
    if (source_.missing == "drop" && !csv)
      bad(e->span, "a row can't be left out of an array alone: 'missing' is \"error\" or \"mean\"");
    else if (source_.missing != "error" && source_.missing != "drop" && source_.missing != "mean")
      bad(e->span, csv ? "'missing' is \"error\", \"drop\" or \"mean\""
                       : "'missing' is \"error\" or \"mean\"");
  }
  void scale() {
    const Expr* e = named("scale");
    if (!e) return;
    std::optional<double> v = constant_number(u_, *e);
    if (!v) return;
    if (!std::isfinite(*v) || *v == 0)
      bad(e->span, fmt::format("'scale' is a finite number other than 0, not {}", *v));
    source_.scale = *v;
  }
  // As many names as the file gives arrays.
  void names() {
    size_t count = source_.names.size();
    if (source_.format == DataSource::Format::csv) {
      if (count > 2)
        bad(n_.names[2].span, "a file gives one name, or two: the columns and the target");
      if (count == 2 && !source_.has_target())
        bad(n_.value->span, "two names need a target column").help("csv(\"…\", target = \"…\")");
    } else if (source_.format == DataSource::Format::npy) {
      if (count > 1)
        bad(n_.names[1].span, "an .npy file holds one array")
            .help("several arrays come from one archive: npz(\"…\")");
    } else if (const Expr* e = named("names")) {
      if (e->as<ArrayLit>() && source_.members.size() != count)
        bad(e->span, fmt::format("'names' has an entry for each of the {} name{} before '='", count,
                                 count == 1 ? "" : "s"));
    } else {
      source_.members = source_.names;
    }
  }

  const Unit& u_;
  const GivenClause& n_;
  const Call* call_ = nullptr;
  DataSource source_;
};

} // namespace

std::optional<DataSource> elaborate_given(const Unit& unit, const GivenClause& clause) {
  return GivenReader(unit, clause).run();
}

} // namespace thalweg::irgen
