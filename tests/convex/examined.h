// The objective of a problem in a text, examined with params and data at hand.
#pragma once

#include "driver/convexity.h"
#include "driver/problem_choice.h"

#include <memory>
#include <string>

namespace thalweg::test {

class Examined {
public:
  // `text` declares one problem; `at` are the values of its data: "A=[[1, 2]]".
  Examined(const std::string& text, const std::vector<std::string>& at);
  const convex::Facts& whole() { return analysis_->of(loss()); }
  std::vector<convex::Term> terms() { return convex::terms_of(*analysis_, loss()); }
  std::string explained() { return driver::explain(front_, *analysis_, chosen_->problem).text; }
  convex::Analysis& analysis() { return *analysis_; }
  ValueId loss() const { return chosen_->problem.objective.results[0].value; }
  const Graph& graph() const { return graph_; }

  // Every param drawn anew; all elements end to end.
  std::vector<double> draw(uint64_t& seed, double spread) const;
  // NaN where the objective can't be evaluated there.
  double value(const std::vector<double>& point) const;
  std::vector<double> values(ValueId id, const std::vector<double>& point) const;
  std::vector<double> gradient(const std::vector<double>& point);

private:
  std::vector<Tensor> inputs(const std::vector<double>& point) const;
  driver::Front front_;
  Graph graph_;
  std::optional<driver::ChosenProblem> chosen_;
  std::optional<driver::Evaluation> at_;
  std::unique_ptr<convex::Analysis> analysis_;
  std::optional<Function> gradient_;
};

} // namespace thalweg::test
