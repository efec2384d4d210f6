// Operators that move elements against values worked out by hand.
#include "ir/evaluate.h"

using namespace thalweg;
using namespace thalweg::testing;
using Args = const std::vector<ValueId>&;

TEST_CASE("moving: broadcast, reshape, transpose") {
  require_bits(
      evaluate({vec({1, 2})},
               [](Builder& b, Args x) { return b.broadcast(x[0], {Dim(2), Dim(3)}, {0}); }),
      mat({1, 1, 1, 2, 2, 2}, 2, 3));
  require_bits(
      evaluate({vec({1, 2})},
               [](Builder& b, Args x) { return b.broadcast(x[0], {Dim(3), Dim(2)}, {1}); }),
      mat({1, 2, 1, 2, 1, 2}, 3, 2));
  require_bits(
      evaluate({mat({1, 2}, 2, 1)},
               [](Builder& b, Args x) { return b.broadcast(x[0], {Dim(2), Dim(2)}, {0, 1}); }),
      mat({1, 1, 2, 2}, 2, 2));
  require_bits(evaluate({Tensor::scalar(5)},
                        [](Builder& b, Args x) { return b.broadcast_scalar(x[0], {Dim(0)}); }),
               vec({}));
  require_bits(evaluate({mat({1, 2, 3, 4, 5, 6}, 2, 3)},
                        [](Builder& b, Args x) { return b.reshape(x[0], {Dim(3), Dim(2)}); }),
               mat({1, 2, 3, 4, 5, 6}, 3, 2));
  require_bits(evaluate({mat({1, 2, 3, 4, 5, 6}, 2, 3)},
                        [](Builder& b, Args x) { return b.transpose(x[0], {1, 0}); }),
               mat({1, 4, 2, 5, 3, 6}, 3, 2));
  Tensor cube = Tensor::of({0, 1, 2, 3, 4, 5}, {1, 2, 3});
  require_bits(evaluate({cube}, [](Builder& b, Args x) { return b.transpose(x[0], {2, 0, 1}); }),
               Tensor::of({0, 3, 1, 4, 2, 5}, {3, 1, 2}));
}

TEST_CASE("moving: slice, pad, concat") {
  Tensor a = mat({1, 2, 3, 4, 5, 6}, 2, 3);
  require_bits(
      evaluate({a}, [](Builder& b,
                       Args x) { return b.slice(x[0], {Dim(1), Dim(0)}, {Dim(1), Dim(2)}); }),
      mat({4, 5}, 1, 2));
  require_bits(
      evaluate({a}, [](Builder& b,
                       Args x) { return b.slice(x[0], {Dim(2), Dim(0)}, {Dim(0), Dim(3)}); }),
      mat({}, 0, 3));
  require_bits(
      evaluate({a},
               [](Builder& b, Args x) { return b.pad(x[0], {Dim(1), Dim(0)}, {Dim(0), Dim(1)}); }),
      mat({0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0}, 3, 4));
  require_bits(evaluate({a, mat({7, 8}, 2, 1)},
                        [](Builder& b, Args x) { return b.concat({x[0], x[1]}, 1); }),
               mat({1, 2, 3, 7, 4, 5, 6, 8}, 2, 4));
  require_bits(evaluate({vec({}), vec({1}), vec({2, 3})},
                        [](Builder& b, Args x) { return b.concat({x[0], x[1], x[2]}, 0); }),
               vec({1, 2, 3}));
  require_bits(evaluate({vec({1, 0}, DType::boolean)},
                        [](Builder& b, Args x) { return b.pad(x[0], {Dim(1)}, {Dim(0)}); }),
               vec({0, 1, 0}, DType::boolean));
}

TEST_CASE("moving: a slice that leaves its operand is a failure") {
  for (int64_t start : {-1, 2}) {
    Evaluated evaluated = evaluate_all({vec({1, 2, 3})}, [&](Builder& b, Args x) {
      return std::vector{b.slice(x[0], {Dim(start)}, {Dim(2)})};
    });
    REQUIRE_FALSE(evaluated.ok());
    REQUIRE(evaluated.failure->status == run_status::kShapeMismatch);
    REQUIRE(evaluated.results.empty());
  }
  InterpreterOptions options;
  options.bindings = {{"n", 0}};
  Evaluated negative = evaluate_all(
      {}, [](Builder& b, Args) { return std::vector{b.iota({Dim::symbol("n") - Dim(1)}, 0)}; },
      options);
  REQUIRE(negative.failure->status == run_status::kShapeMismatch);
}

TEST_CASE("moving: gather and scatter_add") {
  Tensor a = mat({1, 2, 3, 4, 5, 6}, 2, 3);
  Tensor rows = vec({1, 0, 1}, DType::i64), cols = vec({2, 0, 2}, DType::i64);
  require_bits(
      evaluate({a, rows, cols}, [](Builder& b, Args x) { return b.gather(x[0], {x[1], x[2]}); }),
      vec({6, 1, 6}));
  require_bits(evaluate({Tensor::scalar(3)}, [](Builder& b, Args x) { return b.gather(x[0], {}); }),
               Tensor::scalar(3));
  require_bits(evaluate({vec({}), vec({}, DType::i64)},
                        [](Builder& b, Args x) { return b.gather(x[0], {x[1]}); }),
               vec({}));
  require_bits(evaluate({rows, cols, vec({10, 20, 30})},
                        [](Builder& b, Args x) {
                          return b.scatter_add({x[0], x[1]}, x[2], {Dim(2), Dim(3)});
                        }),
               mat({20, 0, 0, 0, 0, 40}, 2, 3));
  // In order, rounding each time: (1e16 + 1) + 1 is not 1e16 + 2.
  require_bits(evaluate({vec({0, 0, 0}, DType::i64), vec({1e16, 1, 1})},
                        [](Builder& b, Args x) { return b.scatter_add({x[0]}, x[1], {Dim(1)}); }),
               vec({1e16}));
  for (double index : {-1.0, 3.0}) {
    Evaluated evaluated =
        evaluate_all({vec({1, 2, 3}), vec({index}, DType::i64)},
                     [](Builder& b, Args x) { return std::vector{b.gather(x[0], {x[1]})}; });
    REQUIRE_FALSE(evaluated.ok());
  }
  Evaluated outside = evaluate_all({vec({1}), vec({5}, DType::i64)}, [](Builder& b, Args x) {
    b.set_origin({1, 10, 20});
    return std::vector{b.gather(x[0], {x[1]})};
  });
  REQUIRE(outside.failure->status == run_status::kIndexOutOfRange);
  REQUIRE(outside.failure->text == "gather: index 5 along axis 0 of size 1");
  REQUIRE(outside.failure->span == Span{1, 10, 20});
}
