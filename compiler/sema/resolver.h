// Name resolution: walks declarations with a stack of scopes and fills Program's side tables.
// Private to sema/.
#pragma once

#include "sema/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <deque>
#include <unordered_set>

namespace thalweg::sema {

class Resolver {
public:
  Resolver(Compilation& compilation, Program& program) : c_(compilation), p_(program) {}

  // Reads a file, declares its items and those of the files it uses. `from` is the naming place.
  void load(FileId file, bool own, Span from);
  // Resolves everything declared so far, and what that brings in from the library.
  void resolve_pending();

private:
  // loading (modules.cpp)
  void use(const ast::UseDecl& use, FileId from);
  void note_unread(const ast::File& tree, size_t first_message);
  void declare_item(const ast::Decl* decl, bool own, bool library);
  const ast::Decl* library_item(std::string_view name);
  void report_recursion();

  // declarations (declarations.cpp)
  void resolve(const ast::Decl& decl);
  void problem(const ast::ProblemDecl& d);
  void optimizer(const ast::OptimizerDecl& d);
  void routing(const ast::RoutingBody& body);
  void transform(const ast::TransformDecl& d);
  void schedule(const ast::ScheduleDecl& d);
  void function(const ast::FunctionDecl& d);
  void set(const ast::SetDecl& d);
  void flow(const ast::FlowDecl& d);
  void experiment(const ast::ExperimentDecl& d);
  void parameters(const std::vector<ast::Param>& params);
  void dimension_names(const std::vector<const ast::Expr*>& dims);
  void parameter_sizes(const ast::ProblemDecl& d, const std::vector<const ast::Expr*>& dims);
  void type_spec(const std::optional<ast::TypeSpec>& type);
  void clause(const ast::AttachedClause& clause);
  // The body of a rule: states first, then statement by statement; every state has one next value.
  void rule_body(const ast::Block& body, const ast::Ident* variable);
  void report_unused();

  // expressions and statements (resolve.cpp)
  void expr(const ast::Expr* e);
  void call(const ast::Expr& e, const ast::Call& call);
  void check_arguments(const ast::Expr& e, const ast::Call& call,
                       const std::vector<ast::Param>& params, std::string_view what);
  void unknown_argument(const ast::Ident& name, const std::string& callee,
                        const std::vector<std::string>& known);
  void name(const ast::Expr& e, Name name);
  void prime(const ast::Expr& e, Name name);
  void index_items(const std::vector<ast::IndexItem>& items);
  void block(const ast::Block& body);
  void statement(const ast::Stmt& s);
  void template_text(const ast::Template& text);

  // scopes
  struct Scope {
    std::vector<std::pair<Name, SymbolId>> names;
  };
  SymbolId declare(const ast::Ident& ident, SymbolKind kind);
  SymbolId declare_word(std::string_view word, SymbolKind kind); // f
  void declare_run_words();                                      // t, loss, epoch, batch
  SymbolId lookup_local(Name name) const;
  SymbolId lookup(Name name);
  SymbolId symbol_for_item(const ast::Decl* decl);
  void bind(const ast::Expr& e, SymbolId id);
  Diagnostic* unknown_name(Name name, Span span, bool called);
  Diagnostic& error(DiagKind kind, Span span, std::string text);

  Compilation& c_;
  Program& p_;
  std::deque<const ast::Decl*> pending_;
  const ast::Decl* current_ = nullptr;
  std::vector<Scope> scopes_;
  std::vector<Name> next_defined_, next_allowed_; // primes of the rule at hand
  std::vector<std::string> unread_lines_;         // with syntax errors
  bool free_names_ = false; // `until` and `record`: their names are known when the run is planned
  std::unordered_map<const ast::Decl*, SymbolId> item_symbols_;
  std::unordered_map<std::string, SymbolId> builtin_symbols_;
  std::unordered_set<uint32_t> loaded_files_;
  std::vector<uint32_t> loading_;
  std::map<const ast::Decl*, std::vector<std::pair<const ast::Decl*, Span>>> calls_;
  size_t first_symbol_ = 0; // of the declaration at hand
};

} // namespace thalweg::sema
