// --dump=loops: a program as readable text.
#include "codegen/loops.h"

#include "ir/builder.h"
#include "support/overloaded.h"

#include <fmt/format.h>

namespace thalweg::loops {
namespace {

class Printer {
public:
  explicit Printer(const Program& program) : program_(program) {}

  std::string run() {
    text_ = fmt::format("program {}", program_.name);
    names(" sizes", program_.symbols);
    names(" row sizes", program_.tensor_symbols);
    text_ += "\n";
    for (const Buffer& buffer : program_.buffers) {
      static constexpr const char* kRoles[] = {"input", "output", "in_out", "temporary",
                                               "constant"};
      text_ += fmt::format("  {} {}: {}{}", kRoles[static_cast<int>(buffer.role)], buffer.name,
                           dtype_name(buffer.dtype), shape_str(buffer.shape));
      if (buffer.slot >= 0)
        text_ += fmt::format(" = {}[{}]", buffer.per_tensor ? "row" : "call", buffer.slot);
      text_ += "\n";
    }
    block(program_.body, 0);
    return std::move(text_);
  }

private:
  void names(const char* title, const std::vector<std::string>& list) {
    if (list.empty()) return;
    text_ += fmt::format("{} {}", title, fmt::join(list, ", "));
  }
  void line(int depth, const std::string& text) {
    text_ += std::string(2 * depth, ' ') + text + "\n";
  }
  static std::string name(Val val) { return fmt::format("%{}", val.value); }
  std::string var(Var id) const {
    return fmt::format("{}.{}", program_.vars[id.value].name, id.value);
  }

  std::string address(const Address& at) const {
    std::string inside;
    auto term = [&](const std::string& what, const Dim& factor) {
      if (!inside.empty()) inside += " + ";
      if (factor.is_constant(1))
        inside += what;
      else if (factor.terms().size() <= 1)
        inside += fmt::format("{}*{}", what, factor.str());
      else
        inside += fmt::format("{}*({})", what, factor.str());
    };
    for (const auto& [id, factor] : at.terms)
      term(var(id), factor);
    for (const auto& [val, factor] : at.dynamic)
      term(name(val), factor);
    if (!at.offset.is_constant(0)) inside += (inside.empty() ? "" : " + ") + at.offset.str();
    return fmt::format("{}[{}]", program_.buffers[at.buffer.value].name,
                       inside.empty() ? "0" : inside);
  }

  using Range = std::optional<std::pair<Val, Val>>;
  std::string range(Var id, const Range& range) const {
    std::string text = var(id) + " < " + program_.vars[id.value].extent.str();
    if (range) text += fmt::format(" from {} to {}", name(range->first), name(range->second));
    return text;
  }
  std::string along(const Product::Along& along) const { return range(along.var, along.range); }

  std::string operands(const Value& value) const {
    std::string text;
    for (Val operand : value.operands)
      text += (text.empty() ? "" : ", ") + name(operand);
    return text;
  }

  std::string definition(const Value& value) const {
    switch (value.kind) {
    case Value::Kind::constant:
      return value.dtype == DType::i64 ? fmt::format("{}", value.bits)
                                       : fmt::format("{}", value_of(value.bits, value.dtype));
    case Value::Kind::size: return fmt::format("size {}", value.dim.str());
    case Value::Kind::index: return fmt::format("index {}", var(value.var));
    case Value::Kind::load: return address(value.address);
    case Value::Kind::element: return fmt::format("{} {}", op_info(value.op).name, operands(value));
    case Value::Kind::fold: return "fold";
    case Value::Kind::quotient:
      return fmt::format("quotient {} by {}", operands(value), value.dim.str());
    case Value::Kind::random: return fmt::format("random {:#x} at {}", value.site, operands(value));
    }
    return "";
  }

  static const char* fold_name(Fold::Op op) {
    static constexpr const char* kNames[] = {"sum", "product", "min",   "max",
                                             "fma", "argmin",  "argmax"};
    return kNames[static_cast<int>(op)];
  }
  std::string fold(const Fold& fold) const {
    std::string text = fmt::format("{}: {} = {} {}", name(fold.result),
                                   dtype_name(program_.values[fold.result.value].dtype),
                                   fold_name(fold.op), name(fold.a));
    return fold.op == Fold::Op::fma ? text + ", " + name(fold.b) : text;
  }

  void block(const Block& statements, int depth) {
    for (const Statement& statement : statements) {
      std::visit(
          overloaded{
              [&](const Let& let) {
                const Value& value = program_.values[let.value.value];
                line(depth, fmt::format("{}: {} = {}", name(let.value), dtype_name(value.dtype),
                                        definition(value)));
              },
              [&](const Store& store) {
                line(depth, address(store.to) + " := " + name(store.value));
              },
              [&](const Loop& loop) {
                static constexpr const char* kKinds[] = {"serial", "vector", "lanes"};
                line(depth,
                     fmt::format("{}{} {}", loop.ordered ? "ordered " : "",
                                 kKinds[static_cast<int>(loop.kind)], range(loop.var, loop.range)));
                block(loop.body, depth + 1);
                for (const Fold& f : loop.folds)
                  line(depth, "fold " + fold(f));
              },
              [&](const Product& product) {
                line(depth, fmt::format("product {}, {}, {}: {} {} {} {}", along(product.i),
                                        along(product.j), along(product.k), address(product.c),
                                        product.accumulate ? "+=" : ":=", address(product.a),
                                        address(product.b)));
                block(product.row, depth + 1);
                if (!product.columns.body.empty()) {
                  line(depth + 1, "columns");
                  block(product.columns.body, depth + 2);
                }
              },
              [&](const Rows& rows) {
                line(depth, "rows");
                block(rows.body, depth + 1);
                for (const Fold& f : rows.folds)
                  line(depth, "fold " + fold(f));
              },
              [&](const Chunks& chunks) {
                line(depth, fmt::format("chunks of {}: {} … {} at {}", chunks.extent.str(),
                                        name(chunks.first), name(chunks.last), name(chunks.place)));
                block(chunks.body, depth + 1);
                for (const Fold& f : chunks.folds)
                  line(depth, "fold " + fold(f));
                for (const Chunks::Part& part : chunks.parts)
                  line(depth,
                       fmt::format("fold {} = {} of {}", program_.buffers[part.to.value].name,
                                   fold_name(part.op), program_.buffers[part.waiting.value].name));
              },
              [&](const Linear& linear) {
                std::string text = fmt::format("linear {} [{}, {}]", op_info(linear.op).name,
                                               linear.m.str(), linear.n.str());
                for (BufferId id : linear.operands)
                  text += " " + program_.buffers[id.value].name;
                text += " →";
                for (BufferId id : linear.results)
                  text += " " + program_.buffers[id.value].name;
                line(depth, text);
              },
              [&](const Oracle& oracle) { line(depth, fmt::format("oracle {}", oracle.site)); },
              [&](const StatusCheck& check) {
                line(depth, fmt::format("end with {} if {}", check.status, name(check.condition)));
              },
              [&](const IndexCheck& check) {
                line(depth,
                     fmt::format("check 0 <= {} < {}", name(check.value), check.bound.str()));
              },
              [&](const If& branch) {
                line(depth, "if " + name(branch.condition));
                block(branch.yes, depth + 1);
                line(depth, "else");
                block(branch.no, depth + 1);
              },
              [&](const While& loop) {
                line(depth,
                     fmt::format("round {} of at most {}", name(loop.round), name(loop.limit)));
                block(loop.test, depth + 1);
                line(depth, "while " + name(loop.condition));
                block(loop.body, depth + 1);
              },
          },
          statement.is);
    }
  }

  const Program& program_;
  std::string text_;
};

} // namespace

std::string print(const Program& program) { return Printer(program).run(); }

} // namespace thalweg::loops
