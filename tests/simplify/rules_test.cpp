// Every rule of simplify, instantiated at random: it fires, and the value stays what it was.
#include "diff/numeric.h"
#include "passes/simplify/measure.h"
#include "passes/simplify/rule.h"
#include "passes/simplify/simplify.h"
#include "properties/random_graph.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>

using namespace thalweg;
using namespace thalweg::testing;
using simplify::Applied;
using simplify::Exactness;

namespace {

// Leaves to build left-hand sides from. x, y: [3, 4]; v: [4]; s, t: scalars; c: booleans like x;
// a, b: scalars of f64 in a function whose tensors are f32; n: a symbolic size.
struct Leaves {
  Builder b;
  Dim rows = Dim::symbol("n"), columns{4};
  Shape matrix{rows, columns};
  Type type = Type::tensor(DType::f64, matrix);
  ValueId x = b.arg(0, type), y = b.arg(1, type);
  ValueId v = b.arg(2, Type::tensor(DType::f64, {columns}));
  ValueId s = b.arg(3, Type::scalar(DType::f64)), t = b.arg(4, Type::scalar(DType::f64));
  ValueId c = b.arg(5, Type::tensor(DType::boolean, matrix));
  ValueId x32 = b.arg(6, Type::tensor(DType::f32, matrix));
  explicit Leaves(Graph& graph) : b(graph) {}

  ValueId spread(ValueId scalar) { return b.broadcast_scalar(scalar, matrix); }
  ValueId number(double value) { return b.full(value, type); }
  ValueId un(Op op, ValueId a) { return b.make(op, {a}); }
  ValueId bin(Op op, ValueId a, ValueId c) { return b.make(op, {a, c}); }
  ValueId sum(ValueId a, std::vector<int64_t> axes) { return b.reduce(Op::reduce_sum, a, axes); }
  // Every unary operator of the law (but neg itself), of -x.
  std::vector<ValueId> of_negated(Law law) {
    std::vector<ValueId> out;
    for (int k = 0; k < kOpCount; ++k)
      if (Op op = static_cast<Op>(k); (op_info(op).laws & law) && op != Op::neg)
        out.push_back(un(op, b.neg(x)));
    return out;
  }
  ValueId identity() {
    Shape square{columns, columns};
    ValueId on = bin(Op::eq, b.iota(square, 0), b.iota(square, 1));
    Type type = Type::tensor(DType::f64, square);
    return b.select(on, b.full(1, type), b.full(0, type));
  }
  // What the builder would not make because it changes nothing.
  ValueId raw(Op op, ValueId a, Attr attr) {
    return b.graph().add(op, b.type(a), {a}, std::move(attr));
  }
};

using Make = std::function<std::vector<ValueId>(Leaves&)>;
struct Instance {
  std::string_view rule;
  Make make;
};
using L = Leaves;
using V = std::vector<ValueId>;

const Instance kInstances[] = {
    {"op(constants) = its value",
     [](L& l) {
       ValueId two = l.b.constant(2);
       return V{l.un(Op::exp, two), l.bin(Op::atan2, two, l.b.constant(0.5)),
                l.bin(Op::lt, two, l.b.constant(3)), l.b.cast(two, DType::i64)};
     }},
    {"x + 0 = x", [](L& l) { return V{l.b.add(l.x, l.number(0)), l.b.add(l.number(0), l.x)}; }},
    {"a + -b = a - b",
     [](L& l) { return V{l.b.add(l.x, l.b.neg(l.y)), l.b.add(l.b.neg(l.x), l.y)}; }},
    {"x + x = 2*x", [](L& l) { return V{l.b.add(l.x, l.x), l.b.add(l.s, l.s)}; }},
    {"x - 0 = x", [](L& l) { return V{l.b.sub(l.x, l.number(0))}; }},
    {"0 - x = -x", [](L& l) { return V{l.b.sub(l.number(0), l.x)}; }},
    {"a - -b = a + b", [](L& l) { return V{l.b.sub(l.x, l.b.neg(l.y))}; }},
    {"-a - b = -(a + b)", [](L& l) { return V{l.b.sub(l.b.neg(l.x), l.y)}; }},
    {"-(-x) = x", [](L& l) { return V{l.b.neg(l.b.neg(l.x))}; }},
    {"-(a - b) = b - a", [](L& l) { return V{l.b.neg(l.b.sub(l.x, l.y))}; }},
    {"-(s*x) = (-s)*x", [](L& l) { return V{l.b.neg(l.b.mul(l.spread(l.s), l.x))}; }},
    {"-(c*x) = (-c)*x",
     [](L& l) {
       return V{l.b.neg(l.b.mul(l.s, l.b.constant(3))), l.b.neg(l.b.div(l.b.constant(3), l.s))};
     }},
    {"1*x = x", [](L& l) { return V{l.b.mul(l.number(1), l.x), l.b.mul(l.x, l.number(1))}; }},
    {"-1*x = -x", [](L& l) { return V{l.b.mul(l.number(-1), l.x)}; }},
    {"a * -b = -(a*b)",
     [](L& l) {
       return V{l.b.mul(l.x, l.b.neg(l.y)), l.b.mul(l.b.neg(l.x), l.y),
                l.b.mul(l.spread(l.s), l.b.neg(l.y))};
     }},
    {"s1*(s2*x) = (s1*s2)*x",
     [](L& l) { return V{l.b.mul(l.b.mul(l.x, l.spread(l.s)), l.spread(l.t))}; }},
    {"u*(v*x) = (u*v)*x",
     [](L& l) {
       ValueId u = l.b.broadcast(l.v, l.matrix, {1});
       ValueId v = l.b.broadcast(l.un(Op::exp, l.v), l.matrix, {1});
       return V{l.b.mul(u, l.b.mul(l.x, v)), l.b.mul(l.b.mul(v, l.x), u)};
     }},
    {"(s*x)*y = s*(x*y)", [](L& l) { return V{l.b.mul(l.b.mul(l.x, l.spread(l.s)), l.y)}; }},
    {"c1*(c2*x) = (c1*c2)*x",
     [](L& l) {
       ValueId two = l.b.constant(2), three = l.b.constant(3);
       return V{l.b.mul(two, l.b.mul(l.s, three)), l.b.mul(l.b.div(l.s, three), two),
                l.b.mul(l.b.div(three, l.s), two)};
     }},
    {"(1/n)*x = x/n", [](L& l) { return V{l.b.mul(l.b.div(l.b.constant(1), l.s), l.t)}; }},
    {"x/1 = x", [](L& l) { return V{l.b.div(l.x, l.number(1))}; }},
    {"x/-1 = -x", [](L& l) { return V{l.b.div(l.x, l.number(-1))}; }},
    {"-a/b = -(a/b)",
     [](L& l) { return V{l.b.div(l.b.neg(l.x), l.y), l.b.div(l.x, l.b.neg(l.y))}; }},
    {"x/s = (1/s)*x",
     [](L& l) {
       ValueId cast = l.b.cast(l.s, DType::f32);
       return V{l.b.div(l.x, l.spread(l.s)), l.b.div(l.x, l.number(7)),
                l.b.div(l.x32, l.spread(cast))};
     }},
    {"(s*x)/y = s*(x/y)", [](L& l) { return V{l.b.div(l.b.mul(l.x, l.spread(l.s)), l.y)}; }},
    {"(c1*x)/c2 = (c1/c2)*x",
     [](L& l) {
       ValueId two = l.b.constant(2), three = l.b.constant(3);
       return V{l.b.div(l.b.mul(l.s, three), two), l.b.div(l.b.div(l.s, three), two)};
     }},
    {"op(cast(a), cast(b)) = cast(op(a, b))",
     [](L& l) {
       ValueId s = l.b.cast(l.s, DType::f32), t = l.b.cast(l.t, DType::f32);
       return V{l.b.mul(s, t), l.b.add(s, l.b.constant(0.5, DType::f32)), l.un(Op::exp, s)};
     }},
    {"op(-x) = -op(x)", [](L& l) { return l.of_negated(kOdd); }},
    {"op(-x) = op(x)", [](L& l) { return l.of_negated(kEven); }},
    {"op(x, x) = x",
     [](L& l) {
       return V{l.bin(Op::max, l.x, l.x), l.bin(Op::min, l.x, l.x),
                l.bin(Op::logical_and, l.c, l.c), l.bin(Op::logical_or, l.c, l.c)};
     }},
    {"op(op(x)) = op(x)",
     [](L& l) {
       return V{l.un(Op::abs, l.un(Op::abs, l.x)), l.un(Op::sign, l.un(Op::sign, l.x)),
                l.un(Op::floor, l.un(Op::ceil, l.x))};
     }},
    {"abs(x*x) = x*x", [](L& l) { return V{l.un(Op::abs, l.b.mul(l.x, l.x))}; }},
    {"pow(x, 0) = 1, pow(x, 1) = x, pow(1, y) = 1",
     [](L& l) {
       return V{l.bin(Op::pow, l.x, l.number(0)), l.bin(Op::pow, l.x, l.number(1)),
                l.bin(Op::pow, l.number(1), l.x)};
     }},
    {"pow(x, 2) = x*x, …",
     [](L& l) {
       V out;
       for (double p : {2.0, 3.0, 4.0, -1.0, -2.0, 0.5, -0.5, 1.5})
         out.push_back(l.bin(Op::pow, l.x, l.number(p)));
       return out;
     }},
    {"sqrt(x*x) = abs(x)", [](L& l) { return V{l.un(Op::sqrt, l.b.mul(l.x, l.x))}; }},
    {"log(1 + exp(z)) = softplus(z)",
     [](L& l) { return V{l.un(Op::log, l.b.add(l.number(1), l.un(Op::exp, l.x)))}; }},
    {"log1p(exp(z)) = softplus(z)", [](L& l) { return V{l.un(Op::log1p, l.un(Op::exp, l.x))}; }},
    {"log(1 + x) = log1p(x)", [](L& l) { return V{l.un(Op::log, l.b.add(l.x, l.number(1)))}; }},
    {"log(1 - x) = log1p(-x)", [](L& l) { return V{l.un(Op::log, l.b.sub(l.number(1), l.x))}; }},
    {"log(sigmoid(z)) = -softplus(-z)",
     [](L& l) { return V{l.un(Op::log, l.un(Op::sigmoid, l.x))}; }},
    {"log(exp(x)) = x", [](L& l) { return V{l.un(Op::log, l.un(Op::exp, l.x))}; }},
    {"exp(x) - 1 = expm1(x)", [](L& l) { return V{l.b.sub(l.un(Op::exp, l.x), l.number(1))}; }},
    {"1 - exp(x) = -expm1(x)", [](L& l) { return V{l.b.sub(l.number(1), l.un(Op::exp, l.x))}; }},
    {"expm1(x) + 1 = exp(x)", [](L& l) { return V{l.b.add(l.un(Op::expm1, l.x), l.number(1))}; }},
    {"1/(1 + exp(z)) = sigmoid(-z)",
     [](L& l) {
       ValueId e = l.un(Op::exp, l.x), below = l.b.add(l.number(1), e);
       return V{l.b.div(l.number(1), below), l.b.div(e, below), l.b.div(l.y, below)};
     }},
    {"sigmoid(-z)*exp(z) = sigmoid(z)",
     [](L& l) {
       ValueId s = l.un(Op::sigmoid, l.b.neg(l.x)), e = l.un(Op::exp, l.x);
       return V{l.b.mul(s, e), l.b.mul(e, l.b.mul(l.y, s)),
                l.b.mul(l.un(Op::sigmoid, l.x), l.un(Op::exp, l.b.neg(l.x)))};
     }},
    {"1 - sigmoid(z) = sigmoid(-z)",
     [](L& l) { return V{l.b.sub(l.number(1), l.un(Op::sigmoid, l.x))}; }},
    {"softplus(z) - z = softplus(-z)",
     [](L& l) { return V{l.b.sub(l.un(Op::softplus, l.x), l.x)}; }},
    {"log(sum(exp(x))) = m + log(sum(exp(x - m)))",
     [](L& l) {
       ValueId e = l.un(Op::exp, l.x);
       return V{l.un(Op::log, l.sum(e, {1})), l.un(Op::log, l.sum(e, {0})),
                l.un(Op::log, l.sum(e, {0, 1}))};
     }},
    {"select(true, a, b) = a",
     [](L& l) {
       Type flags = Type::tensor(DType::boolean, l.matrix);
       return V{l.b.select(l.b.full(1, flags), l.x, l.y), l.b.select(l.b.full(0, flags), l.x, l.y)};
     }},
    {"select(c, a, a) = a", [](L& l) { return V{l.b.select(l.c, l.x, l.x)}; }},
    {"select(not c, a, b) = select(c, b, a)",
     [](L& l) { return V{l.b.select(l.un(Op::logical_not, l.c), l.x, l.y)}; }},
    {"select(c, select(c, a, _), b) = select(c, a, b)",
     [](L& l) {
       ValueId inner = l.b.select(l.c, l.x, l.y);
       return V{l.b.select(l.c, inner, l.b.neg(l.x)), l.b.select(l.c, l.b.neg(l.x), inner)};
     }},
    {"not not c = c", [](L& l) { return V{l.un(Op::logical_not, l.un(Op::logical_not, l.c))}; }},
    {"true and c = c",
     [](L& l) {
       Type flags = Type::tensor(DType::boolean, l.matrix);
       return V{l.bin(Op::logical_and, l.c, l.b.full(1, flags)),
                l.bin(Op::logical_and, l.b.full(0, flags), l.c)};
     }},
    {"false or c = c",
     [](L& l) {
       Type flags = Type::tensor(DType::boolean, l.matrix);
       return V{l.bin(Op::logical_or, l.c, l.b.full(1, flags)),
                l.bin(Op::logical_or, l.b.full(0, flags), l.c)};
     }},
    {"x < x = false",
     [](L& l) {
       ValueId i = l.b.cast(l.x, DType::i64);
       return V{l.bin(Op::lt, l.x, l.x), l.bin(Op::le, i, i), l.bin(Op::ne, i, i),
                l.bin(Op::eq, i, i)};
     }},
    {"cast(cast(x)) = cast(x)",
     [](L& l) {
       return V{l.b.cast(l.b.cast(l.x32, DType::f64), DType::f32),
                l.b.cast(l.b.cast(l.c, DType::i64), DType::f64)};
     }},
    {"cast(x) = x", [](L& l) { return V{l.raw(Op::cast, l.x, {})}; }},
    {"broadcast(broadcast(x)) = broadcast(x)",
     [](L& l) {
       Shape cube{Dim(2), l.rows, l.columns};
       return V{l.b.broadcast(l.b.broadcast(l.v, l.matrix, {1}), cube, {1, 2})};
     }},
    {"broadcast(x) = x",
     [](L& l) { return V{l.raw(Op::broadcast, l.x, {{0, 1}, l.matrix, {}, {}})}; }},
    {"broadcast(x[1]) = broadcast(x)",
     [](L& l) {
       ValueId row = l.b.reshape(l.v, {Dim(1), l.columns});
       return V{l.b.broadcast(row, l.matrix, {0, 1})};
     }},
    {"op(broadcast(a), broadcast(b)) = broadcast(op(a, b))",
     [](L& l) {
       ValueId wide = l.b.broadcast(l.v, l.matrix, {1});
       return V{l.un(Op::exp, wide), l.b.mul(wide, l.spread(l.s)),
                l.b.mul(l.spread(l.t), l.spread(l.s)), l.b.cast(wide, DType::f32)};
     }},
    {"transpose(transpose(x)) = transpose(x)",
     [](L& l) { return V{l.b.transpose(l.b.transpose(l.x, {1, 0}), {1, 0})}; }},
    {"transpose(x) = x", [](L& l) { return V{l.raw(Op::transpose, l.x, {{0, 1}, {}, {}, {}})}; }},
    {"transpose(broadcast(x)) = broadcast(transpose(x))",
     [](L& l) {
       Shape cube{l.rows, Dim(2), l.columns};
       return V{l.b.transpose(l.b.broadcast(l.x, cube, {0, 2}), {2, 1, 0}),
                l.b.transpose(l.b.broadcast(l.v, l.matrix, {1}), {1, 0})};
     }},
    {"reshape(reshape(x)) = reshape(x)",
     [](L& l) {
       Dim all = l.rows * l.columns;
       return V{l.b.reshape(l.b.reshape(l.x, {all}), {l.columns, l.rows})};
     }},
    {"reshape(x) = x", [](L& l) { return V{l.raw(Op::reshape, l.x, {{}, l.matrix, {}, {}})}; }},
    {"reshape(broadcast(x)) = broadcast(x)",
     [](L& l) {
       Shape column{l.rows, l.columns, Dim(1)};
       return V{l.b.reshape(l.spread(l.s), {l.rows * l.columns}),
                l.b.reshape(l.b.broadcast(l.v, l.matrix, {1}), column)};
     }},
    {"slice(slice(x)) = slice(x)",
     [](L& l) {
       ValueId part = l.b.slice(l.x, {Dim(1), Dim(1)}, {l.rows - Dim(1), Dim(3)});
       return V{l.b.slice(part, {Dim(0), Dim(1)}, {l.rows - Dim(1), Dim(2)})};
     }},
    {"slice(x) = x",
     [](L& l) {
       return V{l.raw(Op::slice, l.x, {{}, {Dim(0), Dim(0), l.rows, l.columns}, {}, {}})};
     }},
    {"slice(broadcast(x)) = broadcast(slice(x))",
     [](L& l) {
       return V{l.b.slice(l.b.broadcast(l.v, l.matrix, {1}), {Dim(1), Dim(1)},
                          {l.rows - Dim(1), Dim(2)})};
     }},
    {"slice(pad(x)) = x",
     [](L& l) {
       ValueId padded = l.b.pad(l.x, {Dim(1), Dim(2)}, {Dim(3), Dim(0)});
       return V{l.b.slice(padded, {Dim(1), Dim(2)}, l.matrix)};
     }},
    {"slice(concat(…, x, …)) = x",
     [](L& l) {
       ValueId both = l.b.concat({l.x, l.y}, 0);
       return V{l.b.slice(both, {l.rows, Dim(0)}, l.matrix)};
     }},
    {"concat(x) = x", [](L& l) { return V{l.b.concat({l.x}, 0)}; }},
    {"sum(x, no axes) = x", [](L& l) { return V{l.raw(Op::reduce_sum, l.x, {{0}, {}, {}, {}})}; }},
    {"sum(-x) = -sum(x)", [](L& l) { return V{l.sum(l.b.neg(l.x), {1})}; }},
    {"sum(s*x) = s*sum(x)", [](L& l) { return V{l.sum(l.b.mul(l.spread(l.s), l.x), {0})}; }},
    {"sum(broadcast(x)) = n*x",
     [](L& l) {
       ValueId wide = l.b.broadcast(l.v, l.matrix, {1});
       return V{l.sum(wide, {0}), l.sum(wide, {0, 1}), l.sum(l.spread(l.s), {0, 1})};
     }},
    {"max(broadcast(x)) = x",
     [](L& l) {
       return V{l.b.reduce_all(Op::reduce_max, l.b.broadcast_scalar(l.s, {Dim(2), Dim(3)}))};
     }},
    {"sum(transpose(x)) = sum(x)",
     [](L& l) {
       ValueId turned = l.b.transpose(l.x, {1, 0});
       ValueId cube = l.b.transpose(l.b.pad(l.b.reshape(l.x, {l.rows, Dim(2), Dim(2)}),
                                            {Dim(0), Dim(0), Dim(1)}, {Dim(0), Dim(0), Dim(0)}),
                                    {2, 0, 1});
       return V{l.sum(turned, {1}), l.b.reduce(Op::reduce_max, turned, {0, 1}), l.sum(cube, {1})};
     }},
    {"sum(reshape(x)) = sum(x)",
     [](L& l) { return V{l.sum(l.b.reshape(l.x, {l.rows * l.columns}), {0})}; }},
    {"sum(sum(x)) = sum(x)", [](L& l) { return V{l.sum(l.sum(l.x, {0}), {0})}; }},
    {"sum(a*b) = dot(a, b)", [](L& l) { return V{l.sum(l.b.mul(l.x, l.y), {0, 1})}; }},
    {"sum(a*broadcast(v)) = a @ v",
     [](L& l) {
       ValueId wide = l.b.broadcast(l.v, l.matrix, {1});
       return V{l.sum(l.b.mul(l.x, wide), {1}), l.sum(l.b.mul(wide, l.x), {1})};
     }},
    {"transpose(op(a, b)) = op(a', b') without a transpose",
     [](L& l) {
       ValueId square = l.b.contract(l.x, {0, 1}, l.y, {0, 2}, {1, 2});
       ValueId sum = l.b.add(l.b.mul(l.b.full(3, l.b.type(square)), l.identity()), square);
       ValueId rows = l.b.mul(square, l.b.broadcast(l.v, {l.columns, l.columns}, {0}));
       return V{l.b.transpose(square, {1, 0}), l.b.transpose(sum, {1, 0}),
                l.b.transpose(rows, {1, 0}), l.b.transpose(l.un(Op::exp, sum), {1, 0})};
     }},
    {"contract(op(transpose(a), …), b) = contract(op(a, …), b)",
     [](L& l) {
       Shape turned{l.columns, l.rows};
       ValueId left = l.b.mul(l.b.transpose(l.x, {1, 0}), l.b.broadcast(l.v, turned, {0}));
       return V{l.b.contract(left, {0, 1}, l.y, {1, 2}, {0, 2}),
                l.b.contract(l.y, {1, 2}, left, {0, 1}, {2, 0})};
     }},
    {"contract(v*a, u) = contract(a, v*u)",
     [](L& l) {
       ValueId rows = l.sum(l.y, {1});
       ValueId left = l.b.mul(l.b.broadcast(rows, l.matrix, {0}), l.x);
       return V{l.b.contract(left, {0, 1}, l.sum(l.x, {1}), {0}, {1})};
     }},
    {"contract(transpose(a), b) = contract(a, b)",
     [](L& l) {
       ValueId turned = l.b.transpose(l.x, {1, 0});
       return V{l.b.contract(turned, {0, 1}, l.y, {1, 2}, {0, 2}),
                l.b.contract(l.y, {1, 2}, turned, {0, 1}, {2, 0})};
     }},
    {"contract(broadcast(a), b) = contract(a, b)",
     [](L& l) {
       ValueId wide = l.b.broadcast(l.v, l.matrix, {1});
       return V{l.b.contract(wide, {0, 1}, l.y, {0, 1}, {0}),
                l.b.contract(wide, {2, 1}, l.y, {0, 1}, {0, 2})};
     }},
    {"contract(s*a, b) = s*contract(a, b)",
     [](L& l) {
       ValueId scaled = l.b.mul(l.spread(l.s), l.x);
       return V{l.b.contract(scaled, {0, 1}, l.v, {1}, {0}),
                l.b.contract(l.v, {1}, l.b.neg(l.x), {0, 1}, {0})};
     }},
    {"contract(identity, a) = a",
     [](L& l) {
       return V{l.b.contract(l.x, {0, 1}, l.identity(), {1, 2}, {0, 2}),
                l.b.contract(l.identity(), {2, 1}, l.x, {0, 1}, {2, 0}),
                l.b.contract(l.v, {0}, l.identity(), {0, 1}, {1})};
     }},
    {"contract(a, b) with nothing summed = a*b",
     [](L& l) {
       ValueId column = l.sum(l.x, {1});
       return V{l.b.contract(l.v, {1}, column, {0}, {0, 1}), l.b.contract(l.s, {}, l.t, {}, {}),
                l.b.contract(l.x, {0, 1}, l.y, {0, 1}, {1, 0})};
     }},
    {"contract(s, a) = s*sum(a)",
     [](L& l) {
       return V{l.b.contract(l.s, {}, l.x, {0, 1}, {0}), l.b.contract(l.x, {0, 1}, l.s, {}, {})};
     }},
};

Function over_leaves(Leaves& l, ValueId value) {
  Function f;
  for (ValueId leaf : {l.x, l.y, l.v, l.s, l.t, l.c, l.x32})
    f.parameters.push_back({"p", l.b.type(leaf)});
  f.results.push_back({"value", value});
  return f;
}

} // namespace

TEST_CASE("every rule fires on its instances and keeps the value") {
  for (const Instance& instance : kInstances) {
    Graph graph;
    Leaves leaves(graph);
    for (ValueId left : instance.make(leaves)) {
      Function f = over_leaves(leaves, left);
      std::vector<Applied> log;
      Function g = simplify::simplify(graph, f, {true, &log});
      auto fired = std::find_if(log.begin(), log.end(),
                                [&](const Applied& a) { return a.rule == instance.rule; });
      INFO(instance.rule << " at " << op_info(graph.node(left).op).name << "\n"
                         << simplify::log_text(graph, log));
      REQUIRE(fired != log.end());
      // The rule alone: its own left side against its own right side.
      Function before = over_leaves(leaves, fired->before),
               after = over_leaves(leaves, fired->after);
      for (uint64_t seed = 1; seed <= 12; ++seed) {
        Bindings bindings{{"n", seed % 4 == 3 ? 1 : 3}};
        bool specials = fired->exactness == Exactness::exact && seed % 2 == 0;
        std::vector<Tensor> inputs = random_inputs(f, bindings, seed, {2.0, specials});
        Tensor a = evaluate(graph, before, inputs, bindings)[0];
        Tensor b = evaluate(graph, after, inputs, bindings)[0];
        Tensor whole = evaluate(graph, g, inputs, bindings)[0];
        REQUIRE(a.shape() == b.shape());
        INFO("seed " << seed << ": " << a.str() << " against " << b.str());
        if (fired->exactness == Exactness::exact) {
          REQUIRE(a.same_bits(b));
        } else {
          double unit = a.dtype() == DType::f32 ? 1e-5 : 1e-13;
          for (int64_t k = 0; k < a.size(); ++k) {
            REQUIRE(close(a.number(k), b.number(k), unit * (1 + std::abs(a.number(k)))));
            REQUIRE(close(a.number(k), whole.number(k), 10 * unit * (1 + std::abs(a.number(k)))));
          }
        }
      }
    }
  }
}

TEST_CASE("every rule has an instance, and names are unique") {
  std::set<std::string_view> instances, rules;
  for (const Instance& instance : kInstances)
    instances.insert(instance.rule);
  for (std::span<const simplify::Rule> family : simplify::all_rules())
    for (const simplify::Rule& rule : family) {
      INFO(rule.name);
      CHECK(instances.contains(rule.name));
      CHECK(rules.insert(rule.name).second);
    }
  for (std::string_view name : instances) {
    INFO(name);
    CHECK(rules.contains(name));
  }
}
