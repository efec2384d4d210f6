// Evaluation of leaves and elementwise operators (see interp.h; meaning: graph.h).
#include "ir/builder.h"
#include "ir/draw.h"
#include "ir/interp_call.h"
#include "ir/math/math.h"
#include "ir/math/scalar_backend.h"

#include <cmath>

namespace thalweg::interp {
namespace {

uint64_t as_unsigned(int64_t x) { return static_cast<uint64_t>(x); }
int64_t wrap(uint64_t x) { return static_cast<int64_t>(x); }

template <class T> T unary_real(Op op, T x) {
  math::ScalarBackend<T> b;
  switch (op) {
  case Op::neg: return -x;
  case Op::abs: return std::fabs(x);
  case Op::sign: return math::sign(b, x);
  case Op::sqrt: return std::sqrt(x);
  case Op::exp: return math::exp(b, x);
  case Op::expm1: return math::expm1(b, x);
  case Op::log: return math::log(b, x);
  case Op::log1p: return math::log1p(b, x);
  case Op::sin: return math::sin(b, x);
  case Op::cos: return math::cos(b, x);
  case Op::tan: return math::tan(b, x);
  case Op::asin: return math::asin(b, x);
  case Op::acos: return math::acos(b, x);
  case Op::atan: return math::atan(b, x);
  case Op::sinh: return math::sinh(b, x);
  case Op::cosh: return math::cosh(b, x);
  case Op::tanh: return math::tanh(b, x);
  case Op::sigmoid: return math::sigmoid(b, x);
  case Op::softplus: return math::softplus(b, x);
  case Op::erf: return math::erf(b, x);
  case Op::floor: return std::floor(x);
  case Op::ceil: return std::ceil(x);
  case Op::round: return math::round(b, x);
  case Op::stop_gradient: return x;
  default: TW_CHECK(false, "no real evaluation of {}", op_info(op).name);
  }
}

int64_t unary_integer(Op op, int64_t x) {
  switch (op) {
  case Op::neg: return wrap(-as_unsigned(x));
  case Op::abs: return x < 0 ? wrap(-as_unsigned(x)) : x;
  case Op::sign: return (x > 0) - (x < 0);
  default: TW_CHECK(false, "no integer evaluation of {}", op_info(op).name);
  }
}

template <class T> T binary_real(Op op, T x, T y) {
  math::ScalarBackend<T> b;
  switch (op) {
  case Op::add: return x + y;
  case Op::sub: return x - y;
  case Op::mul: return x * y;
  case Op::div: return x / y;
  case Op::pow: return math::pow(b, x, y);
  case Op::mod: return math::mod(b, x, y);
  case Op::atan2: return math::atan2(b, x, y);
  case Op::min: return math::min(b, x, y);
  case Op::max: return math::max(b, x, y);
  default: TW_CHECK(false, "no real evaluation of {}", op_info(op).name);
  }
}

int64_t floored_mod(int64_t x, int64_t y) {
  if (y == 0 || y == -1) return 0; // y = -1: the quotient may not fit
  int64_t rest = x % y;
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

int64_t binary_integer(Op op, int64_t x, int64_t y) {
  switch (op) {
  case Op::add: return wrap(as_unsigned(x) + as_unsigned(y));
  case Op::sub: return wrap(as_unsigned(x) - as_unsigned(y));
  case Op::mul: return wrap(as_unsigned(x) * as_unsigned(y));
  case Op::mod: return floored_mod(x, y);
  case Op::min: return std::min(x, y);
  case Op::max: return std::max(x, y);
  default: TW_CHECK(false, "no integer evaluation of {}", op_info(op).name);
  }
}

template <class T> bool compare(Op op, T x, T y) {
  switch (op) {
  case Op::eq: return x == y;
  case Op::ne: return x != y;
  case Op::lt: return x < y;
  case Op::le: return x <= y;
  case Op::logical_and: return x && y;
  case Op::logical_or: return x || y;
  default: TW_CHECK(false, "no comparison {}", op_info(op).name);
  }
}

template <class To, class From> To convert(From x, DType to) {
  if (to == DType::boolean) return x != 0;
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
    return static_cast<To>(saturating_integer(x));
  else
    return static_cast<To>(x);
}

} // namespace

void eval_arg(Call& call) {
  size_t index = static_cast<size_t>(call.ints()[0]);
  TW_CHECK(index < call.arguments.size() && call.arguments[index], "no argument {}", index);
  call.give((*call.arguments[index])[0]);
}

void eval_constant(Call& call) {
  Tensor tensor(call.node.type.dtype, {});
  if (tensor.dtype() == DType::i64)
    tensor.data<int64_t>()[0] = call.ints()[0];
  else
    tensor.set_number(0, constant_value(call.node));
  call.give(std::move(tensor));
}

void eval_table(Call& call) {
  std::optional<Tensor> tensor = call.zeros();
  if (!tensor) return;
  for (int64_t i = 0; i < tensor->size(); ++i) {
    int64_t bits = call.ints()[static_cast<size_t>(i)];
    if (tensor->dtype() == DType::i64)
      tensor->data<int64_t>()[static_cast<size_t>(i)] = bits;
    else
      tensor->set_number(i, value_of(bits, tensor->dtype()));
  }
  call.give(std::move(*tensor));
}

void eval_dim(Call& call) {
  std::optional<int64_t> size = call.size(call.node.attr.dims[0]);
  if (!size) return;
  Tensor tensor(DType::i64, {});
  tensor.data<int64_t>()[0] = *size;
  call.give(std::move(tensor));
}

void eval_iota(Call& call) {
  std::optional<Tensor> tensor = call.zeros();
  if (!tensor) return;
  for (int64_t i = 0; i < tensor->size(); ++i)
    tensor->data<int64_t>()[static_cast<size_t>(i)] =
        unravel(i, tensor->shape())[static_cast<size_t>(call.ints()[0])];
  call.give(std::move(*tensor));
}

void eval_random(Call& call) {
  std::optional<Tensor> tensor = call.zeros();
  if (!tensor) return;
  Distribution distribution = static_cast<Distribution>(call.ints()[0]);
  auto part = [&](size_t k) { return call.operand(k).data<int64_t>()[0]; };
  const std::vector<int64_t>& rounds = call.machine.place().rounds;
  tw_key key{static_cast<uint64_t>(part(0)), static_cast<uint64_t>(part(1)),
             static_cast<uint32_t>(call.ints()[1]),
             rounds.empty() ? 0 : static_cast<uint32_t>(rounds.back()), part(2)};
  const uint64_t stream = tw_stream(&key);
  for (int64_t i = 0; i < tensor->size(); ++i)
    tensor->set_number(i, draw_element(distribution, stream, key.step, i, tensor->dtype()));
  call.give(std::move(*tensor));
}

void eval_unary(Call& call) {
  const Op op = call.node.op;
  const Tensor& a = call.operand(0);
  Tensor out(call.node.type.dtype, a.shape());
  size_t n = static_cast<size_t>(a.size());
  a.with_type([&]<class T>(T*) {
    const std::vector<T>& x = a.data<T>();
    if (op == Op::cast) {
      out.with_type([&]<class To>(To*) {
        for (size_t i = 0; i < n; ++i)
          out.data<To>()[i] = convert<To>(x[i], out.dtype());
      });
    } else if constexpr (std::is_floating_point_v<T>) {
      for (size_t i = 0; i < n; ++i) {
        if (op == Op::is_finite)
          out.data<uint8_t>()[i] = std::isfinite(x[i]);
        else
          out.data<T>()[i] = unary_real(op, x[i]);
      }
    } else {
      for (size_t i = 0; i < n; ++i)
        out.data<T>()[i] = op == Op::logical_not ? !x[i] : static_cast<T>(unary_integer(op, x[i]));
    }
  });
  call.give(std::move(out));
}

void eval_binary(Call& call) {
  const Op op = call.node.op;
  const Tensor &a = call.operand(0), &b = call.operand(1);
  Tensor out(call.node.type.dtype, a.shape());
  size_t n = static_cast<size_t>(a.size());
  a.with_type([&]<class T>(T*) {
    const std::vector<T>&x = a.data<T>(), &y = b.data<T>();
    for (size_t i = 0; i < n; ++i) {
      if (out.dtype() == DType::boolean)
        out.data<uint8_t>()[i] = compare<T>(op, x[i], y[i]);
      else if constexpr (std::is_floating_point_v<T>)
        out.data<T>()[i] = binary_real(op, x[i], y[i]);
      else
        out.data<T>()[i] = static_cast<T>(binary_integer(op, x[i], y[i]));
    }
  });
  call.give(std::move(out));
}

void eval_ternary(Call& call) {
  const Tensor &a = call.operand(0), &b = call.operand(1), &c = call.operand(2);
  Tensor out(call.node.type.dtype, b.shape());
  size_t n = static_cast<size_t>(b.size());
  b.with_type([&]<class T>(T*) {
    const std::vector<T>&y = b.data<T>(), &z = c.data<T>();
    for (size_t i = 0; i < n; ++i) {
      if (call.node.op == Op::select)
        out.data<T>()[i] = a.data<uint8_t>()[i] ? y[i] : z[i];
      else if constexpr (std::is_floating_point_v<T>)
        out.data<T>()[i] = std::fma(a.data<T>()[i], y[i], z[i]);
    }
  });
  call.give(std::move(out));
}

} // namespace thalweg::interp
