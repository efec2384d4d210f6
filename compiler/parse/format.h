// format: a file in its canonical layout (`thalweg fmt`); spelling, comments and line breaks inside
// statements stay the author's.
#pragma once

#include <optional>
#include <string>

#include "diag/diagnostics.h"
#include "support/source.h"

namespace thalweg {

/// Nothing if the file has syntax errors, which are reported. Formatting the result again gives
/// the same text, and the result has the same syntax tree as the file.
std::optional<std::string> format_file(const SourceManager& sources, FileId file,
                                       Diagnostics& diagnostics);

} // namespace thalweg
