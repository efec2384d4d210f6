// Folds of rows, several of which the compiler folds abreast: the bits of each row by itself.
#include "codegen/fold_reference.h"
#include "codegen/program_builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// y[i] = s[i] + Σ_j a[i, j]·w[j] and, folded beside it, z[i] = max_j s[i]·a[i, j].
template <typename T> void check_rows() {
  const Dim d = Dim::symbol("d");
  ProgramBuilder b("rows", {"n", "d"});
  const DType dtype = dtype_for<T>;
  const BufferId a = b.buffer("a", dtype, {n(), d}), w = b.buffer("w", dtype, {d}),
                 s = b.buffer("s", dtype, {n()});
  const BufferId y = b.buffer("y", dtype, {n()}, Buffer::Role::output),
                 z = b.buffer("z", dtype, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::serial, n(), [&](Var i) {
    const Val scale = b.load(s, {{i, 1}});
    Val sum{0}, largest{0};
    b.loop(Loop::Kind::lanes, d, [&](Var j) {
      const Val x = b.load(a, {{i, d}, {j, 1}});
      sum = b.fold(Fold::Op::fma, x, b.load(w, {{j, 1}}));
      largest = b.fold(Fold::Op::max, b.op(Op::mul, {scale, x}));
    });
    b.store(y, b.op(Op::add, {scale, sum}), {{i, 1}});
    b.store(z, largest, {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("rows");
    for (int64_t rows : {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 300})
      for (int64_t columns : {0, 1, 15, 16, 31, 32, 33, 112, 1024, 1025, 2500}) {
        INFO(target.name << ", " << rows << " by " << columns);
        const std::vector<T> av = numbers<T>(rows * columns, 3, columns == 33),
                             wv = numbers<T>(columns, 4), sv = numbers<T>(rows, 5, columns == 32);
        std::vector<T> got_y(rows), got_z(rows), expected_y, expected_z;
        Arguments arguments{{const_cast<T*>(av.data()), const_cast<T*>(wv.data()),
                             const_cast<T*>(sv.data()), got_y.data(), got_z.data()},
                            {rows, columns},
                            {}};
        const tw_call call = arguments.call();
        REQUIRE(function(&call) == TW_OK);
        for (int64_t i = 0; i < rows; ++i) {
          std::vector<T> row(av.begin() + i * columns, av.begin() + (i + 1) * columns);
          expected_y.push_back(sv[i] + lanes_fold<T>(Fold::Op::fma, row, wv, target.has_fma));
          for (T& x : row)
            x = sv[i] * x;
          expected_z.push_back(lanes_fold<T>(Fold::Op::max, row, wv, target.has_fma));
        }
        CHECK(first_difference(expected_y, got_y) == -1);
        CHECK(first_difference(expected_z, got_z) == -1);
      }
  }
}

} // namespace

TEST_CASE("folds of rows, f64") { check_rows<double>(); }
TEST_CASE("folds of rows, f32") { check_rows<float>(); }
