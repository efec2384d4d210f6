// Summaries and the output folder, see summary.h.
#include "record/summary.h"

#include "base/file.h"
#include "data/npy.h"

#include <filesystem>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

Json element_json(const Tensor& tensor, int64_t index) {
  if (tensor.scalar() == Scalar::i64) return tensor.as<int64_t>()[index];
  if (tensor.scalar() == Scalar::f32) return json_number_f32(tensor.as<float>()[index]);
  return json_number(tensor.as<double>()[index]);
}

Json values_json(const NamedValues& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values)
    json[name] = value ? json_number(*value) : Json(nullptr);
  return json;
}

Json run_json(const RunSummary& run) {
  Json json = {{"name", run.name},
               {"steps", run.steps},
               {"epochs", json_number(run.epochs)},
               {"stopped_by", run.stopped_by}};
  if (!run.message.empty()) json["message"] = run.message;
  json["loss"] = run.loss ? json_number(*run.loss) : Json(nullptr);
  json["metrics"] = values_json(run.metrics);
  json["reports"] = values_json(run.reports);
  if (!run.evaluations.empty()) {
    Json& counts = json["evaluations"] = Json::object();
    for (const auto& [name, count] : run.evaluations)
      counts[name] = count;
  }
  json["params"] = Json::object();
  for (const NamedTensor& param : run.params)
    json["params"][param.name] = tensor_json(*param.tensor);
  json["seconds"] = json_number(run.seconds);
  return json;
}

} // namespace

Json tensor_json(const Tensor& tensor, int64_t limit) {
  if (tensor.elements() > limit)
    return {{"shape", tensor.shape()}, {"elements", tensor.elements()}};
  if (tensor.shape().empty()) return element_json(tensor, 0);
  // Innermost rows first; then each axis wraps the lists that it counts.
  std::vector<Json> items;
  for (int64_t i = 0; i < tensor.elements(); ++i)
    items.push_back(element_json(tensor, i));
  for (size_t axis = tensor.shape().size(); axis-- > 0;) {
    const int64_t size = tensor.shape()[axis];
    int64_t outer = 1; // lists to make for this axis
    for (size_t k = 0; k < axis; ++k)
      outer *= tensor.shape()[k];
    std::vector<Json> lists;
    for (int64_t i = 0; i < outer; ++i) {
      Json list = Json::array();
      for (int64_t j = 0; j < size; ++j)
        list.push_back(std::move(items[static_cast<size_t>(i * size + j)]));
      lists.push_back(std::move(list));
    }
    items = std::move(lists);
  }
  return std::move(items[0]);
}

Json summary_json(const ExperimentSummary& summary) {
  Json json = {{"experiment", summary.experiment}, {"runs", Json::array()}};
  for (const RunSummary& run : summary.runs)
    json["runs"].push_back(run_json(run));
  return json;
}

std::string file_component(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const bool bad = byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == '%' ||
                     (byte == '.' && i == 0);
    out += bad ? fmt::format("%{:02X}", byte) : std::string(1, name[i]);
  }
  return out.empty() ? "%" : out;
}

Result<OutputFolder> OutputFolder::open(const std::string& path, bool force) {
  namespace fs = std::filesystem;
  const auto fail = [&](std::string text, std::string help = "") {
    return DataError{path, 0, 0, std::move(text), std::move(help)};
  };
  if (path.empty() || path.find('\0') != path.npos) return fail("is no name for a folder");
  std::error_code error;
  const fs::path folder(path);
  if (fs::exists(folder, error) && !fs::is_directory(folder, error))
    return fail("exists and is not a folder");
  fs::create_directories(folder, error);
  if (error) return fail("cannot be created: " + system_error_text(error.value()));
  const bool empty = fs::is_empty(folder, error);
  if (error) return fail("cannot be read: " + system_error_text(error.value()));
  if (!empty && !force)
    return fail("is not empty", "choose another folder, or overwrite its results with --force");
  for (const char* name : {"log.jsonl", "summary.json"}) {
    fs::remove(folder / name, error);
    if (error) return fail("cannot be cleared: " + system_error_text(error.value()));
  }
  return OutputFolder(path);
}

Result<LogFile> OutputFolder::create_log() const { return LogFile::create(path_ + "/log.jsonl"); }

Outcome OutputFolder::write_summary(const ExperimentSummary& summary) const {
  // Parameters first: a summary that exists tells that everything beside it is complete.
  for (const RunSummary& run : summary.runs) {
    const std::string folder = fmt::format("{}/{}/params", path_, file_component(run.name));
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
      return DataError{folder, 0, 0, "cannot be created: " + system_error_text(error.value()), ""};
    for (const NamedTensor& param : run.params) {
      const std::string file = fmt::format("{}/{}.npy", folder, file_component(param.name));
      if (Outcome written = write_npy(file, *param.tensor); !written) return written;
    }
  }
  return write_file_atomically(path_ + "/summary.json", print_json_pretty(summary_json(summary)));
}

} // namespace thalweg::runtime
