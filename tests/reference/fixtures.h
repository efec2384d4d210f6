// Reads the fixtures of rules and replays what they were fed; shared by every test that compares
// with rules/*.json. The Python twin is sequences.py.
#pragma once
#include "reference/stream.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace thalweg::reference {

using Tensor = std::vector<double>;  // elements in row-major order
using Tensors = std::vector<Tensor>; // one for each parameter, in the order of `shapes`

struct Case {
  std::string name;
  std::uint64_t seed = 0;
  std::string use;          // the rule with its hyperparameters, as it stands in `using`
  std::string made_by;      // whose numbers
  bool closed = false;      // gradients of a quadratic, else the same wherever the rule asks
  bool curved = false;      // these, and beside them a Hessian
  bool answer = false;      // x is what the rule answers with
  double f32_error = 0;     // of the reference's own f32 run at the end
  std::map<int, Tensors> x; // parameters after so many steps; prefixes of tensors before the last
};

struct Fixture {
  std::string item;
  int steps = 0;
  std::vector<std::vector<std::int64_t>> shapes;
  nlohmann::json stream; // first numbers of the first case's stream
  std::vector<Case> cases;

  std::size_t size(std::size_t tensor) const {
    std::size_t n = 1;
    for (std::int64_t extent : shapes[tensor])
      n *= static_cast<std::size_t>(extent);
    return n;
  }
};

inline std::filesystem::path rules_folder() {
  return std::filesystem::path(THALWEG_SOURCE_DIR) / "tests" / "reference" / "rules";
}

// `item` is a file of rules/ without its ending.
inline Fixture load_fixture(const std::string& item) {
  const std::filesystem::path path = rules_folder() / (item + ".json");
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  const nlohmann::json file = nlohmann::json::parse(in);
  Fixture fixture{file.at("item"), file.at("steps"), file.at("shapes"), file.at("stream"), {}};
  for (const nlohmann::json& c : file.at("cases")) {
    Case one{c.at("name"),
             c.at("seed"),
             c.at("using"),
             c.at("made_by"),
             c.at("loop") == "closed",
             c.at("loop") == "curved",
             c.value("reads", "x") == "answer",
             c.at("f32_error"),
             {}};
    for (const auto& [step, tensors] : c.at("x").items())
      one.x[std::stoi(step)] = tensors;
    fixture.cases.push_back(std::move(one));
  }
  return fixture;
}

// The names of all fixtures, sorted.
inline std::vector<std::string> fixture_items() {
  std::vector<std::string> items;
  for (const auto& entry : std::filesystem::directory_iterator(rules_folder()))
    if (entry.path().extension() == ".json") items.push_back(entry.path().stem().string());
  std::sort(items.begin(), items.end());
  return items;
}

// The start and the gradients of one case.
class Replay {
public:
  Replay(const Fixture& fixture, const Case& c)
      : fixture_(fixture), closed_(c.closed), stream_(c.seed) {
    start_ = draw([this] { return stream_.uniform(); });
    if (c.curved) stiffness_ = draw([this] { return stream_.uniform(); });
    if (!closed_) return;
    centre_ = draw([this] { return stream_.uniform(); });
    stiffness_ = draw([this] { return 1.5 + stream_.uniform(); });
  }
  const Tensors& start() const { return start_; }
  // An open loop's gradients: each call is the next step's.
  Tensors gradients() {
    return draw([this] { return stream_.magnitude(); });
  }
  // A closed loop's gradient of one tensor at a point, in f64 or with the roundings of f32.
  Tensor gradient(std::size_t tensor, const Tensor& point, bool single) const {
    const auto rounded = [&](double value) {
      return single ? static_cast<double>(static_cast<float>(value)) : value;
    };
    Tensor g(point.size());
    for (std::size_t i = 0; i < g.size(); ++i)
      g[i] =
          rounded(rounded(stiffness_[tensor][i]) * rounded(point[i] - rounded(centre_[tensor][i])));
    return g;
  }
  // The Hessian, which is diagonal, times a direction; of closed and curved loops.
  Tensor product(std::size_t tensor, const Tensor& direction, bool single) const {
    const auto rounded = [&](double value) {
      return single ? static_cast<double>(static_cast<float>(value)) : value;
    };
    Tensor p(direction.size());
    for (std::size_t i = 0; i < p.size(); ++i)
      p[i] = rounded(rounded(stiffness_[tensor][i]) * direction[i]);
    return p;
  }
  bool closed() const { return closed_; }
  bool curved() const { return closed_ || !stiffness_.empty(); }

private:
  template <class Number> Tensors draw(const Number& number) {
    Tensors tensors(fixture_.shapes.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].resize(fixture_.size(i));
      for (double& value : tensors[i])
        value = number();
    }
    return tensors;
  }
  const Fixture& fixture_;
  bool closed_;
  Stream stream_;
  Tensors start_, centre_, stiffness_;
};

} // namespace thalweg::reference
