// Writes the text form (see print.h).
#include "ir/print.h"

#include "ir/builder.h"
#include "support/check.h"

#include <bit>
#include <cmath>
#include <functional>

namespace thalweg {

const char* distribution_name(Distribution distribution) {
  switch (distribution) {
  case Distribution::normal: return "normal";
  case Distribution::uniform: return "uniform";
  case Distribution::rademacher: return "rademacher";
  }
  return "?";
}

const char* derivative_name(DerivativeKind kind) {
  switch (kind) {
  case DerivativeKind::gradient: return "gradient";
  case DerivativeKind::hessian: return "hessian";
  case DerivativeKind::product: return "product";
  case DerivativeKind::jacobian: return "jacobian";
  }
  return "?";
}
const char* oracle_name(OracleKind kind) {
  switch (kind) {
  case OracleKind::value: return "value";
  case OracleKind::gradient: return "gradient";
  case OracleKind::hvp: return "hvp";
  case OracleKind::hessian: return "hessian";
  case OracleKind::residuals: return "residuals";
  case OracleKind::jacobian: return "jacobian";
  }
  return "?";
}

const char* scheme_name(Scheme scheme) { return scheme == Scheme::lanes ? "lanes" : "serial"; }

std::string number_text(int64_t bits, DType dtype) {
  if (dtype == DType::boolean) return bits ? "true" : "false";
  if (dtype == DType::i64) return fmt::format("{}", bits);
  double value = std::bit_cast<double>(bits);
  if (std::isnan(value)) { // only the usual NaN has a name
    bool usual = bits == bits_of(std::numeric_limits<double>::quiet_NaN(), DType::f64);
    return usual ? "nan" : fmt::format("bits {:#x}", static_cast<uint64_t>(bits));
  }
  if (dtype == DType::f32) return fmt::format("{}", static_cast<float>(value));
  return fmt::format("{}", value);
}

namespace {

using Label = std::function<std::string(ValueId)>;
using LambdaLabel = std::function<std::string(LambdaId)>;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 32)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

// Bare if it reads as one word, else quoted.
std::string name_text(const std::string& name) {
  bool bare = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (char c : name)
    bare = bare && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '.' || c == '\'' || static_cast<unsigned char>(c) >= 128);
  return bare ? name : quoted(name);
}

std::string ints_text(std::span<const int64_t> ints) {
  std::string out = "[";
  for (size_t i = 0; i < ints.size(); ++i)
    out += fmt::format("{}{}", i ? " " : "", ints[i]);
  return out + "]";
}

std::string dims_text(std::span<const Dim> dims) { return shape_str({dims.begin(), dims.end()}); }

// What follows the operands; mirrored by read.cpp.
std::string attr_text(const Node& node, const LambdaLabel& lambda) {
  const std::vector<int64_t>& ints = node.attr.ints;
  std::span<const Dim> dims = node.attr.dims;
  size_t rank = dims.size() / 2; // of slice and pad
  switch (node.op) {
  case Op::arg: return fmt::format(" {}", ints[0]);
  case Op::constant: return fmt::format(" {}", number_text(ints[0], node.type.dtype));
  case Op::table: {
    std::string out = " [";
    for (size_t i = 0; i < ints.size(); ++i)
      out += (i ? ", " : "") + number_text(ints[i], node.type.dtype);
    return out + "]";
  }
  case Op::dim: return fmt::format(" {}", dims_text(dims));
  case Op::iota:
  case Op::concat:
  case Op::argmin:
  case Op::argmax: return fmt::format(" axis {}", ints[0]);
  case Op::random:
    return fmt::format(" {} site {}", distribution_name(static_cast<Distribution>(ints[0])),
                       ints[1]);
  case Op::broadcast:
  case Op::transpose: return " axes " + ints_text(ints);
  case Op::slice: return " start " + dims_text(dims.first(rank));
  case Op::pad:
    return " before " + dims_text(dims.first(rank)) + " after " + dims_text(dims.subspan(rank));
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max:
    return fmt::format(" {} axes {}", scheme_name(static_cast<Scheme>(ints[0])),
                       ints_text(std::span(ints).subspan(1)));
  case Op::contract: {
    ContractLabels labels = contract_labels(node.attr);
    return fmt::format(" {} {} {} -> {}", scheme_name(labels.scheme), ints_text(labels.a),
                       ints_text(labels.b), ints_text(labels.out));
  }
  case Op::while_loop:
    return fmt::format(" states {} condition {} body {}", ints[0], lambda(node.attr.lambdas[0]),
                       lambda(node.attr.lambdas[1]));
  case Op::if_else:
    return fmt::format(" then {} else {}", lambda(node.attr.lambdas[0]),
                       lambda(node.attr.lambdas[1]));
  case Op::derivative:
    return fmt::format(" {} of {}", derivative_name(static_cast<DerivativeKind>(ints[0])),
                       lambda(node.attr.lambdas[0]));
  case Op::get: return fmt::format(" {}", ints[0]);
  case Op::oracle:
    return fmt::format(" {} {}", quoted(node.attr.name),
                       oracle_name(static_cast<OracleKind>(ints[0])));
  case Op::inverse_root: return fmt::format(" root {}", ints[0]);
  default: return "";
  }
}

// Whether attr_text may index into the attribute.
bool attr_readable(const Node& node) {
  const Attr& attr = node.attr;
  switch (node.op) {
  case Op::random: return attr.ints.size() == 2;
  case Op::contract: {
    const std::vector<int64_t>& ints = attr.ints;
    if (ints.size() < 2 || ints[1] < 0 || ints[1] > static_cast<int64_t>(ints.size()) - 3)
      return false;
    int64_t second = 2 + ints[1];
    int64_t count = ints[static_cast<size_t>(second)];
    return count >= 0 && count <= static_cast<int64_t>(ints.size()) - second - 1;
  }
  case Op::while_loop: return attr.lambdas.size() == 2 && attr.ints.size() == 1;
  case Op::if_else: return attr.lambdas.size() == 2;
  case Op::derivative: return attr.lambdas.size() == 1 && attr.ints.size() == 1;
  case Op::arg:
  case Op::constant:
  case Op::iota:
  case Op::concat:
  case Op::argmin:
  case Op::argmax:
  case Op::get:
  case Op::oracle:
  case Op::inverse_root: return attr.ints.size() == 1;
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max: return !attr.ints.empty();
  default: return true;
  }
}

std::string node_text(const Node& node, const Label& label, const LambdaLabel& lambda) {
  std::string out(op_info(node.op).name);
  for (ValueId operand : node.operands)
    out.append(" ").append(label(operand));
  out += attr_readable(node) ? attr_text(node, lambda) : " <malformed>";
  return out + " : " + node.type.str();
}

class Printer {
public:
  explicit Printer(const Graph& graph) : graph_(graph) {}

  std::string print(const Function& function) {
    std::vector<ValueId> roots = roots_of(function);
    std::string body = print_body(roots); // prints the lambdas it needs first
    out_ += "func " + name_text(function.name) + "(";
    for (size_t k = 0; k < function.parameters.size(); ++k) {
      const Parameter& parameter = function.parameters[k];
      out_ += (k ? ", " : "") + name_text(parameter.name) + ": " +
              (parameter.per_tensor ? "per_tensor " : "") + parameter.type.str();
    }
    out_ += ")";
    if (function.over_table) out_ += " over_table";
    if (!function.tensor_symbols.empty()) {
      out_ += " sizes [";
      for (size_t k = 0; k < function.tensor_symbols.size(); ++k)
        out_ += (k ? ", " : "") + function.tensor_symbols[k];
      out_ += "]";
    }
    out_ += " {\n" + body;
    for (const Check& check : function.checks) {
      out_ += fmt::format("  check {} status {} {}", labels_[check.condition.value], check.status,
                          quoted(check.message));
      if (check.span.valid())
        out_ += fmt::format(" at [{} {} {}]", check.span.file, check.span.begin, check.span.end);
      out_ += "\n";
    }
    out_ += "  return";
    for (size_t k = 0; k < function.results.size(); ++k) {
      const Result& result = function.results[k];
      out_ += fmt::format("{} {} = {}", k ? "," : "", name_text(result.name),
                          labels_[result.value.value]);
      if (result.per_tensor) out_ += " per_tensor";
      if (result.updates >= 0) out_ += fmt::format(" updates {}", result.updates);
    }
    return out_ + "\n}\n";
  }

private:
  // Operands before users, in the order of a walk from the roots.
  std::vector<ValueId> walk(std::span<const ValueId> roots) const {
    std::vector<ValueId> order;
    std::vector<bool> seen(graph_.size(), false);
    std::vector<std::pair<ValueId, size_t>> open; // value, next operand
    auto enter = [&](ValueId id) {
      if (!seen[id.value]) open.emplace_back(id, 0);
      seen[id.value] = true;
    };
    for (ValueId root : roots) {
      enter(root);
      while (!open.empty()) {
        auto& [id, next] = open.back();
        const std::vector<ValueId>& operands = graph_.node(id).operands;
        if (next < operands.size()) {
          enter(operands[next++]);
        } else {
          order.push_back(id);
          open.pop_back();
        }
      }
    }
    return order;
  }

  // The lines of a body; lambdas it uses are printed to out_ before (their nesting is bounded).
  // Leaves the labels of this body in labels_.
  std::string print_body(std::span<const ValueId> roots) {
    std::vector<ValueId> order = walk(roots);
    for (ValueId id : order)
      for (LambdaId lambda : graph_.node(id).attr.lambdas)
        if (!lambdas_.count(lambda.value)) print_lambda(lambda);
    labels_.clear();
    std::string body;
    for (ValueId id : order) {
      std::string label = fmt::format("%{}", labels_.size());
      body += fmt::format("  {} = {}\n", label,
                          node_text(
                              graph_.node(id), [&](ValueId v) { return labels_[v.value]; },
                              [&](LambdaId l) { return fmt::format("@{}", lambdas_[l.value]); }));
      labels_[id.value] = std::move(label);
    }
    return body;
  }

  void print_lambda(LambdaId id) {
    const Lambda& lambda = graph_.lambda(id);
    std::string body = print_body(lambda.results);
    size_t number = lambdas_.size();
    lambdas_[id.value] = number;
    out_ += fmt::format("lambda @{}(", number);
    for (size_t k = 0; k < lambda.parameters.size(); ++k)
      out_ += (k ? ", " : "") + lambda.parameters[k].str();
    out_ += ") {\n" + body + "  return";
    for (size_t k = 0; k < lambda.results.size(); ++k)
      out_ += (k ? ", " : " ") + labels_[lambda.results[k].value];
    out_ += "\n}\n";
  }

  const Graph& graph_;
  std::unordered_map<uint32_t, std::string> labels_;
  std::unordered_map<uint32_t, size_t> lambdas_;
  std::string out_;
};

} // namespace

std::string print(const Graph& graph, const Function& function) {
  return Printer(graph).print(function);
}

std::string print_value(const Graph& graph, ValueId id) {
  return fmt::format("%{} = {}", id.value,
                     node_text(
                         graph.node(id), [](ValueId v) { return fmt::format("%{}", v.value); },
                         [](LambdaId l) { return fmt::format("@{}", l.value); }));
}

} // namespace thalweg
