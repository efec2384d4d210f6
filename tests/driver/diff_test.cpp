// `thalweg diff`: the formulas printed are the derivatives, in every style.
#include "program.h"

#include <algorithm>

using namespace thalweg::test;

namespace {

// "name[shape] = expression" lines after the empty line; those of `where` are indented.
struct Equation {
  std::string left, right;
  bool where;
};
std::vector<Equation> equations(const std::string& text) {
  std::vector<Equation> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    size_t equals = line.find(" = ");
    if (equals == line.npos || line.find(": params") != line.npos) continue;
    bool where = line.starts_with("  ");
    all.push_back(
        {line.substr(where ? 2 : 0, equals - (where ? 2 : 0)), line.substr(equals + 3), where});
  }
  return all;
}

} // namespace

TEST_CASE("the gradient of a logistic regression as formulas") {
  Folder folder;
  folder.file("fit.tw", R"(
problem Fit(lambda = 1e-3) {
  data  X: [n, d]
  data  y: [n]
  param w: [d] = 0
  param b = 0
  let margin = y * (X @ w + b)
  minimize mean(log(1 + exp(-margin))) + lambda/2 * sumsq(w)
}
)");
  Ran ran = folder.thalweg("diff fit.tw");
  REQUIRE(ran.err == "");
  REQUIRE(ran.code == 0);
  for (const char* part :
       {"f = ", "∂f/∂w[d] = ", "∂f/∂b = ", "∂²f/∂w∂w[d, d] = ", "∂²f/∂b∂b = ",
        "margin = y * (X @ w + b)", "softplus(-margin)", "Xᵀ @", "\\nabla_{w} f &= ", "\\lambda"})
    CHECK(ran.out.find(part) != std::string::npos);
  Ran ascii = folder.thalweg("diff fit.tw --ascii");
  CHECK(std::all_of(ascii.out.begin(), ascii.out.end(), [](unsigned char c) { return c < 128; }));
  CHECK(ascii.out.find("df/dw[d] = ") != std::string::npos);
  Ran latex = folder.thalweg("diff fit.tw --latex");
  CHECK(latex.out.starts_with("f &= "));
  CHECK(ran.out.ends_with(latex.out));
}

TEST_CASE("the formulas evaluate to the derivatives") {
  // The printed text is put back into a problem and evaluated.
  const char* const objectives[] = {"exp(a*x)*sin(x)", "x^3/(1 + x^2)", "log(1 + exp(x))*√(x + 3)",
                                    "tanh(x)^2 - abs(x)", "if x > 0 then x^2 else -x"};
  for (const char* objective : objectives) {
    INFO(objective);
    Folder folder;
    folder.file("p.tw",
                fmt::format("problem P(a = 0.75) {{ param x = 0.4\n minimize {} }}\n", objective));
    auto expected = folder.thalweg("eval p.tw --what value,gradient,hessian --json").json();
    Ran diff = folder.thalweg("diff p.tw --ascii");
    REQUIRE(diff.code == 0);
    std::vector<Equation> all = equations(diff.out);
    std::string lets;
    for (auto it = all.rbegin(); it != all.rend(); ++it)
      if (it->where) lets += fmt::format("  let {} = {}\n", it->left, it->right);
    size_t tried = 0;
    for (const Equation& e : all) {
      if (e.where) continue;
      double wanted = e.left == "f"       ? expected["value"].get<double>()
                      : e.left == "df/dx" ? expected["gradient"]["x"].get<double>()
                                          : expected["hessian"]["x"]["x"].get<double>();
      folder.file("q.tw", fmt::format("problem Q(a = 0.75) {{ param x = 0.4\n{}  minimize {} }}\n",
                                      lets, e.right));
      Ran again = folder.thalweg("eval q.tw --json");
      INFO(e.left << " = " << e.right << "\n" << again.err);
      REQUIRE(again.code == 0);
      CHECK(again.json()["value"].get<double>() == Approx(wanted).epsilon(1e-13).margin(1e-15));
      ++tried;
    }
    CHECK(tried == 3);
  }
}

TEST_CASE("diff of a maximization has the objective's sign; refusals") {
  Folder folder;
  folder.file("up.tw", "problem Up { param x = 2\n maximize 3*x }\n");
  std::vector<Equation> all = equations(folder.thalweg("diff up.tw --ascii").out);
  REQUIRE(all.size() >= 2);
  CHECK(all[1].left == "df/dx");
  CHECK(all[1].right == "3");
  folder.file("rule.tw", "optimizer R(lr = 1) on tensor x { x' = x - lr*∇f(x) }\n");
  Ran none = folder.thalweg("diff rule.tw");
  CHECK(none.code == 1);
  CHECK(none.says("declares no problem"));
}
