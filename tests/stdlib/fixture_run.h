// One case of a fixture, stepped by the library's rule (tests/reference/rules).
#pragma once

#include "reference/fixtures.h"
#include "stdlib/rule_runner.h"

namespace thalweg::test {

// A rule that looks at shapes is compiled for each rank; any other runs over one table.
class FixtureRun {
public:
  FixtureRun(const reference::Fixture& fixture, const reference::Case& c, DType precision,
             Way way = Way::compiled);

  // The next step.
  int32_t step();
  // Parameters and states in bits, to be compared with another run's.
  std::vector<Tensor> everything() const;
  // x of a tensor, or what the rule answers with if the case is about that, by its place in the
  // fixture.
  std::vector<double> x(size_t tensor) const;

private:
  struct Part { // the tensors of one table
    std::vector<size_t> tensors;
    std::unique_ptr<RuleProgram> program;
    std::unique_ptr<driver::Pipeline> pipeline;
    std::unique_ptr<RuleRunner> runner;
  };
  void add(std::unique_ptr<RuleProgram> program, std::vector<size_t> tensors, Way way);

  const reference::Fixture& fixture_;
  reference::Replay replay_;
  bool single_, answer_;
  std::vector<Part> parts_;
};

// max |a - b| over the elements that b has; infinite where either is not finite.
double distance(const std::vector<double>& a, const std::vector<double>& b);
double largest(const std::vector<double>& values);

} // namespace thalweg::test
