// One program read and resolved: what every command starts from.
#pragma once

#include "diag/render.h"
#include "irgen/elaborator.h"
#include "sema/program.h"

#include <fmt/format.h>

#include <string>

namespace thalweg::driver {

// Exit codes of the program, as documented in docs/cli.md.
enum ExitCode {
  kExitOk = 0,
  kExitProgram = 1, // the program, its data or the run is at fault; messages say how
  kExitUsage = 2,   // the command line is
  kExitInterrupted = 130,
  kExitInternal = 70, // a bug of Thalweg
};

class Front {
public:
  explicit Front(std::string library_root) : library(std::move(library_root)) {}
  // Reads the file and resolves its names; messages are in `diags`. False if it can't be read.
  bool load(const std::string& path);
  irgen::Unit unit(Graph& graph, DType precision) {
    return {program, sources, diags, graph, precision};
  }
  // For a command that looks at one declaration: mistakes elsewhere in the file are put aside while
  // it works. Runs `work` if the declaration itself is sound; if it fails without a word of its
  // own, what was put aside is the reason.
  template <class Work> void focus(const ast::Decl* decl, Work work);
  // Prints all messages to standard error; the exit code they mean.
  int report() const;
  // The declaration of that name, or the only one of its kind when the name is empty; reports
  // failures.
  template <class Kind> const ast::Decl* pick(const std::string& name, std::string_view what);
  std::string folder() const; // of the main file

  SourceManager sources;
  ast::Context context;
  Diagnostics diags;
  sema::Library library;
  sema::Program program;
  std::string path;
};

template <class Kind> const ast::Decl* Front::pick(const std::string& name, std::string_view what) {
  const ast::Decl* only = nullptr;
  int count = 0;
  std::string names;
  for (const ast::Decl* decl : program.own)
    if (decl->as<Kind>()) {
      std::string_view own = ast::name_of(*decl).name.view();
      if (own == name) return decl;
      names += (names.empty() ? "" : ", ") + std::string(own);
      only = decl;
      ++count;
    }
  // A name may also be an item of a used file or of the library.
  if (const ast::Decl* decl = name.empty() ? nullptr : program.find(name); decl && decl->as<Kind>())
    return decl;
  if (name.empty() && count == 1) return only;
  if (name.empty() && count == 0)
    diags.report(DiagKind::no_such_item, {}, fmt::format("{} declares no {}", path, what));
  else if (name.empty())
    diags
        .report(DiagKind::no_such_item, {},
                fmt::format("{} declares {} {}s; say which", path, count, what))
        .note("they are: " + names);
  else
    diags
        .report(DiagKind::no_such_item, {}, fmt::format("{} declares no {} '{}'", path, what, name))
        .note(names.empty() ? fmt::format("it declares no {} at all", what)
                            : "it declares: " + names);
  return nullptr;
}

template <class Work> void Front::focus(const ast::Decl* decl, Work work) {
  if (!decl || program.broken.contains(decl)) return;
  Diagnostics aside = diags;
  diags.clear();
  if (!work() && !diags.has_errors()) diags = aside;
}

// THALWEG_STDLIB, else beside the program (../stdlib, ../share/thalweg/stdlib), else where it was
// built.
std::string library_root(const std::string& program_path);

} // namespace thalweg::driver
