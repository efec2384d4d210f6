// What sema makes of the files: all declarations by name, and what every name in them stands for.
#pragma once

#include "ast/ast.h"
#include "diag/diagnostics.h"
#include "sema/builtins.h"
#include "sema/library.h"
#include "support/source.h"

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace thalweg::sema {

using SymbolId = Id<struct SymbolTag>;

enum class SymbolKind : uint8_t {
  hyperparameter, // of any declaration, and the arguments of functions
  dimension,      // a size named in a problem's shapes
  data,
  parameter,
  let,
  metric,
  variable,
  state,
  index,
  tensor,    // a rule's `x`, a transform's `g`
  objective, // f
  step,      // t
  loss,
  epoch, // passes over the data so far
  batch, // rows of the batch
  rule,  // what stands behind a transform
  local_function,
  item,
  builtin,
  constant,
};

struct Symbol {
  SymbolKind kind;
  Name name;
  Span span;                                   // where it is declared; invalid for builtins
  const ast::Decl* item = nullptr;             // of an item
  const ast::FunctionDecl* function = nullptr; // of a local function
  const Builtin* builtin = nullptr;
  double constant = 0;
  uint32_t uses = 0;
};

// One compilation: the main file, what it uses, and the library items it names.
struct Program {
  std::vector<const ast::Decl*> own; // declarations of the main file, in order
  std::map<std::string, const ast::Decl*, std::less<>> items; // by name: own, used, library
  std::unordered_set<const ast::Decl*> from_library;
  std::unordered_set<const ast::Decl*> broken; // declarations with errors of their own
  std::vector<Symbol> symbols;
  std::vector<SymbolId> by_expr; // NameRef and PrimeRef, by Expr::id
  std::unordered_map<const ast::Ident*, SymbolId>
      by_ident; // declared names, assigned names, by place

  const Symbol& symbol(SymbolId id) const { return symbols[id.value]; }
  SymbolId symbol_of(const ast::Expr& expr) const {
    return expr.id < by_expr.size() ? by_expr[expr.id] : SymbolId{};
  }
  SymbolId symbol_of(const ast::Ident& ident) const {
    auto it = by_ident.find(&ident);
    return it == by_ident.end() ? SymbolId{} : it->second;
  }
  const ast::Decl* find(std::string_view name) const {
    auto it = items.find(name);
    return it == items.end() ? nullptr : it->second;
  }
};

struct Compilation {
  SourceManager& sources;
  ast::Context& context;
  const Library& library;
  Diagnostics& diags;
};

// Loads `main` with all it uses and resolves every name of its own declarations and of the library
// items these reach. Problems are reported; the result covers what could be read.
Program analyze(Compilation& compilation, FileId main);

} // namespace thalweg::sema
