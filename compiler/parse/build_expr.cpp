// build_expr: the expression alternatives of the grammar, one visitor each.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "parse/build.h"
#include "support/check.h"

namespace thalweg {

using namespace ast;
using P = ThalwegParser;

const Expr* ExprBuilder::build(P::ExprContext* node) {
  node->accept(this);
  TW_CHECK(result_ != nullptr);
  return std::exchange(result_, nullptr);
}

const Expr* ExprBuilder::operand(P::ExprContext* node, bool allow_not) {
  const char* loose = nullptr;
  if (dynamic_cast<P::IfExprContext*>(node))
    loose = "an 'if' expression";
  else if (dynamic_cast<P::AllOfContext*>(node))
    loose = "'all'";
  else if (dynamic_cast<P::TensorBuildContext*>(node))
    loose = "a tensor by indices";
  else if (!allow_not && dynamic_cast<P::NotContext*>(node))
    loose = "'not'";
  if (loose)
    env_.diagnostics
        .report(DiagKind::needs_parentheses, span_of(node),
                fmt::format("{} inside an operator needs parentheses", loose))
        .caret(span_of(node->getStart()))
        .help("write (…) around it");
  return build(node);
}

/// A chain of one left-associative level, leftmost link first; parentheses end it.
template <typename Context> std::vector<Context*> ExprBuilder::left_spine(Context* node) {
  std::vector<Context*> links;
  for (Context* at = node; at; at = dynamic_cast<Context*>(at->expr(0)))
    links.push_back(at);
  std::reverse(links.begin(), links.end());
  return links;
}

namespace {

/// The operator between the two operands of a binary alternative.
antlr4::Token* operator_of(antlr4::ParserRuleContext* node) {
  return static_cast<antlr4::tree::TerminalNode*>(node->children[1])->getSymbol();
}

CompareOp compare_op(size_t type) {
  switch (type) {
  case P::LT: return CompareOp::lt;
  case P::LE: return CompareOp::le;
  case P::GT: return CompareOp::gt;
  case P::GE: return CompareOp::ge;
  case P::EQ: return CompareOp::eq;
  case P::NE: return CompareOp::ne;
  default: TW_CHECK(type == P::IN); return CompareOp::in;
  }
}

ProductOp product_op(size_t type) {
  switch (type) {
  case P::STAR: return ProductOp::mul;
  case P::SLASH: return ProductOp::div;
  case P::AT: return ProductOp::matmul;
  default: TW_CHECK(type == P::MOD); return ProductOp::mod;
  }
}

IndexedOp indexed_op(std::string_view open) {
  if (open.starts_with("sum")) return IndexedOp::sum;
  if (open.starts_with("prod")) return IndexedOp::prod;
  if (open.starts_with("mean")) return IndexedOp::mean;
  if (open.starts_with("min")) return IndexedOp::min;
  TW_CHECK(open.starts_with("max"));
  return IndexedOp::max;
}

/// `²`, `⁻¹⁰`: superscript digits as plain ones.
std::string plain_digits(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kDigits[] = {
      {"⁰", '0'}, {"¹", '1'}, {"²", '2'}, {"³", '3'}, {"⁴", '4'}, {"⁵", '5'},
      {"⁶", '6'}, {"⁷", '7'}, {"⁸", '8'}, {"⁹", '9'}, {"⁻", '-'}, {"⁺", '+'}};
  std::string plain;
  while (!text.empty()) {
    bool found = false;
    for (auto [mark, digit] : kDigits) {
      if (!text.starts_with(mark)) continue;
      if (digit != '+') plain += digit;
      text.remove_prefix(mark.size());
      found = true;
      break;
    }
    TW_CHECK(found);
  }
  return plain;
}

NumberLit number(std::string_view text, std::string_view shown) {
  NumberLit lit;
  lit.text = shown;
  std::from_chars(text.data(), text.data() + text.size(), lit.value); // range: see lexical_errors
  if (text.find_first_of(".eE") == std::string_view::npos) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lit.integer);
    lit.is_integer = error == std::errc();
  }
  return lit;
}

} // namespace

const Expr* ExprBuilder::name_ref(Ident ident) {
  return env_.context.make_expr(ident.span, NameRef{ident.name});
}

antlrcpp::Any ExprBuilder::visitNameRef(P::NameRefContext* node) {
  Ident ident = env_.ident(node->ident());
  if (ident.name == "true" || ident.name == "false")
    return give(node, BoolLit{ident.name == "true"});
  return give(node, NameRef{ident.name});
}

antlrcpp::Any ExprBuilder::visitPrimeRef(P::PrimeRefContext* node) {
  return give(node, PrimeRef{env_.ident(node->ident()).name});
}

antlrcpp::Any ExprBuilder::visitInfinity(P::InfinityContext* node) {
  return give(node, NameRef{env_.name("inf")});
}

antlrcpp::Any ExprBuilder::visitDerivative(P::DerivativeContext* node) {
  int order = node->NABLA() || node->GRAD() ? 1 : 2;
  return give(node, Derivative{order, name_ref(env_.ident(node->ident()))});
}

antlrcpp::Any ExprBuilder::visitNumberLit(P::NumberLitContext* node) {
  std::string_view text = env_.sources.text(span_of(node));
  return give(node, number(text, text));
}

antlrcpp::Any ExprBuilder::visitStringLit(P::StringLitContext* node) {
  return give(node, StringLit{env_.string_value(node->getStart())});
}

antlrcpp::Any ExprBuilder::visitParenthesized(P::ParenthesizedContext* node) {
  result_ = build(node->expr());
  return {};
}

antlrcpp::Any ExprBuilder::visitArrayLit(P::ArrayLitContext* node) {
  ArrayLit array;
  if (node->exprs())
    for (P::ExprContext* e : node->exprs()->expr())
      array.elements.push_back(build(e));
  return give(node, std::move(array));
}

// `‖x‖` and `√x` are other spellings of calls: a declaration of the same name holds for both.
antlrcpp::Any ExprBuilder::visitNormBars(P::NormBarsContext* node) {
  Ident name{env_.name(node->BAR1() ? "norm1" : "norm"), span_of(node->getStart())};
  const Expr* value = build(node->expr());
  return give(node, Call{name_ref(name), {{ArgStyle::positional, {}, value, value->span}}});
}

antlrcpp::Any ExprBuilder::visitTransposeMark(P::TransposeMarkContext* node) {
  return give(node, Transpose{build(node->expr())});
}

antlrcpp::Any ExprBuilder::visitField(P::FieldContext* node) {
  const Expr* base = build(node->expr());
  Ident field = env_.ident(node->ident());
  if (field.name == "T") return give(node, Transpose{base});
  // ∇ binds to the whole dotted name of the function: ∇f.smooth is the gradient of f.smooth.
  const Derivative* derivative = base->as<Derivative>();
  if (derivative && !dynamic_cast<P::ParenthesizedContext*>(node->expr())) {
    Span target = join(derivative->target->span, field.span);
    const Expr* inner = env_.context.make_expr(target, Field{derivative->target, field});
    return give(node, Derivative{derivative->order, inner});
  }
  return give(node, Field{base, field});
}

antlrcpp::Any ExprBuilder::visitCall(P::CallContext* node) {
  Call call{build(node->expr()), {}};
  for (P::ArgContext* arg : node->arg()) {
    Span span = span_of(arg);
    if (auto* named = dynamic_cast<P::NamedArgContext*>(arg))
      call.args.push_back(
          {ArgStyle::named, env_.ident(named->ident()), build(named->expr()), span});
    else if (auto* sampled = dynamic_cast<P::SampledArgContext*>(arg))
      call.args.push_back(
          {ArgStyle::sampled, env_.ident(sampled->ident()), build(sampled->expr()), span});
    else
      call.args.push_back({ArgStyle::positional,
                           {},
                           build(static_cast<P::PositionalArgContext*>(arg)->expr()),
                           span});
  }
  return give(node, std::move(call));
}

IndexItem ExprBuilder::index_item(P::IndexItemContext* node) {
  IndexItem item;
  item.span = span_of(node);
  if (dynamic_cast<P::WholeIndexContext*>(node)) {
    item.style = IndexStyle::whole;
  } else if (dynamic_cast<P::NewAxisIndexContext*>(node)) {
    item.style = IndexStyle::new_axis;
  } else if (auto* from = dynamic_cast<P::FromIndexContext*>(node)) {
    item.style = IndexStyle::range;
    item.low = build(from->expr());
    item.inclusive = from->RANGE_EQ() != nullptr;
  } else if (auto* up_to = dynamic_cast<P::UpToIndexContext*>(node)) {
    item.style = IndexStyle::range;
    item.high = up_to->expr() ? build(up_to->expr()) : nullptr;
    item.inclusive = up_to->RANGE_EQ() != nullptr;
  } else {
    P::ExprContext* expr = static_cast<P::ValueIndexContext*>(node)->expr();
    const Expr* value = build(expr);
    const Range* range = value->as<Range>();
    if (range && !dynamic_cast<P::ParenthesizedContext*>(expr)) {
      item.style = IndexStyle::range;
      item.low = range->low;
      item.high = range->high;
      item.inclusive = range->inclusive;
    } else {
      item.value = value;
    }
  }
  return item;
}

antlrcpp::Any ExprBuilder::visitIndex(P::IndexContext* node) {
  Index index{build(node->expr()), {}};
  for (P::IndexItemContext* item : node->indexItem())
    index.items.push_back(index_item(item));
  return give(node, std::move(index));
}

antlrcpp::Any ExprBuilder::visitSuperscript(P::SuperscriptContext* node) {
  Span mark = span_of(node->SUPERSCRIPT()->getSymbol());
  std::string_view shown = env_.sources.text(mark);
  const Expr* base = build(node->expr());
  std::string digits = plain_digits(shown);
  bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  const Expr* exponent = env_.context.make_expr(mark, number(digits, shown));
  if (negative) exponent = env_.context.make_expr(mark, Unary{UnaryOp::neg, exponent});
  return give(node, Power{base, exponent, mark});
}

antlrcpp::Any ExprBuilder::visitPower(P::PowerContext* node) {
  const Expr* base = build(node->expr(0));
  if (dynamic_cast<P::ReduceContext*>(node->expr(1)))
    env_.diagnostics
        .report(DiagKind::needs_parentheses, span_of(node->expr(1)),
                "an index reduction as exponent needs parentheses")
        .caret(span_of(node->expr(1)->getStart()))
        .help("write (…) around it");
  return give(node, Power{base, operand(node->expr(1)), span_of(operator_of(node))});
}

antlrcpp::Any ExprBuilder::visitLike(P::LikeContext* node) {
  return give(node, Like{operand(node->expr())});
}

antlrcpp::Any ExprBuilder::visitUnary(P::UnaryContext* node) {
  const Expr* value = operand(node->expr());
  if (node->MINUS()) return give(node, Unary{UnaryOp::neg, value});
  Ident name{env_.name("sqrt"), span_of(node->SQRT()->getSymbol())};
  return give(node, Call{name_ref(name), {{ArgStyle::positional, {}, value, value->span}}});
}

antlrcpp::Any ExprBuilder::visitNot(P::NotContext* node) {
  return give(node, Unary{UnaryOp::logical_not, operand(node->expr(), true)});
}

antlrcpp::Any ExprBuilder::visitProduct(P::ProductContext* node) {
  auto links = left_spine(node);
  Product product{build(links.front()->expr(0)), {}};
  for (P::ProductContext* link : links) {
    antlr4::Token* op = operator_of(link);
    product.rest.push_back({product_op(op->getType()), span_of(op), operand(link->expr(1))});
  }
  return give(node, std::move(product));
}

antlrcpp::Any ExprBuilder::visitSum(P::SumContext* node) {
  auto links = left_spine(node);
  Sum sum;
  sum.terms.push_back({false, {}, build(links.front()->expr(0))});
  for (P::SumContext* link : links) {
    antlr4::Token* op = operator_of(link);
    sum.terms.push_back({op->getType() == P::MINUS, span_of(op), operand(link->expr(1))});
  }
  return give(node, std::move(sum));
}

antlrcpp::Any ExprBuilder::visitRange(P::RangeContext* node) {
  auto links = left_spine(node);
  if (links.size() > 1)
    env_.diagnostics.report(DiagKind::syntax, span_of(node), "a range has two ends: a..b")
        .caret(span_of(operator_of(node)));
  P::RangeContext* first = links.front();
  const Expr* low = build(first->expr(0));
  return give(node, Range{low, operand(first->expr(1)), first->RANGE_EQ() != nullptr});
}

antlrcpp::Any ExprBuilder::visitCompare(P::CompareContext* node) {
  auto links = left_spine(node);
  Compare compare{build(links.front()->expr(0)), {}};
  for (P::CompareContext* link : links) {
    antlr4::Token* op = operator_of(link);
    compare.rest.push_back({compare_op(op->getType()), span_of(op), operand(link->expr(1))});
  }
  return give(node, std::move(compare));
}

antlrcpp::Any ExprBuilder::visitAnd(P::AndContext* node) {
  auto links = left_spine(node);
  Logical all{LogicalOp::logical_and, {build(links.front()->expr(0))}};
  for (P::AndContext* link : links)
    all.operands.push_back(operand(link->expr(1), true));
  return give(node, std::move(all));
}

antlrcpp::Any ExprBuilder::visitOr(P::OrContext* node) {
  auto links = left_spine(node);
  Logical any{LogicalOp::logical_or, {build(links.front()->expr(0))}};
  for (P::OrContext* link : links)
    any.operands.push_back(operand(link->expr(1), true));
  return give(node, std::move(any));
}

antlrcpp::Any ExprBuilder::visitPipe(P::PipeContext* node) {
  auto links = left_spine(node);
  Pipe pipe{{build(links.front()->expr(0))}};
  for (P::PipeContext* link : links)
    pipe.stages.push_back(operand(link->expr(1), true));
  return give(node, std::move(pipe));
}

antlrcpp::Any ExprBuilder::visitAllOf(P::AllOfContext* node) {
  return give(node, AllOf{build(node->expr())});
}

std::vector<IndexBinding> ExprBuilder::bindings(const std::vector<P::IndexBindingContext*>& nodes) {
  std::vector<IndexBinding> list;
  for (P::IndexBindingContext* node : nodes)
    list.push_back({env_.ident(node->ident()), node->expr() ? build(node->expr()) : nullptr});
  return list;
}

antlrcpp::Any ExprBuilder::visitReduce(P::ReduceContext* node) {
  IndexedOp op = indexed_op(env_.sources.text(span_of(node->REDUCE_OPEN()->getSymbol())));
  auto over = bindings(node->indexBinding());
  return give(node, Indexed{op, std::move(over), operand(node->expr())});
}

antlrcpp::Any ExprBuilder::visitTensorBuild(P::TensorBuildContext* node) {
  auto over = bindings(node->indexBinding());
  return give(node, Indexed{IndexedOp::tensor, std::move(over), build(node->expr())});
}

antlrcpp::Any ExprBuilder::visitIfExpr(P::IfExprContext* node) {
  IfExpr chain;
  P::IfExprContext* at = node;
  for (;;) {
    const Expr* condition = build(at->expr(0));
    chain.arms.push_back({condition, build(at->expr(1))});
    auto* next = dynamic_cast<P::IfExprContext*>(at->expr(2));
    if (!next) break;
    at = next;
  }
  chain.otherwise = build(at->expr(2));
  return give(node, std::move(chain));
}

} // namespace thalweg
