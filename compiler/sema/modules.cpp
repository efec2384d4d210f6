// Files, `use`, library items on demand, recursion: the part of sema between declarations.
#include "sema/resolver.h"

#include "diag/suggest.h"
#include "parse/parse.h"

#include <algorithm>
#include <filesystem>

namespace thalweg::sema {

Program analyze(Compilation& compilation, FileId main) {
  Program program;
  Resolver resolver(compilation, program);
  resolver.load(main, true, {});
  resolver.resolve_pending();
  program.by_expr.resize(compilation.context.expr_count);
  return program;
}

void Resolver::load(FileId file, bool own, Span from) {
  if (!loaded_files_.insert(file.value).second) {
    if (std::find(loading_.begin(), loading_.end(), file.value) != loading_.end())
      c_.diags
          .report(DiagKind::use_cycle, from, fmt::format("'{}' uses itself", c_.sources.path(file)))
          .note("a file is read once; files that use one another form no order");
    return;
  }
  loading_.push_back(file.value);
  size_t before = c_.diags.all().size();
  const ast::File* tree = parse_file(c_.sources, file, c_.context, c_.diags);
  if (tree) {
    if (tree->has_errors) note_unread(*tree, before);
    for (const ast::Decl* decl : tree->decls)
      if (const auto* use_decl = decl->as<ast::UseDecl>())
        use(*use_decl, file);
      else
        declare_item(decl, own, false);
    if (own && !tree->has_errors && tree->decls.empty())
      c_.diags.report(DiagKind::nothing_declared, {file.value, 0, 0}, "the file declares nothing")
          .help("declare a 'problem', an 'optimizer' or an 'experiment'");
  }
  loading_.pop_back();
}

// Lines and declarations that were not read whole: what is made of them would be mistakes of the
// second order.
void Resolver::note_unread(const ast::File& tree, size_t first_message) {
  for (size_t k = first_message; k < c_.diags.all().size(); ++k) {
    Span at = c_.diags.all()[k].span();
    for (const ast::Decl* decl : tree.decls)
      if (at.begin >= decl->span.begin && at.end <= decl->span.end) p_.broken.insert(decl);
    // A statement may have begun a little above.
    uint32_t line = c_.sources.line_col(at).line;
    for (uint32_t l = line < 3 ? 1 : line - 2; l <= line; ++l)
      unread_lines_.emplace_back(c_.sources.line_text(FileId(at.file), l));
  }
}

void Resolver::use(const ast::UseDecl& use, FileId from) {
  namespace fs = std::filesystem;
  if (use.path.find('\0') != std::string::npos) {
    c_.diags.report(DiagKind::file_not_found, use.path_span, "the path holds a NUL byte");
    return;
  }
  fs::path path = fs::path(std::string(c_.sources.path(from))).parent_path() / use.path;
  std::optional<FileId> file = c_.sources.load(path.lexically_normal().string());
  if (!file) {
    c_.diags
        .report(DiagKind::file_not_found, use.path_span,
                fmt::format("can't read '{}'", path.lexically_normal().string()))
        .help("the path is relative to the file that names it");
    return;
  }
  load(*file, false, use.path_span);
}

void Resolver::declare_item(const ast::Decl* decl, bool own, bool library) {
  ast::Ident ident = ast::name_of(*decl);
  if (!ident) return;
  if (library) p_.from_library.insert(decl);
  if (find_builtin(ident.name.view()) || builtin_constant(ident.name.view())) {
    c_.diags
        .report(DiagKind::builtin_redefined, ident.span,
                fmt::format("'{}' is a builtin and can't be declared again", ident.name.view()))
        .help("choose another name");
    p_.broken.insert(decl);
    return;
  }
  auto [it, fresh] = p_.items.emplace(ident.name.str(), decl);
  if (!fresh) {
    c_.diags
        .report(DiagKind::duplicate_name, ident.span,
                fmt::format("'{}' is declared twice", ident.name.view()))
        .label(ast::name_of(*it->second).span, "first declared here");
    p_.broken.insert(decl);
    return;
  }
  if (own) {
    p_.own.push_back(decl);
    if (std::optional<std::string> path = c_.library.find(ident.name.view()))
      if (std::error_code e;
          !std::filesystem::equivalent(*path, std::string(c_.sources.path(ident.span)), e))
        c_.diags.report(
            DiagKind::shadows_library, ident.span,
            fmt::format("'{}' is used here instead of the library's", ident.name.view()));
  }
  pending_.push_back(decl);
}

const ast::Decl* Resolver::library_item(std::string_view name) {
  std::optional<std::string> path = c_.library.find(name);
  if (!path) return nullptr;
  std::optional<FileId> file = c_.sources.load(*path);
  if (!file || loaded_files_.contains(file->value)) return p_.find(name);
  loaded_files_.insert(file->value);
  const ast::File* tree = parse_file(c_.sources, *file, c_.context, c_.diags);
  if (tree)
    for (const ast::Decl* decl : tree->decls)
      if (ast::Ident ident = ast::name_of(*decl); ident && !p_.find(ident.name.view()))
        declare_item(decl, false, true);
  return p_.find(name);
}

void Resolver::resolve_pending() {
  while (!pending_.empty()) {
    const ast::Decl* decl = pending_.front();
    pending_.pop_front();
    resolve(*decl);
  }
  report_recursion();
}

// Depth-first over the calls, with an explicit stack: a call to a declaration still on it closes a
// cycle.
void Resolver::report_recursion() {
  std::map<const ast::Decl*, int> state; // 1 on the stack, 2 done
  for (const auto& [start, unused] : calls_) {
    if (state[start]) continue;
    std::vector<std::pair<const ast::Decl*, size_t>> stack{{start, 0}};
    state[start] = 1;
    while (!stack.empty()) {
      auto& [decl, next] = stack.back();
      const auto& out = calls_[decl];
      if (next == out.size()) {
        state[decl] = 2;
        stack.pop_back();
        continue;
      }
      auto [callee, span] = out[next++];
      if (state[callee] == 0) {
        state[callee] = 1;
        stack.emplace_back(callee, 0);
      } else if (state[callee] == 1) {
        std::string chain;
        auto from = std::find_if(stack.begin(), stack.end(),
                                 [&](const auto& s) { return s.first == callee; });
        for (auto it = from; it != stack.end(); ++it) {
          chain += ast::name_of(*it->first).name.str() + " → ";
          p_.broken.insert(it->first);
        }
        Diagnostic& d =
            c_.diags
                .report(DiagKind::recursion, span,
                        fmt::format("'{}' is defined by itself", ast::name_of(*callee).name.view()))
                .note("the way round: " + chain + ast::name_of(*callee).name.str());
        if (callee->as<ast::FunctionDecl>())
          d.help("write a loop: 'repeat', 'for' or 'while … max N'");
      }
    }
  }
}

} // namespace thalweg::sema
