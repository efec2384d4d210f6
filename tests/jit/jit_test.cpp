// The JIT as a tool: counting, timing, dumps, equal names, errors.
#include "codegen/program_builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// y = x + number
Program add_number(const std::string& name, double number) {
  ProgramBuilder b(name);
  const BufferId x = b.buffer("x", DType::f64, {n()});
  const BufferId y = b.buffer("y", DType::f64, {n()}, Buffer::Role::output);
  const Val c = b.constant(DType::f64, number);
  b.loop(Loop::Kind::vector, n(),
         [&](Var i) { b.store(y, b.op(Op::add, {b.load(x, {{i, 1}}), c}), {{i, 1}}); });
  return b.done();
}

double run(tw_function function, double x) {
  double y = 0;
  Arguments arguments{{&x, &y}, {1}, {}};
  const tw_call call = arguments.call();
  REQUIRE(function(&call) == TW_OK);
  return y;
}

} // namespace

TEST_CASE("several programs compile at once, and names may come again in a later compile") {
  jit::Jit jit;
  CHECK(jit.compilations() == 0);
  const Program first[] = {add_number("one", 1), add_number("two", 2)};
  const jit::Compiled a = jit.compile(first);
  const Program second[] = {add_number("one", 10)};
  const jit::Compiled b = jit.compile(second);
  CHECK(jit.compilations() == 2);
  CHECK(run(a.function("one"), 0.5) == 1.5);
  CHECK(run(a.function("two"), 0.5) == 2.5);
  CHECK(run(b.function("one"), 0.5) == 10.5);
  CHECK_THROWS_AS(a.function("three"), InternalError);
  CHECK(jit.times().emit > 0);
  CHECK(jit.times().optimize > 0);
  CHECK(jit.times().codegen > 0);
  CHECK(jit.times().link > 0);
}

TEST_CASE("dumps show the code of every compile") {
  codegen::CompileDumps dumps;
  dumps.want_llvm = dumps.want_asm = true;
  jit::Jit jit(codegen::TargetSpec::baseline(), &dumps);
  const Program program = add_number("shown", 1);
  jit.compile({&program, 1});
  CHECK(dumps.llvm.find("define i32 @shown(") != std::string::npos);
  CHECK(dumps.assembly.find("shown:") != std::string::npos);
  const Program other = add_number("later", 1);
  jit.compile({&other, 1});
  CHECK(dumps.llvm.find("define i32 @shown(") != std::string::npos);
  CHECK(dumps.llvm.find("define i32 @later(") != std::string::npos);
  CHECK(dumps.assembly.find("shown:") != std::string::npos);
  CHECK(dumps.assembly.find("later:") != std::string::npos);
}

TEST_CASE("the same program compiles to the same bytes") {
  const Program program = add_number("same", 1);
  for (const codegen::TargetSpec& target : targets())
    CHECK(codegen::compile_object({&program, 1}, target) ==
          codegen::compile_object({&program, 1}, target));
}

TEST_CASE("no arithmetic is fused that the program does not fuse") {
  // 1 + eps squared minus its rounded square is 0 without fusion, the rounding error with it.
  ProgramBuilder b("unfused");
  const BufferId x = b.buffer("x", DType::f64, {n()});
  const BufferId y = b.buffer("y", DType::f64, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val v = b.load(x, {{i, 1}});
    const Val square = b.op(Op::mul, {v, v});
    b.store(y, b.op(Op::sub, {square, b.constant(DType::f64, 0x1.0000002p+0)}), {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    std::vector<double> xv(40, 0x1.0000001p+0), yv(40, 1);
    Arguments arguments{{xv.data(), yv.data()}, {40}, {}};
    const tw_call call = arguments.call();
    REQUIRE(jit.compile({&program, 1}).function("unfused")(&call) == TW_OK);
    for (double value : yv)
      CHECK(value == 0x1.0000001p+0 * 0x1.0000001p+0 - 0x1.0000002p+0);
  }
}

TEST_CASE("targets by name") {
  using codegen::TargetSpec;
  CHECK(TargetSpec::by_name("baseline")->vector_bits == 128);
  CHECK(!TargetSpec::by_name("baseline")->has_fma);
  CHECK(TargetSpec::by_name("avx2")->has_fma);
  CHECK(TargetSpec::by_name("avx512")->vector_bits == 512);
  CHECK(TargetSpec::by_name("native")->name == "host");
  CHECK(!TargetSpec::by_name("avx"));
  CHECK(TargetSpec::host().runs_here());
}
