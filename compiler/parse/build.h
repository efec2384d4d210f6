// build: turns ANTLR's tree into the syntax tree; the last step of parse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ThalwegParserBaseVisitor.h"
#include "ast/ast.h"
#include "diag/diagnostics.h"
#include "parse/tree.h"

namespace thalweg {

using grammar::ThalwegParser;

/// What every builder needs.
struct BuildEnv {
  const SourceManager& sources;
  ast::Context& context;
  Diagnostics& diagnostics;

  /// The name as one occurrence; NFC-normalized, π is pi.
  ast::Ident ident(ThalwegParser::IdentContext* node) const;
  Name name(std::string_view text) const;
  /// A string token without quotes, escapes resolved.
  std::string string_value(antlr4::Token* token) const;
  /// A string token whose `{…}` holes are expressions.
  ast::Template string_template(antlr4::Token* token) const;
};

/// Expressions. Long chains are walked in loops; recursion follows nesting, which is bounded
/// before.
class ExprBuilder final : public grammar::ThalwegParserBaseVisitor {
public:
  explicit ExprBuilder(const BuildEnv& env) : env_(env) {}

  const ast::Expr* build(ThalwegParser::ExprContext* node);
  ast::IndexItem index_item(ThalwegParser::IndexItemContext* node);

private:
  using Any = antlrcpp::Any;
  Any visitPrimeRef(ThalwegParser::PrimeRefContext* node) override;
  Any visitDerivative(ThalwegParser::DerivativeContext* node) override;
  Any visitNameRef(ThalwegParser::NameRefContext* node) override;
  Any visitInfinity(ThalwegParser::InfinityContext* node) override;
  Any visitNumberLit(ThalwegParser::NumberLitContext* node) override;
  Any visitStringLit(ThalwegParser::StringLitContext* node) override;
  Any visitParenthesized(ThalwegParser::ParenthesizedContext* node) override;
  Any visitArrayLit(ThalwegParser::ArrayLitContext* node) override;
  Any visitNormBars(ThalwegParser::NormBarsContext* node) override;
  Any visitTransposeMark(ThalwegParser::TransposeMarkContext* node) override;
  Any visitField(ThalwegParser::FieldContext* node) override;
  Any visitCall(ThalwegParser::CallContext* node) override;
  Any visitIndex(ThalwegParser::IndexContext* node) override;
  Any visitSuperscript(ThalwegParser::SuperscriptContext* node) override;
  Any visitPower(ThalwegParser::PowerContext* node) override;
  Any visitLike(ThalwegParser::LikeContext* node) override;
  Any visitUnary(ThalwegParser::UnaryContext* node) override;
  Any visitProduct(ThalwegParser::ProductContext* node) override;
  Any visitReduce(ThalwegParser::ReduceContext* node) override;
  Any visitSum(ThalwegParser::SumContext* node) override;
  Any visitRange(ThalwegParser::RangeContext* node) override;
  Any visitCompare(ThalwegParser::CompareContext* node) override;
  Any visitNot(ThalwegParser::NotContext* node) override;
  Any visitAnd(ThalwegParser::AndContext* node) override;
  Any visitOr(ThalwegParser::OrContext* node) override;
  Any visitPipe(ThalwegParser::PipeContext* node) override;
  Any visitAllOf(ThalwegParser::AllOfContext* node) override;
  Any visitTensorBuild(ThalwegParser::TensorBuildContext* node) override;
  Any visitIfExpr(ThalwegParser::IfExprContext* node) override;

  template <typename T> Any give(antlr4::ParserRuleContext* node, T value) {
    result_ = env_.context.make_expr(span_of(node), std::move(value));
    return {};
  }
  /// The operand of an operator: looser forms need parentheses there.
  const ast::Expr* operand(ThalwegParser::ExprContext* node, bool allow_not = false);
  template <typename Context> std::vector<Context*> left_spine(Context* node);
  std::vector<ast::IndexBinding>
  bindings(const std::vector<ThalwegParser::IndexBindingContext*>& nodes);
  const ast::Expr* name_ref(ast::Ident ident);

  const BuildEnv& env_;
  const ast::Expr* result_ = nullptr;
};

/// Where a block stands decides which statements it may hold.
enum class BlockPlace : uint8_t { optimizer, transform, schedule, function };

/// Statements and the pieces they share with declarations.
class StmtBuilder {
public:
  explicit StmtBuilder(const BuildEnv& env) : env_(env), exprs_(env) {}

  ast::Block block(ThalwegParser::BlockContext* node, BlockPlace place);
  const ast::FunctionDecl* function(ThalwegParser::FunctionContext* node);
  std::vector<ast::Param> params(ThalwegParser::ParamsContext* node);
  std::optional<ast::TypeSpec> type(ThalwegParser::TypeContext* node);
  std::vector<ast::AttachedClause>
  attached(const std::vector<ThalwegParser::AttachedContext*>& nodes);
  std::vector<ast::ReportItem>
  report_items(const std::vector<ThalwegParser::ReportItemContext*>& nodes);
  const ast::Expr* expr(ThalwegParser::ExprContext* node) {
    return node ? exprs_.build(node) : nullptr;
  }

private:
  const ast::Stmt* statement(ThalwegParser::StmtContext* node, BlockPlace place);
  void check_place(const ast::Stmt& stmt, BlockPlace place);

  const BuildEnv& env_;
  ExprBuilder exprs_;
};

/// Declarations.
class DeclBuilder {
public:
  explicit DeclBuilder(const BuildEnv& env) : env_(env), stmts_(env) {}

  const ast::Decl* item(ThalwegParser::ItemContext* node, std::string doc);

private:
  ast::DeclNode problem(ThalwegParser::ProblemContext* node);
  ast::ProblemItem problem_item(ThalwegParser::ProblemItemContext* node);
  ast::DeclNode optimizer(ThalwegParser::OptimizerContext* node);
  ast::DeclNode set(ThalwegParser::SetDeclContext* node);
  ast::DeclNode flow(ThalwegParser::FlowContext* node);
  ast::DeclNode experiment(ThalwegParser::ExperimentContext* node);
  ast::Clause clause(ThalwegParser::ClauseContext* node);
  ast::DeclNode use(ThalwegParser::UseDeclContext* node);

  const BuildEnv& env_;
  StmtBuilder stmts_;
};

} // namespace thalweg
