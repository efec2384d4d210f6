// Libraries made ahead of time: linked and called by a C program, the bits of the JIT, nothing
// undefined.
#include "aot/aot.h"
#include "aot/library.h"

#include "codegen/program_builder.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace thalweg;
using namespace thalweg::test;
using aot::Binding;
using Kind = aot::Binding::Kind;

namespace {

// A folder that goes away with the test.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               fmt::format("thalweg_aot_{}_{}", getpid(), counter++);
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name, const std::string& text = "") const {
    if (!text.empty()) std::ofstream(path / name, std::ios::binary) << text;
    return (path / name).string();
  }
  static inline int counter = 0;
};

struct Outcome {
  int status;
  std::string text;
};
Outcome shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe);
  std::string text;
  std::array<char, 4096> part;
  while (size_t size = fread(part.data(), 1, part.size(), pipe))
    text.append(part.data(), size);
  return {pclose(pipe), text};
}

// Hyperparameters: rate (real), burn (integer), strong (boolean), decay (real). Per element, with
// the speed s as state, a shared state that counts calls, and a temporary u:
//   u = (1 - decay^t)·g + |log(1 + s²)|,  s' = 0.5·s + u,  x' = x - rate·(s' + strong·burn·x)
// A negative rate ends the step with status 5.
enum Hyper { kRate, kBurn, kStrong, kDecay };

Program step_program(DType real) {
  ProgramBuilder b("step_rule", {});
  b.program().tensor_symbols = {"k"};
  const Dim k = Dim::symbol("k");
  using Role = Buffer::Role;
  const BufferId rate = b.buffer("rate", DType::f64, {}), burn = b.buffer("burn", DType::f64, {});
  const BufferId strong = b.buffer("strong", DType::boolean, {});
  const BufferId decay = b.buffer("decay", DType::f64, {}), t = b.buffer("t", DType::f64, {});
  const BufferId half = b.buffer("half", real, {});
  const BufferId calls = b.buffer("calls", DType::i64, {}, Role::in_out);
  const BufferId x = b.buffer("x", real, {k}, Role::in_out, true);
  const BufferId g = b.buffer("g", real, {k}, Role::input, true);
  const BufferId s = b.buffer("s", real, {k}, Role::in_out, true);
  const BufferId u = b.buffer("u", real, {k}, Role::temporary, true);
  const Val zero = b.constant(DType::f64, 0), one = b.constant(DType::f64, 1);
  b.status_check(b.op(Op::lt, {b.load(rate), zero}), TW_REQUIRE_VIOLATED);
  const Val correction =
      b.cast(real, b.op(Op::sub, {one, b.op(Op::pow, {b.load(decay), b.load(t)})}));
  const Val weight = b.cast(real, b.op(Op::select, {b.load(strong), b.load(burn), zero}));
  const Val step = b.cast(real, b.load(rate));
  b.store(calls, b.op(Op::add, {b.load(calls), b.constant(DType::i64, 1)}));
  b.rows([&] {
    b.loop(Loop::Kind::vector, k, [&](Var i) {
      const Val speed = b.load(s, {{i, 1}});
      const Val grown = b.op(Op::abs, {b.op(Op::log1p, {b.op(Op::mul, {speed, speed})})});
      b.store(u, b.op(Op::fma, {correction, b.load(g, {{i, 1}}), grown}), {{i, 1}});
    });
    b.loop(Loop::Kind::vector, k, [&](Var i) {
      const Val next =
          b.op(Op::add, {b.op(Op::mul, {b.load(half), b.load(s, {{i, 1}})}), b.load(u, {{i, 1}})});
      b.store(s, next, {{i, 1}});
      const Val before = b.load(x, {{i, 1}});
      const Val way = b.op(Op::add, {next, b.op(Op::mul, {weight, before})});
      b.store(x, b.op(Op::sub, {before, b.op(Op::mul, {step, way})}), {{i, 1}});
    });
  });
  return b.done();
}

// s = x/4, calls = 100
Program init_program(DType real) {
  ProgramBuilder b("init_rule", {});
  b.program().tensor_symbols = {"k"};
  const Dim k = Dim::symbol("k");
  const BufferId calls = b.buffer("calls", DType::i64, {}, Buffer::Role::output);
  const BufferId x = b.buffer("x", real, {k}, Buffer::Role::input, true);
  const BufferId s = b.buffer("s", real, {k}, Buffer::Role::output, true);
  b.store(calls, b.constant(DType::i64, 100));
  const Val quarter = b.constant(real, 0.25);
  b.rows([&] {
    b.loop(Loop::Kind::vector, k,
           [&](Var i) { b.store(s, b.op(Op::mul, {b.load(x, {{i, 1}}), quarter}), {{i, 1}}); });
  });
  return b.done();
}

aot::LibrarySpec rule_spec() {
  aot::LibrarySpec spec;
  spec.prefix = "rule";
  spec.title = "for tests; a doc */ may not end the comment";
  spec.hyperparameters = {{"rate", 0.1, DType::f64, "the rate"},
                          {"burn", 3, DType::i64, ""},
                          {"strong", 1, DType::boolean, ""},
                          {"decay", 0.9, DType::f64, ""}};
  for (DType real : {DType::f64, DType::f32}) {
    aot::Variant variant;
    variant.dtype = real;
    variant.states = {{DType::i64, 1}, {real, n()}};
    const Dim count = n();
    variant.init = {
        init_program(real), {{Kind::state, 0}}, {{Kind::x}, {Kind::state, 1}}, {}, {count}};
    variant.step = {step_program(real),
                    {{Kind::hyper, kRate},
                     {Kind::hyper, kBurn},
                     {Kind::hyper, kStrong},
                     {Kind::hyper, kDecay},
                     {Kind::step_number},
                     {Kind::constant, 0, 0.5},
                     {Kind::state, 0}},
                    {{Kind::x}, {Kind::gradient}, {Kind::state, 1}, {Kind::scratch}},
                    {},
                    {count}};
    spec.variants.push_back(std::move(variant));
  }
  return spec;
}

constexpr int kCount = 45, kSteps = 7;

// The gradient of step t at element i, exact in f32.
constexpr const char* kMain = R"(
#include "rule.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { N = 45, STEPS = 7 };
#define RUN(REAL, SUFFIX)                                                      \
  static int run##SUFFIX(void) {                                               \
    rule_hyper hyper = rule_defaults();                                        \
    REAL x[N], g[N];                                                           \
    size_t size = rule_state_size##SUFFIX(N), b;                               \
    void* state = malloc(size);                                                \
    int i, t, status;                                                          \
    unsigned char bytes[sizeof(REAL)];                                         \
    for (i = 0; i < N; ++i) x[i] = (REAL)(i - 20) / 16;                        \
    if (rule_step##SUFFIX(memset(state, 9, size), x, g, N, &hyper) != 7) return 11; \
    status = rule_init##SUFFIX(state, x, N, &hyper);                           \
    if (status != 0) return status;                                            \
    if (rule_step##SUFFIX(state, x, g, N - 1, &hyper) != 6) return 12;         \
    if (rule_step##SUFFIX(state, NULL, g, N, &hyper) != 7) return 13;          \
    if (rule_init##SUFFIX(NULL, x, N, &hyper) != 7) return 14;                 \
    for (t = 1; t <= STEPS; ++t) {                                             \
      for (i = 0; i < N; ++i) g[i] = (REAL)((i * 7 + t * 3) % 11 - 5) / 4;     \
      hyper.rate = -1;                                                         \
      if (t == 4 && rule_step##SUFFIX(state, x, g, N, &hyper) != 5) return 15; \
      hyper.rate = 0.1 / t;                                                    \
      status = rule_step##SUFFIX(state, x, g, N, &hyper);                      \
      if (status != 0) return status;                                          \
    }                                                                          \
    for (i = 0; i < N; ++i) {                                                  \
      memcpy(bytes, &x[i], sizeof bytes);                                      \
      for (b = 0; b < sizeof bytes; ++b) printf("%02x", bytes[b]);             \
      printf("\n");                                                            \
    }                                                                          \
    free(state);                                                               \
    return 0;                                                                  \
  }
RUN(double, )
RUN(float, _f32)
int main(void) {
  rule_hyper hyper = rule_defaults();
  int status;
  if (hyper.rate != 0.1 || hyper.burn != 3 || !hyper.strong || hyper.decay != 0.9) return 10;
  status = run();
  return status != 0 ? status : run_f32();
}
)";

// The same run through the JIT of the same target.
template <typename T> std::string jit_run(const codegen::TargetSpec& target) {
  jit::Jit jit(target);
  const Program programs[] = {init_program(dtype_for<T>), step_program(dtype_for<T>)};
  const jit::Compiled compiled = jit.compile(programs);
  std::vector<T> x, g(kCount), s(kCount), u(kCount);
  for (int i = 0; i < kCount; ++i)
    x.push_back(static_cast<T>(i - 20) / 16);
  int64_t calls = 0, dims[] = {kCount};
  const auto run = [&](const char* name, std::vector<void*> slots, std::vector<void*> row_slots) {
    const tw_row row{row_slots.data(), dims};
    const tw_call call{slots.data(), nullptr, &row, 1};
    REQUIRE(compiled.function(name)(&call) == TW_OK);
  };
  run("init_rule", {&calls}, {x.data(), s.data()});
  for (int t = 1; t <= kSteps; ++t) {
    for (int i = 0; i < kCount; ++i)
      g[i] = static_cast<T>((i * 7 + t * 3) % 11 - 5) / 4;
    double rate = 0.1 / t, burn = 3, decay = 0.9, step = t;
    uint8_t strong = 1;
    T half = 0.5;
    run("step_rule", {&rate, &burn, &strong, &decay, &step, &half, &calls},
        {x.data(), g.data(), s.data(), u.data()});
  }
  CHECK(calls == 100 + kSteps);
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

TEST_CASE("a C program links a library and gets the bits of the JIT") {
  for (const codegen::TargetSpec& target : targets()) {
    INFO(target.name);
    const aot::LibrarySpec spec = rule_spec();
    const aot::Library library = aot::build_library(spec, target);
    Folder folder;
    folder.file("rule.h", library.header);
    const std::string main = folder.file("main.c", kMain);
    const std::string archive = folder.file("librule.a");
    const aot::Member member{"rule.o", library.object};
    REQUIRE(aot::write_archive(archive, {&member, 1}));

    const std::string program = folder.file("program");
    const Outcome built = shell(fmt::format(
        "cc -std=c99 -Wall -Wextra -pedantic -Werror -I{} {} {} -o {}", folder.path.string(), main,
        archive, program)); // no -lm: nothing of it is needed
    INFO(built.text);
    REQUIRE(built.status == 0);
    const Outcome ran = shell(program);
    CHECK(ran.status == 0);
    CHECK(ran.text == jit_run<double>(target) + jit_run<float>(target));

    // memset and memcpy may be there, as calls of LLVM's own.
    std::istringstream undefined(shell("nm -u " + archive).text);
    for (std::string line; std::getline(undefined, line);) {
      std::istringstream words(line);
      std::string kind, symbol;
      if (words >> kind >> symbol) {
        INFO("undefined " << symbol);
        CHECK((symbol == "memset" || symbol == "memcpy"));
      }
    }
    const std::string defined = shell("nm -g --defined-only " + archive).text;
    for (const char* name : {"rule_defaults", "rule_state_size", "rule_init", "rule_step",
                             "rule_state_size_f32", "rule_init_f32", "rule_step_f32"})
      CHECK(defined.find(std::string(" T ") + name + "\n") != std::string::npos);
    CHECK(defined.find("step_rule") == std::string::npos);

    // The same input gives the same bytes.
    const aot::Library again = aot::build_library(spec, target);
    CHECK(again.object == library.object);
    CHECK(aot::archive({&member, 1}) == aot::archive({&member, 1}));
  }
}

TEST_CASE("the header is C++ too, and small structs are returned as the ABI says") {
  struct Case {
    std::vector<aot::Hyperparameter> hypers;
    const char* test;
  };
  const std::vector<Case> cases{
      {{{"a", 1.5}}, "h.a == 1.5"},
      {{{"a", 1.5}, {"b", -2}}, "h.a == 1.5 && h.b == -2"},
      {{{"a", 7, DType::i64}, {"b", 0.25}}, "h.a == 7 && h.b == 0.25"},
      {{{"b", 0.25}, {"a", -7, DType::i64}}, "h.a == -7 && h.b == 0.25"},
      {{{"p", 1, DType::boolean}, {"q", 0, DType::boolean}, {"a", 1e300}},
       "h.p && !h.q && h.a == 1e300"},
      {{{"p", 0, DType::boolean}, {"q", 1, DType::boolean}}, "!h.p && h.q"},
      {{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}}, "h.a == 1 && h.c == 3 && h.e == 5"},
      {{}, "sizeof h == 1"},
  };
  for (const Case& one : cases) {
    INFO(one.test);
    aot::LibrarySpec spec;
    spec.prefix = "small";
    spec.hyperparameters = one.hypers;
    const aot::Library library = aot::build_library(spec, codegen::TargetSpec::baseline());
    Folder folder;
    folder.file("small.h", library.header);
    const std::string main =
        folder.file("main.cpp", fmt::format("#include \"small.h\"\nint main() {{ small_hyper h = "
                                            "small_defaults(); return ({}) ? 0 : 1; }}\n",
                                            one.test));
    const std::string object = folder.file("small.o", library.object);
    const std::string program = folder.file("program");
    const Outcome built = shell(fmt::format("c++ -Wall -Wextra -Werror -I{} {} {} -o {}",
                                            folder.path.string(), main, object, program));
    INFO(built.text);
    REQUIRE(built.status == 0);
    CHECK(shell(program).status == 0);
  }
}

TEST_CASE("bindings that contradict the program are internal errors") {
  aot::LibrarySpec spec = rule_spec();
  spec.variants[0].step.row_slots[0] = {Kind::state, 0}; // an integer state for real x
  CHECK_THROWS_AS(aot::build_library(spec, codegen::TargetSpec::baseline()), InternalError);
  spec = rule_spec();
  spec.variants[0].init->row_slots[0] = {Kind::gradient};
  CHECK_THROWS_AS(aot::build_library(spec, codegen::TargetSpec::baseline()), InternalError);
  spec = rule_spec();
  spec.variants[1].step.call_slots.pop_back();
  CHECK_THROWS_AS(aot::build_library(spec, codegen::TargetSpec::baseline()), InternalError);
}
