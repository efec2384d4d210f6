// Reading files as snapshots, confining data paths, writing atomically; NPY.
#include "base/file.h"

#include "data/npy.h"
#include "test_files.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace thalweg::runtime;
using Catch::Contains;

TEST_CASE("files are read whole; what is no plain file is refused") {
  const TemporaryFolder folder;
  CHECK(*read_file(folder.write("a", "1,2\n"), "a") == "1,2\n");
  CHECK(read_file(folder.write("empty", ""), "empty")->empty());
  const Result<std::string> missing = read_file(folder.file("none.csv"), "none.csv");
  CHECK_THAT(missing.error().message(),
             Contains("none.csv: no such file: looked for") && Contains(folder.path()));
  CHECK_THAT(read_file(folder.path(), "x").error().text, Contains("is a folder"));
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THAT(read_file(folder.file("pipe"), "pipe").error().text, Contains("regular file"));
  CHECK_THAT(read_file("/dev/zero", "zero").error().text, Contains("regular file"));
  CHECK_THAT(read_file(folder.file("a"), "a", 3).error().text, Contains("limit of 3"));
}

TEST_CASE("data paths stay inside their folder") {
  CHECK(*resolve_data_path("/p/q", "data/x.csv") == "/p/q/data/x.csv");
  CHECK(*resolve_data_path("/p/q", "./a/../x.csv") == "/p/q/x.csv");
  CHECK(*resolve_data_path("/p/q", "$(id).csv") == "/p/q/$(id).csv");
  CHECK(*resolve_data_path("/p/q", "; rm -rf x") == "/p/q/; rm -rf x");
  CHECK(*resolve_data_path("/p/q", "~/x.csv") == "/p/q/~/x.csv");
  CHECK(*resolve_data_path("/p/q", "../x.csv", "/p") == "/p/x.csv");
  CHECK(*resolve_data_path("/p/q", "..x.csv") == "/p/q/..x.csv");
  for (const std::string& bad :
       {std::string("../x.csv"), std::string("a/../../q2/x"), std::string("/etc/passwd"),
        std::string("file:///etc/passwd"), std::string("a\0b.csv", 7), std::string(""),
        std::string("a\nb"), std::string("\xff"), std::string("a\xe2\x80\xae.csv")}) {
    CAPTURE(bad);
    const Result<std::string> path = resolve_data_path("/p/q", bad);
    REQUIRE_FALSE(path.ok());
    CHECK(path.error().message().find('\n') == std::string::npos);
  }
  CHECK_FALSE(resolve_data_path("/p/q", "../../x.csv", "/p").ok());
}

TEST_CASE("an atomic file appears at commit or not at all") {
  const TemporaryFolder folder;
  const std::string path = folder.write("out", "old");
  {
    Result<AtomicFile> file = AtomicFile::create(path);
    REQUIRE(file.ok());
    REQUIRE(file->write("new").ok());
  }
  CHECK(TemporaryFolder::read(path) == "old");
  CHECK(folder.entries() == 1);
  REQUIRE(write_file_atomically(path, "new").ok());
  CHECK(TemporaryFolder::read(path) == "new");
  CHECK(folder.entries() == 1);
  CHECK_THAT(write_file_atomically(folder.file("no/such/x"), "").error().text,
             Contains("cannot be written"));
}

TEST_CASE("a full disk is reported and leaves the old file") {
  const TemporaryFolder folder;
  const std::string path = folder.write("out", "old");
  // The limit on file sizes stands in for a disk that fills up: write() fails in both.
  struct rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{1000, former.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const Outcome written = write_file_atomically(path, std::string(5000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &former);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(written.ok());
  CHECK_THAT(written.error().message(), Contains("out: cannot be written"));
  CHECK(TemporaryFolder::read(path) == "old");
  CHECK(folder.entries() == 1);
  const int full = ::open("/dev/full", O_WRONLY);
  if (full >= 0) {
    CHECK_THAT(write_all(full, "x", "log").error().message(),
               Contains("log: cannot be written: No space"));
    ::close(full);
  }
}

TEST_CASE("npy headers are what NumPy writes") {
  const std::string header = npy_header(Scalar::f64, {3, 4});
  CHECK(header.size() == 128);
  CHECK(header.substr(0, 10) == std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  CHECK(header.substr(10, 59) == "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }");
  CHECK(header.back() == '\n');
  CHECK_THAT(npy_header(Scalar::f32, {5}), Contains("'<f4'") && Contains("(5,)"));
  CHECK_THAT(npy_header(Scalar::i64, {}), Contains("'<i8'") && Contains("'shape': ()"));
}

TEST_CASE("npy files come back as they were written") {
  const TemporaryFolder folder;
  const std::vector<std::pair<Scalar, Dims>> cases = {{Scalar::f64, {2, 3}},
                                                      {Scalar::f32, {4}},
                                                      {Scalar::i64, {2, 1, 2}},
                                                      {Scalar::f64, {}},
                                                      {Scalar::f32, {0, 3}}};
  for (const auto& [scalar, shape] : cases) {
    std::vector<double> values;
    for (int64_t i = 0; i < *element_count(shape); ++i)
      values.push_back(static_cast<double>(3 * i - 2));
    Result<Tensor> tensor = Tensor::from(scalar, shape, values, "t");
    REQUIRE(tensor.ok());
    REQUIRE(write_npy(folder.file("t.npy"), *tensor).ok());
    Result<Tensor> back = read_npy(folder.file("t.npy"), "t.npy");
    REQUIRE(back.ok());
    CHECK(back->scalar() == scalar);
    CHECK(back->shape() == shape);
    CHECK(back->values() == values);
  }
}

TEST_CASE("damaged npy files are refused before memory is taken") {
  const std::string good = npy_header(Scalar::f64, {2}) + std::string(16, '\0');
  REQUIRE(parse_npy(good, "t").ok());
  for (size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(parse_npy(std::string_view(good).substr(0, length), "t").ok());
  CHECK_FALSE(parse_npy(good + "x", "t").ok());
  const auto with_shape = [](const std::string& shape) {
    std::string bytes = npy_header(Scalar::f64, {2});
    bytes.replace(bytes.find("(2,)"), shape.size() + 3, shape + ", }"); // eats padding
    return bytes + std::string(16, '\0');
  };
  REQUIRE(parse_npy(with_shape("(1, 2)"), "t").ok());
  for (const char* shape :
       {"(4611686018427387904,)", "(4294967296, 4294967296)", "(-2,)", "(99999999999999999999,)",
        "[2,]", "(2.5,)", "(0, 9223372036854775807, 9)"})
    CHECK_FALSE(parse_npy(with_shape(shape), "t").ok());
  std::string fortran = npy_header(Scalar::f64, {2}) + std::string(16, '\0');
  fortran.replace(fortran.find("False"), 5, "True ");
  CHECK_THAT(parse_npy(fortran, "t").error().text, Contains("Fortran"));
  std::string half = good;
  half.replace(half.find("<f8"), 3, "<f2");
  CHECK_THAT(parse_npy(half, "t").error().text, Contains("'<f2'"));
}

TEST_CASE("tensors refuse impossible shapes and values") {
  CHECK(element_count({3, 0, 4}) == 0);
  CHECK_FALSE(element_count({-1}).has_value());
  CHECK_FALSE(element_count({int64_t{1} << 40, int64_t{1} << 40}).has_value());
  CHECK_FALSE(element_count({int64_t{1} << 40, int64_t{1} << 40, 0}).has_value());
  CHECK_FALSE(Tensor::make(Scalar::f64, {int64_t{1} << 58}).ok());
  CHECK_THAT(Tensor::from(Scalar::f32, {1}, {1e300}, "'X'").error().text,
             Contains("'X' holds 1e+300"));
  CHECK_FALSE(Tensor::from(Scalar::i64, {1}, {0.5}, "y").ok());
  CHECK_FALSE(Tensor::from(Scalar::f64, {3}, {1, 2}, "y").ok());
  Result<Tensor> tensor = Tensor::make(Scalar::f32, {3});
  CHECK(reinterpret_cast<uintptr_t>(tensor->data()) % 64 == 0);
}
