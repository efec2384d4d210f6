// Every function of the library with a prox and every set with a projection: its laws, and the
// points that CVXPY finds.
#include "driver/commands.h"
#include "driver/problem_choice.h"
#include "driver/prox_laws.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace fs = std::filesystem;
using namespace thalweg;

namespace {

const std::string kLibrary = std::string(THALWEG_SOURCE_DIR) + "/stdlib";

bool brings(const ast::Decl& decl) {
  const auto* function = decl.as<ast::FunctionDecl>();
  const auto* set = decl.as<ast::SetDecl>();
  if (!function && !set) return false;
  for (const ast::AttachedClause& clause : function ? function->clauses : set->clauses)
    if (clause.kind == ast::AttachedClause::Kind::prox ||
        clause.kind == ast::AttachedClause::Kind::project)
      return true;
  return false;
}

std::vector<std::string> items() {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(kLibrary)) {
    if (entry.path().extension() != ".tw") continue;
    driver::Front front(kLibrary);
    if (!front.load(entry.path().string())) continue;
    if (brings(*front.program.own[0])) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

TEST_CASE("proximal operators and projections of the library keep their laws") {
  const std::vector<std::string> all = items();
  CHECK(all.size() >= 21);
  for (const std::string& path : all) {
    INFO(path);
    driver::Front front(kLibrary);
    REQUIRE(front.load(path));
    driver::CommonOptions options;
    const std::string lines = driver::prox_program(front, options);
    INFO(render_all(front.diags, front.sources));
    CHECK_FALSE(front.diags.has_errors());
    INFO(lines);
    // All of them are convex.
    CHECK(lines.find("firmly non-expansive") != lines.npos);
    CHECK(lines.find("30 random points") != lines.npos);
  }
}

TEST_CASE("proximal points and projections are those that CVXPY finds") {
  std::ifstream file(std::string(THALWEG_SOURCE_DIR) + "/tests/reference/prox.json");
  const nlohmann::json json = nlohmann::json::parse(file);
  std::vector<std::string> left = items();
  for (const auto& item : json["items"]) {
    const std::string name = item["name"];
    INFO(name);
    auto at = std::find_if(left.begin(), left.end(),
                           [&](const std::string& path) { return fs::path(path).stem() == name; });
    REQUIRE(at != left.end());
    // The item's file with the problem of its example.
    driver::Front front(kLibrary);
    std::ifstream source(*at);
    std::string text((std::istreambuf_iterator<char>(source)), {});
    {
      driver::Front alone(kLibrary);
      REQUIRE(alone.load(*at));
      text += driver::problem_of_example(*alone.program.own[0]);
    }
    left.erase(at);
    front.path = kLibrary + "/" + name + ".tw";
    sema::Compilation compilation{front.sources, front.context, front.library, front.diags};
    front.program = sema::analyze(compilation, front.sources.add(front.path, text));
    Graph graph;
    driver::CommonOptions options;
    auto chosen = driver::choose_problem(front, graph, options, "Example", {});
    INFO(render_all(front.diags, front.sources));
    REQUIRE(chosen);
    auto values = driver::assemble(front, graph, chosen->problem, chosen->given);
    REQUIRE(values);
    irgen::Unit unit = front.unit(graph, DType::f64);
    std::optional<irgen::Proximal> operators;
    for (size_t k = 0; k < chosen->problem.noted.size() && !operators; ++k)
      if (chosen->problem.noted[k].function->name.name == std::string_view(name))
        operators = irgen::proximal_of(unit, chosen->problem, k);
    if (!operators) operators = irgen::projection_of(unit, chosen->problem, 0);
    REQUIRE(operators);
    const driver::ProxLaws laws(graph, *operators, *values);
    for (const auto& one : item["cases"]) {
      const std::vector<double> y = one["y"], expected = one["z"];
      const auto z = laws.point(y, one["s"]);
      REQUIRE(z);
      REQUIRE(z->size() == expected.size());
      for (size_t i = 0; i < expected.size(); ++i)
        CHECK((*z)[i] == Approx(expected[i]).margin(2e-6));
    }
  }
  INFO("without reference points: " << (left.empty() ? "" : left[0]));
  CHECK(left.empty());
}
