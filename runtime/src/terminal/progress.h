// Progress of a run: a bar that redraws itself on a terminal, a few plain lines elsewhere.
#pragma once

#include "terminal/terminal.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace thalweg::runtime {

struct ProgressState {
  int64_t done = 0;
  std::optional<int64_t> total; // unset: it is not known when the run ends
  std::optional<double> loss;
  double seconds = 0; // since the run began
};

// One line: name, bar, done/total, loss, steps/s, time left. Fits the width.
std::string progress_line(const std::string& name, const ProgressState& state,
                          const Terminal& terminal);
// "name: step 40/400  loss 0.1234"
std::string plain_progress_line(const std::string& name, const ProgressState& state);

// Writes through `sink` (the driver gives standard error). On a terminal at most ten drawings a
// second; else about ten lines, evenly spread over the steps, or at powers of two when the total is
// not known.
class Progress {
public:
  using Sink = std::function<void(const std::string&)>;
  Progress(std::string name, Terminal terminal, Sink sink)
      : name_(std::move(name)), terminal_(terminal), sink_(std::move(sink)) {}

  void update(const ProgressState& state);
  // Clears the bar, so that what follows begins on an empty line; the last plain line is written.
  void finish(const ProgressState& state);

private:
  void plain(const ProgressState& state);

  std::string name_;
  Terminal terminal_;
  Sink sink_;
  double drawn_at_ = -1;
  bool drawn_ = false;
  int64_t next_plain_ = 0;
  int64_t last_plain_ = -1;
};

} // namespace thalweg::runtime
