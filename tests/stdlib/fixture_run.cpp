// Fixtures stepped by the library's rules (see fixture_run.h).
#include "stdlib/fixture_run.h"

#include <cmath>
#include <limits>
#include <set>

namespace thalweg::test {

using reference::Case;
using reference::Fixture;
using reference::Tensors;

FixtureRun::FixtureRun(const Fixture& fixture, const Case& c, DType precision, Way way)
    : fixture_(fixture), replay_(fixture, c), single_(precision == DType::f32), answer_(c.answer) {
  auto flat = std::make_unique<RuleProgram>(c.use, precision);
  if (!flat->unit.shape_sensitive) {
    std::vector<size_t> all(fixture.shapes.size());
    for (size_t k = 0; k < all.size(); ++k)
      all[k] = k;
    add(std::move(flat), std::move(all), way);
    return;
  }
  std::set<size_t> ranks;
  for (const auto& shape : fixture.shapes)
    ranks.insert(shape.size());
  for (size_t rank : ranks) {
    std::vector<size_t> tensors;
    for (size_t k = 0; k < fixture.shapes.size(); ++k)
      if (fixture.shapes[k].size() == rank) tensors.push_back(k);
    add(std::make_unique<RuleProgram>(c.use, precision, "", rank), std::move(tensors), way);
  }
}

void FixtureRun::add(std::unique_ptr<RuleProgram> program, std::vector<size_t> tensors, Way way) {
  Part part{std::move(tensors), std::move(program), nullptr, nullptr};
  part.pipeline.reset(new driver::Pipeline(part.program->pipeline())); // it can't be moved
  part.runner = std::make_unique<RuleRunner>(*part.program, *part.pipeline, way);
  Tensors start;
  RuleRunner::Shapes shapes;
  for (size_t k : part.tensors) {
    start.push_back(replay_.start()[k]);
    shapes.push_back(fixture_.shapes[k]);
  }
  part.runner->start(start, shapes);
  if (replay_.curved())
    part.runner->curvature([this, own = part.tensors](size_t row, const std::vector<double>&,
                                                      const std::vector<double>& direction) {
      return replay_.product(own[row], direction, single_);
    });
  parts_.push_back(std::move(part));
}

int32_t FixtureRun::step() {
  const Tensors fed = replay_.closed() ? Tensors() : replay_.gradients();
  for (Part& part : parts_)
    if (int32_t status = part.runner->step([&](size_t row, const std::vector<double>& point) {
          size_t tensor = part.tensors[row];
          return replay_.closed() ? replay_.gradient(tensor, point, single_) : fed[tensor];
        }))
      return status;
  return 0;
}

std::vector<Tensor> FixtureRun::everything() const {
  std::vector<Tensor> all;
  for (const Part& part : parts_)
    for (Tensor& tensor : part.runner->everything())
      all.push_back(std::move(tensor));
  return all;
}

std::vector<double> FixtureRun::x(size_t tensor) const {
  for (const Part& part : parts_)
    for (size_t row = 0; row < part.tensors.size(); ++row)
      if (part.tensors[row] == tensor) {
        const Tensor x = answer_ ? part.runner->answer()[row] : part.runner->row(row, "x");
        std::vector<double> values(static_cast<size_t>(x.size()));
        for (size_t i = 0; i < values.size(); ++i)
          values[i] = x.number(static_cast<int64_t>(i));
        return values;
      }
  return {};
}

double largest(const std::vector<double>& values) {
  double top = 0;
  for (double value : values)
    top = std::max(top, std::abs(value));
  return top;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double top = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    double d = i < a.size() ? std::abs(a[i] - b[i]) : std::numeric_limits<double>::infinity();
    top = std::isfinite(d) ? std::max(top, d) : std::numeric_limits<double>::infinity();
  }
  return top;
}

} // namespace thalweg::test
