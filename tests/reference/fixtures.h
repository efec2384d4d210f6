// Reads the optimizer fixtures and replays their runs; shared by every test that compares with
// torch/*.json.
#pragma once
#include "reference/stream.h"

#include <cstdint>
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
  std::map<std::string, nlohmann::json> hyper; // what differs from the item's defaults
  double max_norm = 0;                         // of a clipping case, else 0
  nlohmann::json stream;                       // first numbers of the stream
  std::map<int, Tensors> f64, f32;             // parameters after so many steps
};

struct Fixture {
  std::string item;
  int steps = 0;
  std::vector<std::vector<std::int64_t>> shapes;
  std::vector<Case> cases;

  std::size_t size(std::size_t tensor) const {
    std::size_t n = 1;
    for (std::int64_t extent : shapes[tensor])
      n *= static_cast<std::size_t>(extent);
    return n;
  }
};

// `item` is a file of torch/ without its ending.
inline Fixture load_fixture(const std::string& item) {
  const std::string path =
      std::string(THALWEG_SOURCE_DIR) + "/tests/reference/torch/" + item + ".json";
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  const nlohmann::json file = nlohmann::json::parse(in);
  Fixture fixture{file.at("item"), file.at("steps"), file.at("shapes"), {}};
  const auto runs = [](const nlohmann::json& steps) {
    std::map<int, Tensors> result;
    for (const auto& [step, tensors] : steps.items())
      result[std::stoi(step)] = tensors;
    return result;
  };
  for (const nlohmann::json& c : file.at("cases"))
    fixture.cases.push_back({c.at("name"), c.at("seed"), c.at("hyper"), c.value("max_norm", 0.0),
                             c.at("stream"), runs(c.at("f64")), runs(c.at("f32"))});
  return fixture;
}

// The start and the gradients of one case. Each call of `gradients` is the next step's.
class Replay {
public:
  Replay(const Fixture& fixture, const Case& c) : fixture_(fixture), stream_(c.seed) {
    start_ = draw(&Stream::uniform);
  }
  const Tensors& start() const { return start_; }
  Tensors gradients() { return draw(&Stream::magnitude); }

private:
  Tensors draw(double (Stream::*next)()) {
    Tensors tensors(fixture_.shapes.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].resize(fixture_.size(i));
      for (double& value : tensors[i])
        value = (stream_.*next)();
    }
    return tensors;
  }
  const Fixture& fixture_;
  Stream stream_;
  Tensors start_;
};

} // namespace thalweg::reference
