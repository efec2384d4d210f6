// render: messages as text, in the form users see.
#pragma once

#include <string>

#include "diag/diagnostics.h"
#include "support/source.h"

namespace thalweg {

struct RenderOptions {
  bool color = false;
  uint32_t tab_width = 4;
  size_t limit = 0; // messages shown by render_all; 0: all
};

std::string render(const Diagnostic& diagnostic, const SourceManager& sources,
                   const RenderOptions& options = {});
/// All messages, sorted by file and position, repeats dropped, a blank line between them.
std::string render_all(const Diagnostics& diagnostics, const SourceManager& sources,
                       const RenderOptions& options = {});
/// "2 errors, 1 warning", or "" when there is nothing to say.
std::string summary_line(const Diagnostics& diagnostics);

/// Text with control, invisible and direction-changing characters shown as <U+202E>.
std::string escape_for_display(std::string_view text);
/// Columns the text takes on a terminal.
size_t display_width(std::string_view text);

} // namespace thalweg
