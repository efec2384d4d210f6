// Whole experiments run in this process, with what a test looks at afterwards.
#pragma once

#include "driver/experiment_run.h"
#include "loop/run_loop.h"

#include <memory>
#include <string>
#include <vector>

namespace thalweg::test {

// The text of a file of the source tree.
std::string source_file(const std::string& path);
// An experiment on a problem, with `end` saying where it ends.
std::string experiment_text(const std::string& problem, const std::string& use,
                            const std::string& end);

struct RunResult {
  std::vector<uint8_t> bits;  // all parameters of the racer, as they lie in memory
  std::vector<double> params; // the same as numbers
  std::vector<runtime::RecordRow> rows;
  runtime::LoopOutcome outcome;
};

// An experiment made ready.
class ExperimentProgram {
public:
  // A file of the source tree, or with `text` a program that would lie there.
  explicit ExperimentProgram(const std::string& path, const driver::CommonOptions& options = {},
                             const std::string& text = "");
  RunResult run(size_t racer = 0);
  driver::Pipeline& pipeline() { return *run_->pipeline; }
  driver::ExperimentRun& prepared() { return *run_; }

private:
  driver::Front front_;
  std::unique_ptr<driver::ExperimentRun> run_;
};

// One racer from its start to its end.
RunResult run_experiment(const std::string& path, const driver::CommonOptions& options = {},
                         const std::string& text = "");

} // namespace thalweg::test
