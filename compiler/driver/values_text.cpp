// Reading and printing of values (see values_text.h).
#include "driver/values_text.h"

#include "base/text.h"
#include "ir/interp.h"
#include "parse/parse.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg::driver {

namespace {

class ValueReader {
public:
  ValueReader(Front& front, const irgen::Unit& unit) : front_(front), unit_(unit) {}

  std::optional<GivenValue> read(const std::string& text) {
    size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) {
      front_.diags
          .report(DiagKind::bad_setting, {},
                  fmt::format("'--at {}' is not NAME=VALUE", escape_for_display(text)))
          .help("for example --at \"x=[1, 2]\"");
      return std::nullopt;
    }
    GivenValue value;
    value.name = text.substr(0, equals);
    FileId file = front_.sources.add("--at " + value.name, text.substr(equals + 1));
    size_t errors = front_.diags.error_count();
    const ast::Expr* expr = parse_expression(front_.sources, file, front_.context, front_.diags);
    if (!expr || front_.diags.error_count() > errors) return std::nullopt;
    value.span = expr->span;
    if (!list(*expr, value, 0)) return std::nullopt;
    return value;
  }

private:
  // Depth is that of the parser's limit on nesting.
  bool list(const ast::Expr& e, GivenValue& to, size_t axis) {
    const auto* array = e.as<ast::ArrayLit>();
    if (!array) {
      if (axis != to.shape.size()) return uneven(e, "a number stands where a list is needed");
      std::optional<double> v = number(e);
      if (v) to.numbers.push_back(*v);
      return v.has_value();
    }
    int64_t size = static_cast<int64_t>(array->elements.size());
    // The first list of each depth says the size of its axis.
    if (axis == to.shape.size()) {
      if (!to.numbers.empty() || closed_)
        return uneven(e, "a list stands where a number is needed");
      to.shape.resize(axis + 1, size);
    } else if (to.shape[axis] != size) {
      return uneven(
          e, fmt::format("this list has {} elements, the first one {}", size, to.shape[axis]));
    }
    for (const ast::Expr* element : array->elements)
      if (!list(*element, to, axis + 1)) return false;
    closed_ = true;
    return true;
  }
  bool uneven(const ast::Expr& e, std::string why) {
    front_.diags.report(DiagKind::bad_setting, e.span, std::move(why))
        .note("rows of one value have one length");
    return false;
  }

  std::optional<double> number(const ast::Expr& e) {
    if (const auto* literal = e.as<ast::NumberLit>()) return literal->value;
    if (const auto* flag = e.as<ast::BoolLit>()) return flag->value ? 1.0 : 0.0;
    if (const auto* unary = e.as<ast::Unary>(); unary && unary->op == ast::UnaryOp::neg)
      if (const auto* literal = unary->operand->as<ast::NumberLit>()) return -literal->value;
    size_t errors = front_.diags.error_count();
    irgen::Elaborator elaborator(unit_);
    elaborator.free_name = [&](const ast::Expr& name) -> std::optional<irgen::Value> {
      const auto* ref = name.as<ast::NameRef>();
      std::optional<double> v = ref ? constant(ref->name.view()) : std::nullopt;
      if (!v) return std::nullopt;
      return irgen::Value::tensor(elaborator.builder().constant(*v));
    };
    irgen::Value value = elaborator.scalar(e);
    if (value.is_tensor()) {
      Function f;
      f.name = "value";
      f.results.push_back({"value", value.id, false, -1});
      Evaluated out = Interpreter(unit_.graph).evaluate(f, {});
      if (out.ok()) return out.results[0].number(0);
    }
    if (front_.diags.error_count() == errors)
      front_.diags.report(
          DiagKind::bad_setting, e.span,
          fmt::format("'{}' is no number", escape_for_display(front_.sources.text(e.span))));
    return std::nullopt;
  }
  static std::optional<double> constant(std::string_view name) {
    if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
    return sema::builtin_constant(name);
  }

  Front& front_;
  irgen::Unit unit_;
  bool closed_ = false; // a list has ended: the depth is known
};

// Lists in `open`…`close` around what `leaf` writes for every element.
template <class Leaf> std::string nested(const std::vector<int64_t>& shape, const Leaf& leaf) {
  int64_t count = count_elements(shape);
  std::string text;
  if (count == 0) return "[]";
  for (int64_t i = 0; i < count; ++i) {
    // As many brackets open as trailing axes start here.
    int64_t span = 1, opens = 0, closes = 0;
    for (size_t axis = shape.size(); axis-- > 0;) {
      span *= shape[axis];
      opens += i % span == 0;
      closes += (i + 1) % span == 0;
    }
    if (i > 0) text += ", ";
    text += std::string(static_cast<size_t>(opens), '[') + leaf(i) +
            std::string(static_cast<size_t>(closes), ']');
  }
  return text;
}

} // namespace

std::optional<std::vector<GivenValue>> read_values(Front& front, const irgen::Unit& unit,
                                                   const std::vector<std::string>& texts) {
  std::vector<GivenValue> values;
  bool fine = true;
  for (const std::string& text : texts) {
    std::optional<GivenValue> value = ValueReader(front, unit).read(text);
    fine = fine && value;
    if (!value) continue;
    if (std::any_of(values.begin(), values.end(),
                    [&](const GivenValue& v) { return v.name == value->name; })) {
      front.diags.report(DiagKind::bad_setting, {},
                         fmt::format("'{}' is given twice", escape_for_display(value->name)));
      fine = false;
    }
    values.push_back(std::move(*value));
  }
  if (!fine) return std::nullopt;
  return values;
}

std::string shape_label(const std::vector<int64_t>& shape) {
  if (shape.empty()) return "";
  std::string text = "[";
  for (size_t k = 0; k < shape.size(); ++k)
    text += fmt::format("{}{}", k ? ", " : "", shape[k]);
  return text + "]";
}

std::string element_text(const Tensor& tensor, int64_t element) {
  switch (tensor.dtype()) {
  case DType::f64: return runtime::number_text(tensor.number(element));
  case DType::f32: {
    float value = tensor.data<float>()[static_cast<size_t>(element)];
    return std::isfinite(value) ? fmt::format("{}", value) : runtime::number_text(value);
  }
  case DType::i64: return fmt::format("{}", tensor.data<int64_t>()[static_cast<size_t>(element)]);
  case DType::boolean: break;
  }
  return tensor.number(element) != 0 ? "true" : "false";
}

std::string tensor_text(const Tensor& tensor, int64_t limit) {
  int64_t count = tensor.size();
  if (tensor.rank() == 0) return element_text(tensor, 0);
  if (count <= std::max<int64_t>(limit, 4))
    return nested(tensor.shape(), [&](int64_t i) { return element_text(tensor, i); });
  std::string text =
      fmt::format("{}, {}, {}, …, {}", element_text(tensor, 0), element_text(tensor, 1),
                  element_text(tensor, 2), element_text(tensor, count - 1));
  if (!is_real(tensor.dtype())) return text;
  double squares = 0;
  for (int64_t i = 0; i < count; ++i)
    squares += tensor.number(i) * tensor.number(i);
  return text + fmt::format("  (norm {})", runtime::short_number(std::sqrt(squares), 6));
}

runtime::Json tensor_json(const Tensor& tensor) {
  auto element = [&](int64_t i) -> runtime::Json {
    if (tensor.dtype() == DType::i64) return tensor.data<int64_t>()[static_cast<size_t>(i)];
    if (tensor.dtype() == DType::f32)
      return runtime::json_number_f32(tensor.data<float>()[static_cast<size_t>(i)]);
    if (tensor.dtype() == DType::boolean) return tensor.number(i) != 0;
    return runtime::json_number(tensor.number(i));
  };
  if (tensor.rank() == 0) return element(0);
  // Elements first, then each axis from the last gathers the lists that it counts.
  std::vector<runtime::Json> items;
  for (int64_t i = 0; i < tensor.size(); ++i)
    items.push_back(element(i));
  for (size_t axis = tensor.rank(); axis-- > 0;) {
    int64_t lists = 1, at = 0;
    for (size_t k = 0; k < axis; ++k)
      lists *= tensor.shape()[k];
    std::vector<runtime::Json> gathered;
    for (int64_t i = 0; i < lists; ++i) {
      runtime::Json list = runtime::Json::array();
      for (int64_t k = 0; k < tensor.shape()[axis]; ++k)
        list.push_back(std::move(items[static_cast<size_t>(at++)]));
      gathered.push_back(std::move(list));
    }
    items = std::move(gathered);
  }
  return std::move(items[0]);
}

} // namespace thalweg::driver
