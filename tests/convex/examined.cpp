// A problem from a text, with values (see examined.h).
#include "convex/examined.h"

#include "driver/derivatives.h"
#include "support/check.h"

#include <cmath>

namespace thalweg::test {

Examined::Examined(const std::string& text, const std::vector<std::string>& at)
    : front_(std::string(THALWEG_SOURCE_DIR) + "/stdlib") {
  front_.path = std::string(THALWEG_SOURCE_DIR) + "/tests/convex/problem.tw";
  sema::Compilation compilation{front_.sources, front_.context, front_.library, front_.diags};
  front_.program = sema::analyze(compilation, front_.sources.add(front_.path, text));
  driver::CommonOptions options;
  chosen_ = driver::choose_problem(front_, graph_, options, "", at);
  if (chosen_) at_ = driver::assemble(front_, graph_, chosen_->problem, chosen_->given);
  TW_CHECK(at_, "{}\n{}", text, render_all(front_.diags, front_.sources));
  analysis_ = std::make_unique<convex::Analysis>(
      driver::question_of(front_, graph_, chosen_->problem, *at_, true));
}

std::vector<double> Examined::draw(uint64_t& seed, double spread) const {
  std::vector<double> point;
  for (size_t k = 0; k < chosen_->problem.parameters.size(); ++k)
    for (int64_t i = 0; i < at_->inputs[chosen_->problem.first_parameter() + k].size(); ++i) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      point.push_back(spread * (static_cast<double>(seed >> 11) * 0x1p-52 - 1));
    }
  return point;
}

std::vector<Tensor> Examined::inputs(const std::vector<double>& point) const {
  std::vector<Tensor> inputs = at_->inputs;
  size_t next = 0;
  for (size_t k = 0; k < chosen_->problem.parameters.size(); ++k) {
    Tensor& x = inputs[chosen_->problem.first_parameter() + k];
    for (int64_t i = 0; i < x.size(); ++i)
      x.set_number(i, point[next++]);
  }
  return inputs;
}

std::vector<double> Examined::values(ValueId id, const std::vector<double>& point) const {
  Function f = chosen_->problem.objective;
  f.results = {{"value", id, false, -1}};
  InterpreterOptions options;
  options.bindings = at_->sizes;
  Evaluated out = Interpreter(graph_, options).evaluate(f, inputs(point));
  std::vector<double> numbers;
  if (out.ok())
    for (int64_t i = 0; i < out.results[0].size(); ++i)
      numbers.push_back(out.results[0].number(i));
  return numbers;
}

double Examined::value(const std::vector<double>& point) const {
  std::vector<double> one = values(loss(), point);
  return one.empty() ? std::nan("") : one[0];
}

std::vector<double> Examined::gradient(const std::vector<double>& point) {
  if (!gradient_)
    gradient_ = driver::derive(front_, graph_, driver::loss_of(graph_, chosen_->problem),
                               driver::Derivative::gradient);
  TW_CHECK(gradient_, "no gradient");
  InterpreterOptions options;
  options.bindings = at_->sizes;
  Evaluated out = Interpreter(graph_, options).evaluate(*gradient_, inputs(point));
  std::vector<double> flat;
  for (size_t r = 1; out.ok() && r < out.results.size(); ++r)
    for (int64_t i = 0; i < out.results[r].size(); ++i)
      flat.push_back(out.results[r].number(i));
  return flat;
}

} // namespace thalweg::test
