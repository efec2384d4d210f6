// `thalweg build`: libraries that C programs link, with the bits of the JIT.
#include "program.h"

#include "driver/bound_call.h"
#include "driver/front.h"
#include "irgen/rule.h"

#include <cstring>

using namespace thalweg;
using namespace thalweg::test;
using namespace thalweg::driver;

namespace {

constexpr int kCount = 1003, kSteps = 50;

// The same gradients here and in C: exact in f32.
template <class T> T gradient(int t, int i) {
  return static_cast<T>((i * 7 + t * 13) % 31 - 15) / 8;
}

const char* const kMain = R"(
#include "adamw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { N = 1003, STEPS = 50 };
#define RUN(REAL, SUFFIX)                                                        \
  static int run##SUFFIX(void) {                                                 \
    adamw_hyper hyper = adamw_defaults();                                        \
    static REAL x[N], g[N];                                                      \
    void* state = malloc(adamw_state_size##SUFFIX(N));                           \
    int i, t, status;                                                            \
    size_t b;                                                                    \
    unsigned char bytes[sizeof(REAL)];                                           \
    for (i = 0; i < N; ++i) x[i] = (REAL)(i % 17 - 8) / 4;                       \
    hyper.lr = -1;                                                               \
    if (adamw_init##SUFFIX(state, x, N, &hyper) != 5) return 20;                 \
    hyper.lr = 0.01;                                                             \
    status = adamw_init##SUFFIX(state, x, N, &hyper);                            \
    if (status != 0) return status;                                              \
    for (t = 1; t <= STEPS; ++t) {                                               \
      for (i = 0; i < N; ++i) g[i] = (REAL)((i * 7 + t * 13) % 31 - 15) / 8;     \
      hyper.beta1 = 1;                                                           \
      if (t == 9 && adamw_step##SUFFIX(state, x, g, N, &hyper) != 5) return 21;  \
      hyper.beta1 = 0.9;                                                         \
      status = adamw_step##SUFFIX(state, x, g, N, &hyper);                       \
      if (status != 0) return status;                                            \
    }                                                                            \
    for (i = 0; i < N; ++i) {                                                    \
      memcpy(bytes, &x[i], sizeof bytes);                                        \
      for (b = 0; b < sizeof bytes; ++b) printf("%02x", bytes[b]);               \
      printf("\n");                                                              \
    }                                                                            \
    free(state);                                                                 \
    return 0;                                                                    \
  }
RUN(double, )
RUN(float, _f32)
int main(void) {
  int status = run();
  return status != 0 ? status : run_f32();
}
)";

// The rule through the JIT, as a run drives it: one row of the table.
template <class T> std::string jit_bits(DType precision) {
  Front front(kLibrary);
  REQUIRE(front.load(kLibrary + "optimizers/AdamW.tw"));
  Graph graph;
  irgen::Unit unit = front.unit(graph, precision);
  auto call = irgen::default_call(unit, *front.program.own[0]);
  REQUIRE(call);
  auto rule = irgen::elaborate_rule(unit, {{}, *call}, 1);
  REQUIRE(rule);
  Pipeline pipeline(graph, front.diags, {});
  auto code = pipeline.compile({rule->initial, rule->step});
  REQUIRE(code);
  std::vector<T> x(kCount), g(kCount), m(kCount), v(kCount);
  for (int i = 0; i < kCount; ++i)
    x[static_cast<size_t>(i)] = static_cast<T>(i % 17 - 8) / 4;
  double t = 1;
  std::vector<double> hypers;
  for (const auto& hyper : rule->hypers)
    hypers.push_back(hyper.name == "lr" ? 0.01 : hyper.value);
  REQUIRE(rule->states.size() == 2);
  auto bind = [&](BoundCall& bound) {
    bound.rows({{{"size", kCount}}});
    size_t hyper = 0;
    for (size_t k = 0; k < rule->step.parameters.size(); ++k) {
      const std::string& name = rule->step.parameters[k].name;
      if (name == "t")
        bound.parameter(k, &t);
      else if (name.starts_with("hyper "))
        bound.parameter(k, &hypers[hyper++]);
      else if (name == "x")
        bound.row_parameter(0, k, x.data());
      else if (name == "gradient")
        bound.row_parameter(0, k, g.data());
      else if (name == "state m")
        bound.row_parameter(0, k, m.data());
      else if (name == "state v")
        bound.row_parameter(0, k, v.data());
    }
  };
  BoundCall initial((*code)[0]), step((*code)[1]);
  bind(initial);
  bind(step);
  initial.row_result(0, 0, m.data());
  initial.row_result(0, 1, v.data());
  REQUIRE(initial.prepare());
  REQUIRE(step.prepare());
  REQUIRE(initial.call() == TW_OK);
  for (int k = 1; k <= kSteps; ++k) {
    t = k;
    for (int i = 0; i < kCount; ++i)
      g[static_cast<size_t>(i)] = gradient<T>(k, i);
    REQUIRE(step.call(0, k) == TW_OK);
  }
  std::string text;
  for (const T& value : x) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    for (unsigned char byte : bytes)
      text += fmt::format("{:02x}", byte);
    text += "\n";
  }
  return text;
}

} // namespace

TEST_CASE("a library has the bits of the JIT and needs nothing but libc and libm") {
  Folder folder;
  Ran built = folder.thalweg("build " + kLibrary + "optimizers/AdamW.tw --out lib");
  REQUIRE(built.err == "");
  REQUIRE(built.code == 0);
  CHECK(built.out == "lib/libadamw.a\nlib/adamw.h\n");

  folder.file("main.c", kMain);
  Ran compiled = folder.shell(fmt::format(
      "{} -std=c99 -Wall -Wextra -pedantic -Werror -O1 -Ilib main.c -Llib -ladamw -lm -o main",
      THALWEG_CC));
  INFO(compiled.err);
  REQUIRE(compiled.code == 0);
  Ran ran = folder.shell("./main");
  CHECK(ran.code == 0);
  CHECK((ran.out == jit_bits<double>(DType::f64) + jit_bits<float>(DType::f32)));

  std::istringstream undefined(folder.shell(fmt::format("{} -u lib/libadamw.a", THALWEG_NM)).out);
  int looked_at = 0;
  for (std::string line; std::getline(undefined, line); ++looked_at) {
    std::istringstream words(line);
    std::string kind, symbol;
    if (!(words >> kind >> symbol)) continue;
    INFO(symbol);
    CHECK((symbol == "memset" || symbol == "memcpy" || symbol == "pow" || symbol == "sqrt"));
  }
  CHECK(looked_at > 0);

  SECTION("the same input gives the same bytes") {
    REQUIRE(folder.thalweg("build " + kLibrary + "optimizers/AdamW.tw --out again").code == 0);
    CHECK((folder.read("lib/libadamw.a") == folder.read("again/libadamw.a")));
    CHECK(folder.read("lib/adamw.h") == folder.read("again/adamw.h"));
    // and nothing else is left behind
    CHECK(folder.shell("ls again").out == "adamw.h\nlibadamw.a\n");
  }
}

TEST_CASE("the C program of the examples") {
  Folder folder;
  REQUIRE(folder.thalweg("build " + kLibrary + "optimizers/AdamW.tw --out lib").code == 0);
  Ran compiled = folder.shell(fmt::format("{} -std=c99 -Wall -Wextra -Werror -O2 -Ilib "
                                          "{}/examples/embed_c/main.c -Llib -ladamw -lm -o embed",
                                          THALWEG_CC, THALWEG_SOURCE_DIR));
  INFO(compiled.err);
  REQUIRE(compiled.code == 0);
  Ran ran = folder.shell("./embed");
  CHECK(ran.code == 0);
  CHECK(ran.out == "x[0] = 1.000000\nx[1] = -2.000000\nx[2] = 3.000000\nx[3] = 0.500000\n");
}

TEST_CASE("--set chooses the defaults and what is fixed") {
  Folder folder;
  REQUIRE(folder
              .thalweg("build " + kLibrary +
                       "optimizers/SGD.tw --out . --set SGD.lr=0.25 --set SGD.momentum=0.5 --set "
                       "SGD.nesterov=true")
              .code == 0);
  CHECK(folder.read("sgd.h").find("double lr; /* default 0.25 */") != std::string::npos);
  folder.file("main.c", R"(
#include "sgd.h"
#include <stdio.h>
int main(void) {
  sgd_hyper hyper = sgd_defaults();
  double state[64], x[2] = {1, 2}, g[2] = {4, -4};
  if (sgd_state_size(2) > sizeof state || sgd_init(state, x, 2, &hyper) || sgd_step(state, x, g, 2, &hyper)) return 1;
  printf("%g %g\n", x[0], x[1]);
  return 0;
}
)");
  REQUIRE(folder.shell(fmt::format("{} -I. main.c libsgd.a -lm -o main", THALWEG_CC)).code == 0);
  CHECK(folder.shell("./main").out == "-0.5 3.5\n"); // x - lr*(g + momentum*g)
}

TEST_CASE("rules that need more than a gradient are refused with what they need") {
  Folder folder;
  folder.file("rules.tw", R"(
optimizer Ahead(lr = 0.01) on tensor x { state v = 0
  v' = 0.9*v + ∇f(x - lr*v)
  x' = x - lr*v' }
optimizer Values(lr = 0.01) on tensor x { x' = x - lr*f(x)*∇f(x) }
optimizer Open(lr) on tensor x { x' = x - lr*∇f(x) }
optimizer Whole(lr = 0.01) on tensor x { x' = x - lr/norm(all ∇f(x))*∇f(x) }
optimizer Square(lr = 0.01) on matrix W { W' = W - lr*∇f(W) }
optimizer Fine(lr = 0.01) on tensor x { x' = x - lr*∇f(x) }
)");
  auto refused = [&](const std::string& name, const std::string& why) {
    INFO(name);
    Ran ran = folder.thalweg("build rules.tw --out out --optimizer " + name);
    INFO(ran.err);
    CHECK(ran.code == 1);
    CHECK(ran.out == "");
    CHECK(ran.says(why));
  };
  refused("Ahead", "it asks for ∇f at 1 other point");
  refused("Values", "it asks for f at x");
  refused("Whole", "it asks for reductions over all parameters");
  refused("Square", "it asks for matrix parameters");
  refused("Open", "error[missing-argument]: 'lr' has no default");
  refused("Nothing", "declares no optimizer 'Nothing'");
  CHECK(folder.thalweg("build rules.tw").says("say which"));
  CHECK(!std::filesystem::exists(folder.path("out")));
  CHECK(folder.thalweg("build rules.tw --out out --optimizer Fine").code == 0);
  Ran lost = folder.thalweg("build rules.tw --out rules.tw/out --optimizer Fine");
  CHECK(lost.code == 1);
  CHECK(lost.says("error[bad-output]"));
}

TEST_CASE("a library with linear algebra carries its functions and has the bits of a run") {
  Folder folder;
  const char* const rules = R"(
## The square root of the sum of outer products of gradients.
optimizer Full(lr = 0.1, eps = 1e-3) on vector x {
  state S = eps*eye(size(x))
  let g = ∇f(x)
  S' = S + g[:, new]*g
  x' = x - lr*solve(cholesky(S'), inverse_root(S', 2) @ g)
}
optimizer Negative() on vector x {
  let L = cholesky(-∇f(x)[:, new]*∇f(x))
  x' = x - L @ ∇f(x)
}
)";
  folder.file("rules.tw", rules);
  folder.file("run.tw", R"(use "rules.tw"
problem Bowl {
  param x: [3] = [1, -2, 3]
  minimize sumsq(x)/2
}
experiment e {
  minimize Bowl()
  using    Full()
  steps    5
}
)");
  for (const char* rule : {"Full", "Negative"}) {
    Ran built = folder.thalweg("build rules.tw --optimizer " + std::string(rule));
    INFO(built.err);
    REQUIRE(built.code == 0);
  }
  folder.file("main.c", R"(
#include "full.h"
#include "negative.h"
#include <stdio.h>
static double memory[4096];
int main(void) {
  double x[3] = {1, -2, 3};
  full_hyper hyper = full_defaults();
  if (full_state_size(3) > sizeof memory || full_init(memory, x, 3, &hyper)) return 1;
  for (int k = 0; k < 5; ++k) {
    double g[3] = {x[0], x[1], x[2]};
    if (full_step(memory, x, g, 3, &hyper)) return 2;
  }
  printf("%.17g %.17g %.17g\n", x[0], x[1], x[2]);
  negative_hyper none = negative_defaults();
  if (negative_state_size(3) > sizeof memory || negative_init(memory, x, 3, &none)) return 3;
  double g[3] = {1, 2, 3};
  printf("%d\n", negative_step(memory, x, g, 3, &none));
  return 0;
}
)");
  Ran compiled = folder.shell(
      fmt::format("{} -std=c99 -I. main.c libfull.a libnegative.a -lm -o main", THALWEG_CC));
  INFO(compiled.err);
  REQUIRE(compiled.code == 0);
  Ran ran = folder.shell("./main");
  REQUIRE(ran.code == 0);
  Ran run = folder.thalweg("run run.tw --json --quiet");
  INFO(run.err);
  REQUIRE(run.code == 0);
  const auto x = run.json()["runs"][0]["params"]["x"].get<std::vector<double>>();
  CHECK(ran.out == fmt::format("{:.17g} {:.17g} {:.17g}\n3\n", x[0], x[1], x[2]));
}
