// Data files of an experiment (see data_files.h).
#include "driver/data_files.h"

#include "base/file.h"
#include "base/memory.h"
#include "data/array_file.h"
#include "data/csv.h"

#include <algorithm>

namespace thalweg::driver {

namespace {

using irgen::DataSource;
using runtime::DataFault;
using runtime::DataFile;
using runtime::Result;

DiagKind kind_of(DataFault fault) {
  switch (fault) {
  case DataFault::content: return DiagKind::bad_data;
  case DataFault::file: return DiagKind::data_file;
  case DataFault::path: return DiagKind::data_path;
  case DataFault::missing: return DiagKind::missing_value;
  case DataFault::column: return DiagKind::unknown_column;
  case DataFault::shape: return DiagKind::data_shape;
  case DataFault::memory: return DiagKind::data_too_large;
  }
  return DiagKind::bad_data;
}

runtime::CsvOptions csv_options(const DataSource& source) {
  runtime::CsvOptions options;
  options.header = source.header;
  options.missing = source.missing == "drop"   ? runtime::Missing::drop
                    : source.missing == "mean" ? runtime::Missing::mean
                                               : runtime::Missing::error;
  if (source.target)
    options.target = *source.target;
  else if (source.target_number)
    options.target = *source.target_number;
  for (const std::string& column : source.columns)
    options.columns.emplace_back(column);
  options.memory = runtime::available_memory();
  return options;
}

Result<std::unique_ptr<DataFile>> open(const std::string& path, const DataSource& source,
                                       const std::vector<runtime::DataName>& names) {
  const runtime::ArrayOptions array{source.missing == "mean"};
  if (source.format == DataSource::Format::npz)
    return runtime::open_npz(path, source.path, names, source.members, array);
  Result<std::unique_ptr<runtime::ByteSource>> bytes = runtime::open_file(path, source.path);
  if (!bytes) return bytes.error();
  if (source.format == DataSource::Format::npy)
    return runtime::open_npy(std::move(*bytes), source.path, names.front(), array);
  return runtime::open_csv(std::move(*bytes), source.path, csv_options(source), names);
}

} // namespace

void report_data_error(Front& front, const runtime::DataError& error, Span span) {
  Diagnostic& d = front.diags.report(kind_of(error.fault), span, error.message());
  if (!error.help.empty()) d.help(error.help);
}

std::unique_ptr<DataFile> open_data_file(Front& front, const DataSource& source,
                                         const irgen::ProblemUnit& problem) {
  std::vector<runtime::DataName> names;
  for (const std::string& name : source.names) {
    const auto data = std::find_if(problem.data.begin(), problem.data.end(),
                                   [&](const auto& d) { return d.name == name; });
    names.push_back({name, static_cast<int64_t>(data->type.rank()), data->is_class});
  }
  Result<std::string> path = runtime::resolve_data_path(front.folder(), source.path);
  if (!path) {
    report_data_error(front, path.error(), source.path_span);
    return nullptr;
  }
  Result<std::unique_ptr<DataFile>> file = open(*path, source, names);
  if (!file) {
    report_data_error(front, file.error(), source.path_span);
    return nullptr;
  }
  bool csv = source.format == DataSource::Format::csv;
  for (size_t k = 0; k < (*file)->blocks.size(); ++k) {
    runtime::Block& block = (*file)->blocks[k];
    // Never the target of a table, nor what stands beside the first array of an archive.
    bool plain = csv ? source.has_target() && block.name == source.names.back() : k > 0;
    block.standardize = source.standardize && !plain;
    block.scale = plain ? 1 : source.scale;
  }
  return std::move(*file);
}

} // namespace thalweg::driver
