// parse: tokens, brackets, grammar, tree; in this order, for a file and for a single expression.
#include "parse/parse.h"

#include <algorithm>

#include <fmt/format.h>

#include "parse/build.h"
#include "parse/failure.h"
#include "parse/recover.h"
#include "parse/structure.h"

namespace thalweg {

namespace {

constexpr size_t kMaxShownErrors = 20;

/// Hands over the first errors by position and says how many more there are.
void hand_over(const Diagnostics& found, FileId file, Diagnostics& diagnostics) {
  std::vector<const Diagnostic*> list;
  for (const Diagnostic& d : found.all())
    list.push_back(&d);
  std::stable_sort(list.begin(), list.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return a->span().begin < b->span().begin;
  });
  size_t shown = std::min(list.size(), kMaxShownErrors);
  for (size_t i = 0; i < shown; ++i)
    diagnostics.append(*list[i]);
  if (shown == list.size()) return;
  Span last = list[shown]->span();
  diagnostics.report(DiagKind::too_many_errors, {file.value, last.begin, last.end},
                     fmt::format("{} more error{} not shown, the first of them here",
                                 list.size() - shown, list.size() - shown == 1 ? " is" : "s are"));
}

} // namespace

const ast::File* parse_file(const SourceManager& sources, FileId file_id, ast::Context& context,
                            Diagnostics& diagnostics) {
  ast::File* file = context.arena.make<ast::File>();
  file->file_id = file_id;
  Diagnostics found;
  BuildEnv env{sources, context, found};
  TokenList list = read_tokens(sources, file_id, found);
  if (check_structure(sources, list, found)) {
    Tree tree(sources, list.tokens);
    if (auto* root = tree.parse(Tree::Entry::file)) {
      DeclBuilder builder(env);
      for (auto* item : static_cast<ThalwegParser::FileContext*>(root)->item())
        file->decls.push_back(
            builder.item(item, doc_above(sources, list, span_of(item->getStart()))));
    } else {
      recover(env, list, *file);
    }
  }
  file->has_errors = found.has_errors();
  hand_over(found, file_id, diagnostics);
  return file;
}

const ast::Expr* parse_part(const SourceManager& sources, Span part, ast::Context& context,
                            Diagnostics& diagnostics) {
  size_t errors_before = diagnostics.error_count();
  BuildEnv env{sources, context, diagnostics};
  TokenList list = read_tokens(sources, part, diagnostics);
  if (!check_structure(sources, list, diagnostics)) return nullptr;
  if (list.tokens.size() == 1) {
    if (diagnostics.error_count() == errors_before)
      diagnostics.report(DiagKind::missing_operand, part, "a value is missing here");
    return nullptr;
  }
  Tree tree(sources, list.tokens);
  if (auto* root = tree.parse(Tree::Entry::expression)) {
    const ast::Expr* value =
        ExprBuilder(env).build(static_cast<ThalwegParser::ExprEntryContext*>(root)->expr());
    return diagnostics.error_count() == errors_before ? value : nullptr;
  }
  if (diagnostics.error_count() == errors_before)
    report_failure(
        sources, list.tokens,
        {0, list.tokens.size() - 1, tree.failure().token, tree.failure().expected, tok::TO},
        diagnostics);
  return nullptr;
}

const ast::Expr* parse_expression(const SourceManager& sources, FileId file, ast::Context& context,
                                  Diagnostics& diagnostics) {
  uint32_t size = static_cast<uint32_t>(sources.text(file).size());
  return parse_part(sources, {file.value, 0, size}, context, diagnostics);
}

} // namespace thalweg
