// A `given` line as plain data: the file, its kind, and how it is read.
#pragma once

#include "irgen/elaborator.h"

namespace thalweg::irgen {

struct DataSource {
  enum class Format { csv, npy, npz };
  Format format = Format::csv;
  std::vector<std::string>
      names;        // of the problem's data; csv: the last is the target if one is named
  std::string path; // as written; relative to the experiment's file
  std::optional<std::string> target;    // csv: the column's name
  std::optional<int64_t> target_number; // or its number, from 0
  std::vector<std::string> columns;     // csv: empty for all but the target
  std::vector<std::string> members;     // npz: the array of each name
  std::string missing = "error";
  std::optional<bool> header; // csv
  bool standardize = false;   // these two never of a target, nor of later arrays of an archive
  double scale = 1;
  Span span, path_span, target_span;

  bool has_target() const { return target || target_number; }
};

std::optional<DataSource> elaborate_given(const Unit& unit, const ast::GivenClause& clause);

} // namespace thalweg::irgen
