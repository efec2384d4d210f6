// Evaluation of linear algebra in plain loops, in f64 (see interp.h; conventions: graph.h).
#include "ir/interp_call.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace thalweg::interp {
namespace {

struct Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<double> x;
  Matrix(int64_t m, int64_t n) : rows(m), cols(n), x(static_cast<size_t>(m * n)) {}
  double& operator()(int64_t i, int64_t j) { return x[static_cast<size_t>(i * cols + j)]; }
  double operator()(int64_t i, int64_t j) const { return x[static_cast<size_t>(i * cols + j)]; }
};

Matrix matrix_of(const Tensor& tensor) {
  Matrix a(tensor.shape()[0], tensor.rank() > 1 ? tensor.shape()[1] : 1);
  for (int64_t i = 0; i < tensor.size(); ++i)
    a.x[static_cast<size_t>(i)] = tensor.number(i);
  return a;
}

Tensor tensor_of(const std::vector<double>& x, std::vector<int64_t> shape, DType dtype) {
  return Tensor::of(x, std::move(shape), dtype);
}

bool all_finite(const Matrix& a) {
  return std::all_of(a.x.begin(), a.x.end(), [](double v) { return std::isfinite(v); });
}

Matrix lower_mirrored(const Matrix& a) {
  Matrix s = a;
  for (int64_t i = 0; i < a.rows; ++i)
    for (int64_t j = i + 1; j < a.cols; ++j)
      s(i, j) = a(j, i);
  return s;
}

// Gaussian elimination with row exchanges, on a copy of A beside b.
bool solve(Matrix a, Matrix& b) {
  const int64_t n = a.rows;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i)
      if (std::fabs(a(i, k)) > std::fabs(a(pivot, k))) pivot = i;
    if (!(std::fabs(a(pivot, k)) > 0)) return false;
    for (int64_t j = 0; j < n; ++j)
      std::swap(a(k, j), a(pivot, j));
    for (int64_t j = 0; j < b.cols; ++j)
      std::swap(b(k, j), b(pivot, j));
    for (int64_t i = k + 1; i < n; ++i) {
      double factor = a(i, k) / a(k, k);
      for (int64_t j = k; j < n; ++j)
        a(i, j) -= factor * a(k, j);
      for (int64_t j = 0; j < b.cols; ++j)
        b(i, j) -= factor * b(k, j);
    }
  }
  for (int64_t k = n; k-- > 0;)
    for (int64_t j = 0; j < b.cols; ++j) {
      for (int64_t i = k + 1; i < n; ++i)
        b(k, j) -= a(k, i) * b(i, j);
      b(k, j) /= a(k, k);
    }
  return true;
}

bool cholesky(const Matrix& a, Matrix& l) {
  for (int64_t j = 0; j < a.rows; ++j) {
    for (int64_t i = j; i < a.rows; ++i) {
      double sum = a(i, j);
      for (int64_t k = 0; k < j; ++k)
        sum -= l(i, k) * l(j, k);
      if (i == j && !(sum > 0)) return false;
      l(i, j) = i == j ? std::sqrt(sum) : sum / l(j, j);
    }
  }
  return true;
}

// L D Lᵀ with d_j raised so that no entry of L √D exceeds β, then L √D.
void modified_cholesky(const Matrix& a, Matrix& l, double eps) {
  const int64_t n = a.rows;
  double largest_diagonal = 0, largest_other = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j) {
      double& largest = i == j ? largest_diagonal : largest_other;
      largest = std::max(largest, std::fabs(a(i, j)));
    }
  double spread = std::sqrt(std::max(1.0, static_cast<double>(n * n) - 1));
  double beta2 = std::max({largest_diagonal, largest_other / spread, eps});
  double delta = eps * std::max(largest_diagonal + largest_other, 1.0);
  Matrix c(n, n); // c(i, j) = l(i, j) · d(j) of the unit-diagonal factor
  std::vector<double> d(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    double theta = 0;
    for (int64_t i = j; i < n; ++i) {
      c(i, j) = a(i, j);
      for (int64_t k = 0; k < j; ++k)
        c(i, j) -= c(i, k) * c(j, k) / d[static_cast<size_t>(k)];
      if (i > j) theta = std::max(theta, std::fabs(c(i, j)));
    }
    double dj = std::max({std::fabs(c(j, j)), theta * theta / beta2, delta});
    d[static_cast<size_t>(j)] = dj;
    l(j, j) = std::sqrt(dj);
    for (int64_t i = j + 1; i < n; ++i)
      l(i, j) = c(i, j) / std::sqrt(dj);
  }
}

// Householder reflections; q starts as the first n columns of the identity.
void qr(Matrix a, Matrix& q, Matrix& r) {
  const int64_t m = a.rows, n = a.cols;
  std::vector<std::vector<double>> reflectors;
  auto reflect = [&](const std::vector<double>& v, Matrix& x) {
    double square = std::inner_product(v.begin(), v.end(), v.begin(), 0.0);
    for (int64_t j = 0; square > 0 && j < x.cols; ++j) {
      double dot = 0;
      for (int64_t i = 0; i < m; ++i)
        dot += v[static_cast<size_t>(i)] * x(i, j);
      for (int64_t i = 0; i < m; ++i)
        x(i, j) -= 2 * dot / square * v[static_cast<size_t>(i)];
    }
  };
  for (int64_t k = 0; k < n; ++k) {
    std::vector<double> v(static_cast<size_t>(m), 0.0);
    double norm = 0;
    for (int64_t i = k; i < m; ++i) {
      v[static_cast<size_t>(i)] = a(i, k);
      norm = std::hypot(norm, a(i, k));
    }
    v[static_cast<size_t>(k)] += a(k, k) < 0 ? -norm : norm;
    reflect(v, a);
    reflectors.push_back(std::move(v));
  }
  for (int64_t k = 0; k < n; ++k)
    q(k, k) = 1;
  for (int64_t k = n; k-- > 0;)
    reflect(reflectors[static_cast<size_t>(k)], q);
  for (int64_t i = 0; i < n; ++i) {
    double sign = a(i, i) < 0 ? -1 : 1;
    for (int64_t j = i; j < n; ++j)
      r(i, j) = sign * a(i, j);
    for (int64_t j = 0; j < m; ++j)
      q(j, i) *= sign;
  }
}

// A rotation (c, s) that makes the columns, or rows and columns, with these moments orthogonal.
std::pair<double, double> rotation(double app, double aqq, double apq) {
  double theta = (aqq - app) / (2 * apq);
  double t = (theta < 0 ? -1 : 1) / (std::fabs(theta) + std::hypot(theta, 1.0));
  double c = 1 / std::hypot(t, 1.0);
  return {c, t * c};
}

void rotate_columns(Matrix& a, int64_t p, int64_t q, double c, double s) {
  for (int64_t i = 0; i < a.rows; ++i) {
    double x = a(i, p), y = a(i, q);
    a(i, p) = c * x - s * y;
    a(i, q) = s * x + c * y;
  }
}

void rotate_rows(Matrix& a, int64_t p, int64_t q, double c, double s) {
  for (int64_t j = 0; j < a.cols; ++j) {
    double x = a(p, j), y = a(q, j);
    a(p, j) = c * x - s * y;
    a(q, j) = s * x + c * y;
  }
}

constexpr int kMaxSweeps = 100;
constexpr double kEps = std::numeric_limits<double>::epsilon();

// Columns of a and of b reordered by `order` and given the sign rule of graph.h by a's entries.
void arrange(Matrix& a, Matrix* b, const std::vector<int64_t>& order) {
  Matrix from_a = a, from_b = b ? *b : a;
  for (int64_t j = 0; j < a.cols; ++j) {
    int64_t from = order[static_cast<size_t>(j)];
    double largest = 0;
    for (int64_t i = 0; i < a.rows; ++i)
      if (std::fabs(from_a(i, from)) > std::fabs(largest)) largest = from_a(i, from);
    double sign = largest < 0 ? -1 : 1;
    for (int64_t i = 0; i < a.rows; ++i)
      a(i, j) = sign * from_a(i, from);
    for (int64_t i = 0; b && i < b->rows; ++i)
      (*b)(i, j) = sign * from_b(i, from);
  }
}

// Cyclic Jacobi; the columns of v are the vectors.
bool eigh(Matrix a, std::vector<double>& values, Matrix& v) {
  const int64_t n = a.rows;
  for (int64_t i = 0; i < n; ++i)
    v(i, i) = 1;
  bool done = false;
  for (int sweep = 0; sweep < kMaxSweeps && !done; ++sweep) {
    done = true;
    for (int64_t p = 0; p < n; ++p)
      for (int64_t q = p + 1; q < n; ++q) {
        double scale = std::sqrt(std::fabs(a(p, p))) * std::sqrt(std::fabs(a(q, q)));
        double off = std::fabs(a(p, q));
        if (off <= kEps * scale || off < std::numeric_limits<double>::min()) continue;
        // Entries that rounding alone leaves beside much larger ones count as zero.
        if (off <= 0.1 * kEps * std::max(std::fabs(a(p, p)), std::fabs(a(q, q)))) continue;
        done = false;
        auto [c, s] = rotation(a(p, p), a(q, q), a(p, q));
        rotate_columns(a, p, q, c, s);
        rotate_rows(a, p, q, c, s);
        rotate_columns(v, p, q, c, s);
      }
  }
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return a(i, i) < a(j, j); });
  for (int64_t i : order)
    values.push_back(a(i, i));
  arrange(v, nullptr, order);
  return done;
}

// A column of u that is orthogonal to the columns before it, where the singular value is zero.
void complete_column(Matrix& u, int64_t column) {
  for (int64_t unit = 0; unit < u.rows; ++unit) {
    std::vector<double> x(static_cast<size_t>(u.rows), 0.0);
    x[static_cast<size_t>(unit)] = 1;
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t j = 0; j < column; ++j) {
        double dot = 0;
        for (int64_t i = 0; i < u.rows; ++i)
          dot += u(i, j) * x[static_cast<size_t>(i)];
        for (int64_t i = 0; i < u.rows; ++i)
          x[static_cast<size_t>(i)] -= dot * u(i, j);
      }
    double norm = std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
    if (norm < 0.1 / static_cast<double>(u.rows)) continue;
    for (int64_t i = 0; i < u.rows; ++i)
      u(i, column) = x[static_cast<size_t>(i)] / norm;
    return;
  }
}

// One-sided Jacobi: u starts as A and ends with orthogonal columns of lengths `values`.
bool svd(Matrix& u, std::vector<double>& values, Matrix& v) {
  const int64_t m = u.rows, n = u.cols;
  for (int64_t i = 0; i < n; ++i)
    v(i, i) = 1;
  auto dot = [&](int64_t p, int64_t q) {
    double sum = 0;
    for (int64_t i = 0; i < m; ++i)
      sum += u(i, p) * u(i, q);
    return sum;
  };
  bool done = false;
  for (int sweep = 0; sweep < kMaxSweeps && !done; ++sweep) {
    done = true;
    for (int64_t p = 0; p < n; ++p)
      for (int64_t q = p + 1; q < n; ++q) {
        double pp = dot(p, p), qq = dot(q, q), pq = dot(p, q);
        double floor = std::numeric_limits<double>::min();
        if (std::fabs(pq) <= 4 * kEps * std::sqrt(pp) * std::sqrt(qq) || std::fabs(pq) < floor)
          continue;
        done = false;
        auto [c, s] = rotation(pp, qq, pq);
        rotate_columns(u, p, q, c, s);
        rotate_columns(v, p, q, c, s);
      }
  }
  std::vector<double> lengths;
  for (int64_t j = 0; j < n; ++j)
    lengths.push_back(std::sqrt(dot(j, j)));
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
    return lengths[static_cast<size_t>(i)] > lengths[static_cast<size_t>(j)];
  });
  arrange(v, &u, order);
  for (int64_t j = 0; j < n; ++j) {
    double length = lengths[static_cast<size_t>(order[static_cast<size_t>(j)])];
    // Below rounding error of the largest the direction means nothing.
    if (length <= kEps * static_cast<double>(m) * (j ? values[0] : 0)) {
      complete_column(u, j);
    } else {
      for (int64_t i = 0; i < m; ++i)
        u(i, j) /= length;
    }
    values.push_back(length);
  }
  return done;
}

} // namespace

void eval_library(Call& call) {
  const Tensor& a = call.operand(0);
  const DType dtype = a.dtype();
  const int64_t m = a.shape()[0], n = a.shape()[1];
  Matrix x = matrix_of(a);
  if (!all_finite(x)) return call.fail(run_status::kSingular, "the matrix is not finite");
  auto give = [&](const Matrix& result) {
    call.give(tensor_of(result.x, {result.rows, result.cols}, dtype));
  };
  auto needs_tall = [&] {
    if (m < n)
      call.fail(run_status::kShapeMismatch,
                fmt::format("a {} by {} matrix has more columns than rows", m, n));
    return m >= n;
  };
  Matrix square(n, n);
  std::vector<double> values;
  switch (call.node.op) {
  case Op::solve: {
    Matrix b = matrix_of(call.operand(1));
    if (!solve(x, b)) return call.fail(run_status::kSingular, "the matrix is singular");
    return call.give(tensor_of(b.x, call.operand(1).shape(), dtype));
  }
  case Op::cholesky:
    if (!cholesky(x, square))
      return call.fail(run_status::kSingular, "the matrix is not positive definite");
    return give(square);
  case Op::modified_cholesky:
    modified_cholesky(x, square,
                      dtype == DType::f32 ? std::numeric_limits<float>::epsilon() : kEps);
    return give(square);
  case Op::qr: {
    if (!needs_tall()) return;
    Matrix q(m, n);
    qr(x, q, square);
    give(q);
    return give(square);
  }
  case Op::eigh:
    if (!eigh(lower_mirrored(x), values, square))
      return call.fail(run_status::kNoConvergence, "too many sweeps");
    call.give(tensor_of(values, {n}, dtype));
    return give(square);
  case Op::svd:
    if (!needs_tall()) return;
    if (!svd(x, values, square)) return call.fail(run_status::kNoConvergence, "too many sweeps");
    give(x);
    call.give(tensor_of(values, {n}, dtype));
    return give(square);
  case Op::inverse_root: {
    if (!eigh(lower_mirrored(x), values, square))
      return call.fail(run_status::kNoConvergence, "too many sweeps");
    if (n > 0 && !(values.back() > 0))
      return call.fail(run_status::kSingular, "the largest eigenvalue is not positive");
    double eps = dtype == DType::f32 ? std::numeric_limits<float>::epsilon() : kEps;
    Matrix root(n, n);
    for (int64_t k = 0; k < n; ++k) {
      double value = std::max(values[static_cast<size_t>(k)], eps * values.back());
      double power = std::pow(value, -1.0 / static_cast<double>(call.ints()[0]));
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j)
          root(i, j) += power * square(i, k) * square(j, k);
    }
    return give(root);
  }
  default: TW_CHECK(false, "no linear algebra {}", op_info(call.node.op).name);
  }
}

} // namespace thalweg::interp
