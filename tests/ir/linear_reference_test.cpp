// Linear algebra of the interpreter against Eigen, an implementation that is not ours.
#include "ir/builder.h"
#include "ir/interp.h"

#include <Eigen/Dense>
#include <catch2/catch.hpp>
#include <random>

using namespace thalweg;

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix random_matrix(std::mt19937_64& engine, int64_t rows, int64_t cols) {
  std::normal_distribution<double> normal;
  return Matrix::NullaryExpr(rows, cols, [&] { return normal(engine); });
}
Tensor tensor(const Matrix& m) {
  return Tensor::of({m.data(), m.data() + m.size()}, {m.rows(), m.cols()});
}
Matrix matrix(const Tensor& t) {
  const std::vector<double>& data = t.data<double>();
  int64_t cols = t.rank() == 2 ? t.shape()[1] : 1;
  return Eigen::Map<const Matrix>(data.data(), t.shape()[0], cols);
}

// The results of one operator on concrete matrices: its value, or the elements of its tuple.
std::vector<Matrix> apply(Op op, const std::vector<Matrix>& inputs, Attr attr = {}) {
  Graph graph;
  Builder b(graph);
  Function f;
  f.name = "linear";
  std::vector<ValueId> operands;
  std::vector<Tensor> tensors;
  for (const Matrix& m : inputs) {
    Type type = Type::tensor(DType::f64, {Dim(m.rows()), Dim(m.cols())});
    operands.push_back(b.arg(static_cast<int64_t>(operands.size()), type));
    f.parameters.push_back({"p" + std::to_string(operands.size()), type});
    tensors.push_back(tensor(m));
  }
  ValueId value = b.make(op, operands, attr);
  size_t parts = graph.type(value).is_tuple ? graph.type(value).elements.size() : 0;
  for (size_t k = 0; k < std::max<size_t>(parts, 1); ++k)
    f.results.push_back({"r", parts ? b.get(value, static_cast<int64_t>(k)) : value});
  Evaluated out = Interpreter(graph).evaluate(f, tensors);
  REQUIRE(out.ok());
  std::vector<Matrix> results;
  for (const Tensor& t : out.results)
    results.push_back(matrix(t));
  return results;
}

void check_close(const Matrix& ours, const Matrix& theirs, double scale) {
  REQUIRE(ours.rows() == theirs.rows());
  REQUIRE(ours.cols() == theirs.cols());
  CHECK((ours - theirs).cwiseAbs().maxCoeff() <= 1e-10 * std::max(scale, 1.0));
}

} // namespace

TEST_CASE("solve, cholesky, eigenvalues and singular values agree with Eigen") {
  std::mt19937_64 engine(7);
  for (int64_t n : {1, 2, 3, 5, 8, 17, 31, 32, 33, 65, 100}) {
    INFO("n = " << n);
    Matrix a = random_matrix(engine, n, n), rhs = random_matrix(engine, n, 3);
    Matrix positive = a * a.transpose() + Matrix::Identity(n, n);
    Matrix symmetric = (a + a.transpose()) / 2;

    Matrix x = apply(Op::solve, {a, rhs})[0];
    Matrix theirs = a.partialPivLu().solve(rhs);
    CHECK((a * x - rhs).cwiseAbs().maxCoeff() <= 1e-9 * (1 + theirs.cwiseAbs().maxCoeff()));
    check_close(apply(Op::solve, {positive, rhs})[0], positive.llt().solve(rhs), 1);
    check_close(apply(Op::cholesky, {positive})[0], Matrix(positive.llt().matrixL()),
                positive.norm());

    std::vector<Matrix> eigen = apply(Op::eigh, {symmetric});
    Eigen::SelfAdjointEigenSolver<Matrix> solver(symmetric);
    check_close(eigen[0], solver.eigenvalues(), symmetric.norm());
    check_close(eigen[1] * eigen[0].asDiagonal() * eigen[1].transpose(), symmetric,
                symmetric.norm());

    Matrix tall = random_matrix(engine, n + 4, n);
    std::vector<Matrix> svd = apply(Op::svd, {tall});
    check_close(svd[1], Eigen::JacobiSVD<Matrix>(tall).singularValues(), tall.norm());
    check_close(svd[0] * svd[1].asDiagonal() * svd[2].transpose(), tall, tall.norm());

    std::vector<Matrix> qr = apply(Op::qr, {tall});
    check_close(qr[0] * qr[1], tall, tall.norm());
    check_close(qr[0].transpose() * qr[0], Matrix::Identity(n, n), 1);
    Matrix upper =
        Eigen::HouseholderQR<Matrix>(tall).matrixQR().topRows(n).triangularView<Eigen::Upper>();
    check_close(qr[1].cwiseAbs(), upper.cwiseAbs(), tall.norm());

    Matrix root = apply(Op::inverse_root, {positive}, {{4}, {}, {}, {}})[0];
    Eigen::SelfAdjointEigenSolver<Matrix> spectrum(positive);
    Matrix expected = spectrum.eigenvectors() *
                      spectrum.eigenvalues().array().pow(-0.25).matrix().asDiagonal() *
                      spectrum.eigenvectors().transpose();
    check_close(root, expected, 1);
  }
}

TEST_CASE("modified cholesky changes the diagonal alone, and a definite matrix not at all") {
  std::mt19937_64 engine(8);
  for (int64_t n : {1, 4, 33, 70}) {
    INFO("n = " << n);
    Matrix a = random_matrix(engine, n, n);
    Matrix indefinite = (a + a.transpose()) / 2, positive = a * a.transpose();
    positive += Matrix::Identity(n, n) * positive.norm();
    check_close(apply(Op::modified_cholesky, {positive})[0], Matrix(positive.llt().matrixL()),
                positive.norm());
    Matrix l = apply(Op::modified_cholesky, {indefinite})[0];
    Matrix change = l * l.transpose() - indefinite;
    CHECK(change.diagonal().minCoeff() >= -1e-10 * indefinite.norm());
    change.diagonal().setZero();
    CHECK(change.cwiseAbs().maxCoeff() <= 1e-10 * (l * l.transpose()).norm());
  }
}

TEST_CASE("triangular systems") {
  std::mt19937_64 engine(9);
  for (int64_t n : {1, 5, 40})
    for (int64_t sides : {1, 3}) {
      Matrix a = random_matrix(engine, n, n) / std::sqrt(double(n)) + 3 * Matrix::Identity(n, n);
      Matrix b = random_matrix(engine, n, sides);
      Matrix lower = a.triangularView<Eigen::Lower>(), upper = a.triangularView<Eigen::Upper>();
      check_close(apply(Op::solve, {lower, b})[0], lower.partialPivLu().solve(b), 1);
      check_close(apply(Op::solve, {upper, b})[0], upper.partialPivLu().solve(b), 1);
    }
}

TEST_CASE("singular values of a matrix of low rank") {
  std::mt19937_64 engine(11);
  for (int64_t n : {4, 20}) {
    Matrix low = random_matrix(engine, n + 3, 2) * random_matrix(engine, 2, n);
    std::vector<Matrix> svd = apply(Op::svd, {low});
    check_close(svd[0] * svd[1].asDiagonal() * svd[2].transpose(), low, low.norm());
    check_close(svd[0].transpose() * svd[0], Matrix::Identity(n, n), 1);
    check_close(svd[2].transpose() * svd[2], Matrix::Identity(n, n), 1);
    CHECK(svd[1](2, 0) <= 1e-12 * svd[1](0, 0));
  }
}

TEST_CASE("large and small entries leave factorizations in range") {
  std::mt19937_64 engine(10);
  for (double scale : {1e-200, 1e200}) {
    INFO("scale " << scale);
    Matrix tall = random_matrix(engine, 7, 5), square = tall.transpose() * tall;
    std::vector<Matrix> qr = apply(Op::qr, {tall * scale});
    check_close(qr[0] * (qr[1] / scale), tall, tall.norm());
    std::vector<Matrix> svd = apply(Op::svd, {tall * scale});
    check_close(svd[0] * (svd[1] / scale).asDiagonal() * svd[2].transpose(), tall, tall.norm());
    std::vector<Matrix> eigen = apply(Op::eigh, {square * scale});
    check_close(eigen[1] * (eigen[0] / scale).asDiagonal() * eigen[1].transpose(), square,
                square.norm());
  }
}
