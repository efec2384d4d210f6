// The commands of the program; each returns an exit code (front.h).
#pragma once

#include "driver/front.h"
#include "driver/pipeline.h"

#include <optional>
#include <string>
#include <vector>

namespace thalweg::driver {

// What several commands share.
struct CommonOptions {
  std::string file;
  std::string library;           // folder of the standard library
  std::vector<std::string> sets; // NAME=VALUE
  std::string precision;         // "" = the program's
  PipelineOptions pipeline;
  bool time_passes = false;
  bool json = false;
};

struct RunOptions {
  CommonOptions common;
  std::string experiment; // "" = all
  std::string out;
  bool force = false, quiet = false, ascii = false;
};
int run_command(const RunOptions& options);

struct CheckOptions {
  CommonOptions common;
  bool cost = false;    // what a step of the rules costs
  bool prox = false;    // laws of proximal operators and projections
  bool explain = false; // curvature, smoothness and prox of the terms of its objectives
};
int check_command(const CheckOptions& options);
// The laws of proximal operators and projections; for `check --prox`.
std::string prox_program(Front& front, const CommonOptions& options);
// The verdicts about all problems of the file; for `check --explain`.
std::string explain_program(Front& front, const CommonOptions& options);

struct FmtOptions {
  std::vector<std::string> files;
  bool in_place = false, check = false;
};
int fmt_command(const FmtOptions& options);

struct DiffOptions {
  CommonOptions common;
  std::string problem;
  bool latex = false, ascii = false;
};
int diff_command(const DiffOptions& options);

struct EvalOptions {
  CommonOptions common;
  std::string problem;
  std::vector<std::string> at; // "x=[1, 2]"; also data: "X=data.csv" is not read here
  std::string what = "value";
};
int eval_command(const EvalOptions& options);

struct TraceOptions {
  CommonOptions common;
  std::string experiment, racer;
  int64_t steps = 3;
};
int trace_command(const TraceOptions& options);

struct PlotOptions {
  CommonOptions common;
  std::string schedule;   // an expression; "" = those of the experiments
  std::string experiment; // "" = all
  int64_t steps = 0;      // 0 = the experiment's
  double steps_per_epoch = 1;
  bool ascii = false;
  std::optional<bool> log; // a logarithmic axis; unset: where the values ask for it
};
int plot_command(const PlotOptions& options);

struct FindLrOptions {
  CommonOptions common;
  std::string experiment, racer;
  std::string hyper = "lr";
  double low = 1e-7, high = 10;
  int64_t steps = 100;
  double smooth = 0.9; // what is kept of the running mean of the loss
  bool ascii = false;
};
int find_lr_command(const FindLrOptions& options);

struct SolveOptions {
  CommonOptions common;
  std::string problem;
  std::string method;      // "" = by what the problem offers
  double tolerance = 1e-6; // of the largest element of the gradient
  int64_t steps = 10000;
  bool quiet = false, ascii = false;
};
int solve_command(const SolveOptions& options);

struct GradCheckOptions {
  CommonOptions common;
  std::string problem;
  std::vector<std::string> at;
  int64_t points = 5;
  uint64_t seed = 0;
  bool ascii = false;
};
int gradcheck_command(const GradCheckOptions& options);

struct DocOptions {
  std::string library;
  std::vector<std::string> names; // of items; none: a list of all
  bool markdown = false;          // the page of all items
};
int doc_command(const DocOptions& options);

struct BuildOptions {
  CommonOptions common;
  std::string optimizer;
  std::string out = ".";
};
int build_command(const BuildOptions& options);

// Phases and their times on standard error.
void print_times(const Pipeline& pipeline, double parse_seconds);
// Kernels with times, bytes and the share of the memory's bandwidth, on standard error. `seconds`:
// of the runs that they are part of; 0 if there was none.
void print_profile(const Pipeline& pipeline, const SourceManager& sources, double seconds);

} // namespace thalweg::driver
