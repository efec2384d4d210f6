// From CSV to blocks: shapes, holdout, standardizing, scaling, filling; batches.
#include "data/dataset.h"

#include "data/batches.h"
#include "data_support.h"
#include "test_files.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

using namespace thalweg::runtime;
using Catch::Contains;

namespace {

struct Column : Block {
  std::vector<double> values;
};

Column column(const std::string& name, std::vector<double> values) {
  Column block;
  block.name = name;
  block.source = "t.csv";
  block.shape = {static_cast<int64_t>(values.size())};
  block.values = std::move(values);
  block.column_names = {name};
  block.batched = true;
  block.fill_missing = true;
  return block;
}

Result<Dataset> prepared(const std::vector<Column>& columns, const DatasetOptions& options = {}) {
  std::vector<std::unique_ptr<DataFile>> files;
  for (const Column& block : columns) {
    auto file = std::make_unique<MemoryFile>();
    file->add(block, block.values);
    files.push_back(std::move(file));
  }
  return load_dataset(files, options);
}

std::vector<double> training_of(const Result<Dataset>& dataset, size_t block = 0) {
  INFO((dataset.ok() ? "" : dataset.error().message()));
  REQUIRE(dataset.ok());
  return dataset->training[block].values();
}

Result<std::unique_ptr<DataFile>> opened(const std::string& path, const CsvOptions& options,
                                         const std::vector<DataName>& names) {
  auto bytes = open_file(path, "t.csv");
  if (!bytes) return bytes.error();
  return open_csv(std::move(*bytes), "t.csv", options, names);
}

std::vector<double> counted(int64_t count) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<double>(i));
  return values;
}

std::shared_ptr<Tensor> tensor_of(Dims shape) {
  const int64_t count = *element_count(shape);
  return std::make_shared<Tensor>(
      std::move(*Tensor::from(Scalar::f64, std::move(shape), counted(count), "t")));
}

} // namespace

TEST_CASE("a csv file becomes features and target by the declared ranks") {
  const TemporaryFolder folder;
  const std::string path = folder.write("t.csv", "a,b,y\n1,2,dog\n3,4,cat\n5,6,cat\n");
  CsvOptions options;
  options.target = std::string("y");
  auto file = opened(path, options, {{"X", 2, false}, {"y", 1, true}});
  REQUIRE(file.ok());
  CHECK((*file)->blocks[0].shape == Dims{3, 2});
  CHECK((*file)->blocks[1].name == "y");
  CHECK((*file)->blocks[1].is_class);
  CHECK(Collected(**file).values ==
        std::vector<std::vector<double>>{{1, 2, 3, 4, 5, 6}, {1, 0, 0}});
  auto alone = opened(path, options, {{"y", 1, true}});
  REQUIRE(alone.ok());
  CHECK((*alone)->blocks.size() == 1);
  auto labels = opened(folder.write("l.csv", "y\nb\na\n"), {}, {{"y", 1, true}});
  REQUIRE(labels.ok());
  CHECK(Collected(**labels).values[0] == std::vector<double>{1, 0});
}

TEST_CASE("shapes that do not fit the file are told with both sides") {
  const TemporaryFolder folder;
  const std::string path = folder.write("t.csv", "a,b\n1,2\n3,4\n5,6\n");
  const auto error_of = [&](const CsvOptions& options, const std::vector<DataName>& names) {
    auto blocks = opened(path, options, names);
    REQUIRE_FALSE(blocks.ok());
    return blocks.error();
  };
  CHECK_THAT(error_of({}, {{"mu", 1, false}}).text,
             Contains("3 rows and 2 columns") && Contains("'mu' has rank 1"));
  CHECK_THAT(error_of({}, {{"s", 0, false}}).text, Contains("rank 0"));
  CHECK_THAT(error_of({}, {{"T", 3, false}}).text, Contains("rank 3"));
  CHECK_THAT(error_of({}, {{"X", 2, false}, {"y", 1, false}}).help, Contains("target ="));
  CsvOptions options;
  options.target = std::string("b");
  CHECK_THAT(error_of(options, {{"X", 2, false}, {"y", 2, false}}).text, Contains("rank 2"));
  auto row = opened(folder.write("r.csv", "1,2,3\n"), {}, {{"mu", 1, false}});
  CHECK((*row)->blocks[0].shape == Dims{3});
  auto one = opened(folder.write("o.csv", "7\n"), {}, {{"s", 0, false}});
  CHECK((*one)->blocks[0].shape.empty());
}

TEST_CASE("the holdout is drawn by the seed and keeps the order of the file") {
  const auto split = [](uint64_t seed) {
    return std::move(
        *prepared({column("x", counted(100)), column("y", counted(100))}, {0.2, seed}));
  };
  const Dataset first = split(0);
  CHECK(first.training_rows == 80);
  CHECK(first.validation_rows == 20);
  const std::vector<double> training = first.training[0].values(),
                            validation = first.validation[0].values();
  CHECK(std::is_sorted(training.begin(), training.end()));
  CHECK(std::is_sorted(validation.begin(), validation.end()));
  CHECK(training == first.training[1].values());
  std::set<double> all(training.begin(), training.end());
  all.insert(validation.begin(), validation.end());
  CHECK(all.size() == 100);
  CHECK(split(0).held_out == first.held_out);
  CHECK(split(1).held_out != first.held_out);
  CHECK(first.held_out != std::vector<int64_t>(first.held_out.size(), 0));
  const Dataset none = std::move(*prepared({column("x", counted(3))}));
  CHECK(none.validation.empty());
  CHECK(none.training_rows == 3);
}

TEST_CASE("impossible holdouts and disagreeing rows are refused") {
  for (const double holdout : {-0.1, 1.0, 2.0, 0.99, std::nan("")})
    CHECK_FALSE(prepared({column("x", counted(3))}, {holdout, 0}).ok());
  CHECK_FALSE(prepared({column("x", counted(1))}, {0.5, 0}).ok());
  auto differing = prepared({column("X", counted(3)), column("y", counted(4))});
  CHECK_THAT(differing.error().text, Contains("[3]") && Contains("[4]"));
  Column whole = column("S", counted(4));
  whole.batched = false;
  CHECK_FALSE(prepared({whole}, {0.5, 0}).ok());
  const Dataset both = std::move(*prepared({whole, column("x", counted(10))}, {0.5, 0}));
  CHECK(both.training[0].values() == whole.values);
  CHECK(both.validation[0].values() == whole.values);
  CHECK(both.training[1].elements() == 5);
}

TEST_CASE("standardizing uses the training part alone") {
  Column block = column("x", counted(50));
  block.standardize = true;
  const Dataset dataset = std::move(*prepared({block}, {0.3, 4}));
  const std::vector<double> training = dataset.training[0].values();
  double sum = 0, squares = 0;
  for (const double value : training)
    sum += value, squares += value * value;
  CHECK(std::fabs(sum) < 1e-12);
  CHECK(squares / static_cast<double>(training.size()) == Approx(1).epsilon(1e-14));
  // The same map took the validation rows: recover it from two training rows.
  std::vector<double> raw;
  for (int64_t i = 0; i < 50; ++i)
    if (!std::binary_search(dataset.held_out.begin(), dataset.held_out.end(), i))
      raw.push_back(static_cast<double>(i));
  const double slope = (training[1] - training[0]) / (raw[1] - raw[0]);
  for (size_t i = 0; i < dataset.held_out.size(); ++i) {
    const double expected =
        training[0] + slope * (static_cast<double>(dataset.held_out[i]) - raw[0]);
    CHECK(dataset.validation[0].at(static_cast<int64_t>(i)) == Approx(expected).margin(1e-12));
  }
}

TEST_CASE("standardizing: constants, single rows, large offsets, overflow, classes") {
  const auto standardized = [](std::vector<double> values) {
    Column block = column("x", std::move(values));
    block.standardize = true;
    return prepared({block});
  };
  CHECK(training_of(standardized({0.1, 0.1, 0.1})) == std::vector<double>{0, 0, 0});
  CHECK(training_of(standardized({7})) == std::vector<double>{0});
  CHECK(training_of(standardized({1e9 + 1, 1e9 + 2, 1e9 + 3}))[2] ==
        Approx(std::sqrt(1.5)).epsilon(1e-14));
  // A first value far from the others costs no digits either.
  CHECK(training_of(standardized({1e12, 1, 2, 3}))[0] == Approx(std::sqrt(3.0)).epsilon(1e-14));
  CHECK_THAT(standardized({1e308, 1e308, -1e308, 1e307}).error().text, Contains("too large"));
  Column labels = column("y", {0, 1, 2});
  labels.is_class = true;
  labels.standardize = true;
  labels.scale = 5;
  CHECK(training_of(prepared({labels})) == std::vector<double>{0, 1, 2});
}

TEST_CASE("scaling and filling gaps with training means") {
  Column block = column("x", {1, 2, NAN, 3});
  block.scale = 2;
  CHECK(training_of(prepared({block})) == std::vector<double>{2, 4, 4, 6});
  block.standardize = true;
  CHECK(training_of(prepared({block}))[2] == 0);
  CHECK_THAT(prepared({column("x", {NAN, NAN})}).error().text, Contains("no value"));
  Column matrix = column("X", {1, 10, NAN, 20, 3, NAN});
  matrix.shape = {3, 2};
  CHECK(training_of(prepared({matrix})) == std::vector<double>{1, 10, 2, 20, 3, 15});
}

TEST_CASE("values are rounded once, to the precision of the run; what does not fit is told") {
  Column block = column("x", {1e9 + 1, 1e9 + 2, 1e9 + 3});
  block.standardize = true;
  block.scalar = Scalar::f32;
  const Dataset dataset = std::move(*prepared({block}));
  CHECK(dataset.training[0].as<float>()[0] == static_cast<float>(-std::sqrt(1.5)));
  Column large = column("x", {1, 1e300});
  large.scalar = Scalar::f32;
  CHECK_THAT(prepared({large}).error().text, Contains("1e+300 in row 1, which f32"));
  Column half = column("k", {1, 0.5});
  half.scalar = Scalar::i64;
  CHECK_THAT(prepared({half}).error().text, Contains("which i64"));
}

TEST_CASE("data that need more memory than there is are refused with both numbers") {
  Column block = column("X", {});
  block.shape = {int64_t{1} << 30, 16};
  DatasetOptions options;
  options.memory = uint64_t{1} << 34;
  const DataError error = prepared({block}, options).error();
  CHECK(error.fault == DataFault::memory);
  CHECK_THAT(error.text, Contains("128 GiB") && Contains("16.0 GiB can be had"));
  CHECK_THAT(error.help, Contains("f32"));
  block.shape = {int64_t{1} << 40, int64_t{1} << 40};
  CHECK_FALSE(prepared({block}).ok());
}

TEST_CASE("batches: order, short last batch, reproducibility") {
  BatchPlan plan = *BatchPlan::make(10, 4, Order::sequential, 0);
  CHECK(plan.batches_per_epoch() == 3);
  CHECK(plan.batch_rows(0) == std::vector<int64_t>{0, 1, 2, 3});
  CHECK(plan.batch_rows(2) == std::vector<int64_t>{8, 9});
  CHECK(plan.batch_rows(3) == std::vector<int64_t>{0, 1, 2, 3});
  BatchPlan shuffled = *BatchPlan::make(10, 4, Order::shuffled, 5);
  std::vector<std::vector<int64_t>> epochs;
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<int64_t> seen;
    for (int64_t k = 0; k < 3; ++k) {
      const auto& rows = shuffled.batch_rows(epoch * 3 + k);
      seen.insert(seen.end(), rows.begin(), rows.end());
    }
    epochs.push_back(seen);
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
  CHECK(epochs[0] != epochs[1]);
  // Asked out of order and from another plan: the same rows.
  BatchPlan again = *BatchPlan::make(10, 4, Order::shuffled, 5);
  const std::vector<int64_t> fourth = again.batch_rows(4);
  CHECK(again.batch_rows(1) == shuffled.batch_rows(1));
  CHECK(fourth == shuffled.batch_rows(4));
  BatchPlan drawn = *BatchPlan::make(10, 4, Order::replacement, 5);
  std::set<int64_t> seen;
  for (int64_t k = 0; k < 100; ++k) {
    CHECK(drawn.batch_rows(k).size() == 4);
    seen.insert(drawn.batch_rows(k).begin(), drawn.batch_rows(k).end());
  }
  CHECK(seen.size() == 10);
  CHECK(*seen.rbegin() == 9);
}

TEST_CASE("batches: sizes that cannot be") {
  CHECK_THAT(BatchPlan::make(10, 0, Order::shuffled, 0).error().text, Contains("batch 0"));
  CHECK_FALSE(BatchPlan::make(10, -3, Order::shuffled, 0).ok());
  CHECK_THAT(BatchPlan::make(10, 11, Order::shuffled, 0).error().text,
             Contains("10 training rows"));
  CHECK_FALSE(BatchPlan::make(0, {}, Order::shuffled, 0).ok());
  CHECK(BatchPlan::make(10, {}, Order::shuffled, 0)->full());
  auto mismatch =
      BatchSource::make({tensor_of({4, 2})}, *BatchPlan::make(5, {}, Order::shuffled, 0));
  CHECK_FALSE(mismatch.ok());
}

TEST_CASE("gathered rows lie end to end in one buffer for each tensor") {
  const auto X = tensor_of({5, 3}), y = tensor_of({5});
  BatchPlan plan = *BatchPlan::make(5, 2, Order::shuffled, 1);
  BatchSource source = std::move(*BatchSource::make({X, y}, plan));
  for (int64_t number = 0; number < 6; ++number) {
    const Batch& batch = source.bind(number);
    const std::vector<int64_t> rows = plan.batch_rows(number);
    REQUIRE(batch.rows == static_cast<int64_t>(rows.size()));
    const auto* xs = static_cast<const double*>(batch.buffers[0]);
    const auto* ys = static_cast<const double*>(batch.buffers[1]);
    for (size_t i = 0; i < rows.size(); ++i) {
      CHECK(ys[i] == static_cast<double>(rows[i]));
      for (size_t j = 0; j < 3; ++j)
        CHECK(xs[i * 3 + j] == static_cast<double>(rows[i] * 3) + static_cast<double>(j));
    }
  }
}

TEST_CASE("a full batch is the tensor itself") {
  const auto X = tensor_of({5, 3});
  BatchSource source =
      std::move(*BatchSource::make({X}, *BatchPlan::make(5, {}, Order::shuffled, 1)));
  CHECK(source.bind(0).buffers[0] == X->data());
  CHECK(source.bind(7).buffers[0] == X->data());
  CHECK(source.batch().number == 7);
  CHECK(source.batch().rows == 5);
}
