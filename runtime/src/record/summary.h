// What is left of an experiment: summary.json, the JSON of --json, and the final parameters.
#pragma once

#include "base/tensor.h"
#include "record/json_text.h"
#include "record/recorder.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::runtime {

using NamedValues = std::vector<std::pair<std::string, RecordValue>>;

struct NamedTensor {
  std::string name;
  std::shared_ptr<const Tensor> tensor;
};

struct RunSummary {
  std::string name;
  int64_t steps = 0;
  double epochs = 0;
  std::string stopped_by;
  std::string message; // empty unless something is to be told (not finite, failed, done)
  RecordValue loss;
  NamedValues metrics, reports;
  // "f", "grad": points at which they were computed; empty where a rule asks at x alone
  std::vector<std::pair<std::string, int64_t>> evaluations;
  std::vector<NamedTensor> params;
  double seconds = 0;
};

struct ExperimentSummary {
  std::string experiment;
  std::vector<RunSummary> runs;
};

constexpr int64_t kMaxInlineElements = 10'000;

// Nested lists of the elements; a larger tensor becomes {"shape": […], "elements": n}.
Json tensor_json(const Tensor& tensor, int64_t limit = kMaxInlineElements);
// {experiment, runs: [{name, steps, epochs, stopped_by, message?, loss, metrics, reports, params,
// seconds}]}; blanks become null.
Json summary_json(const ExperimentSummary& summary);

// The folder of --out:
//   log.jsonl                    a line per recorded row of every run
//   summary.json                 summary_json
//   RUN/params/NAME.npy          final parameters of each run
class OutputFolder {
public:
  // Creates the folder and its parents. One that already holds something is refused unless `force`;
  // with it the earlier log and summary are removed first; parameters of runs with other names
  // stay.
  static Result<OutputFolder> open(const std::string& path, bool force);

  const std::string& path() const { return path_; }
  Result<LogFile> create_log() const;
  Outcome write_summary(const ExperimentSummary& summary) const; // summary.json and parameters

private:
  explicit OutputFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// A name as one path component: separators, control characters and a leading dot become %XX.
std::string file_component(const std::string& name);

} // namespace thalweg::runtime
