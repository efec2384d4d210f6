// NumPy's arrays: headers, every element type and order, archives, and every way they can be wrong.
// arrays/make_arrays.py wrote the archives with NumPy.
#include "data/npy.h"

#include "data/array_file.h"
#include "data_support.h"
#include "test_files.h"

#include <catch2/catch.hpp>

using namespace thalweg::runtime;
using Catch::Contains;

namespace {

using Numbers = std::vector<double>;

std::string archive(const std::string& name) {
  return std::string(THALWEG_SOURCE_DIR) + "/tests/runtime/arrays/" + name;
}

Result<std::unique_ptr<DataFile>> member(const std::string& file, const std::string& name,
                                         const DataName& data, const ArrayOptions& options = {}) {
  return open_npz(archive(file), file, {data}, {name}, options);
}

Result<std::unique_ptr<DataFile>> array(const std::string& bytes, const DataName& data) {
  return open_npy(text_source(bytes), "t.npy", data, {});
}

bool reads(const std::string& bytes, int64_t rank) {
  auto file = array(bytes, {"x", rank, false});
  return file.ok() && Collected(**file).outcome.ok();
}

} // namespace

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
                                                      {Scalar::f32, {300, 1000}}};
  for (const auto& [scalar, shape] : cases) {
    Numbers values;
    for (int64_t i = 0; i < *element_count(shape); ++i)
      values.push_back(static_cast<double>(3 * i - 2));
    Result<Tensor> tensor = Tensor::from(scalar, shape, values, "t");
    REQUIRE(tensor.ok());
    REQUIRE(write_npy(folder.file("t.npy"), *tensor).ok());
    auto bytes = open_file(folder.file("t.npy"), "t.npy");
    auto file =
        open_npy(std::move(*bytes), "t.npy", {"x", static_cast<int64_t>(shape.size()), false}, {});
    REQUIRE(file.ok());
    CHECK((*file)->blocks[0].shape == shape);
    const Collected collected(**file);
    CHECK(collected.outcome.ok());
    CHECK(collected.values[0] == values);
  }
}

TEST_CASE("every element type, byte order and memory order that NumPy writes") {
  for (const char* file : {"stored.npz", "deflated.npz"}) {
    for (const std::string type :
         {"bool", "i1", "u1", "little_i2", "little_i4", "little_i8", "little_u2", "little_u4",
          "little_u8", "little_f4", "little_f8", "big_i2", "big_i4", "big_i8", "big_u2", "big_u4",
          "big_u8", "big_f4", "big_f8"}) {
      for (const char* order : {"", "_fortran"}) {
        CAPTURE(file, type, order);
        auto opened = member(file, type + order, {"x", 3, false});
        REQUIRE(opened.ok());
        CHECK((*opened)->blocks[0].shape == Dims{2, 3, 2});
        const char kind = type[type.size() - 2];
        for (int pass = 0; pass < 2; ++pass) {
          const Collected collected(**opened);
          REQUIRE(collected.outcome.ok());
          for (int k = 0; k < 12; ++k) {
            const double expected = kind == 'o'   ? (k % 3 == 0 ? 1 : 0)
                                    : kind == 'u' ? k + 200
                                    : kind == 'i' ? k - 100
                                                  : k / 2.0 - 1.25;
            REQUIRE(collected.values[0][static_cast<size_t>(k)] == expected);
          }
        }
      }
    }
  }
}

TEST_CASE("versions of the format, numbers and vectors") {
  for (const char* name : {"v1", "v2", "v3", "v1.npy"})
    CHECK(Collected(**member("versions.npz", name, {"x", 3, false})).values[0][11] == 4.25);
  CHECK(Collected(**member("versions.npz", "number", {"x", 0, false})).values[0] == Numbers{2.5});
  auto both = open_npz(archive("versions.npz"), "versions.npz", {{"a", 1, false}, {"b", 0, false}},
                       {"vector", "number"}, {});
  CHECK(Collected(**both).values == std::vector<Numbers>{{3, 4}, {2.5}});
}

TEST_CASE("labels in arrays become class indices") {
  auto file = member("stored.npz", "i1", {"y", 3, true});
  REQUIRE(file.ok());
  CHECK((*file)->blocks[0].class_names.front() == "-100");
  CHECK((*file)->blocks[0].class_names.size() == 12);
  CHECK(Collected(**file).values[0][11] == 11);
  CHECK_THAT(member("refused.npz", "fractions", {"y", 1, true}).error().text,
             Contains("holds 2.5 at [1], which is no label"));
}

TEST_CASE("arrays that are no numbers, and numbers that are no data") {
  const auto error = [](const std::string& name, int64_t rank) {
    auto file = member("refused.npz", name, {"x", rank, false});
    if (!file) return file.error();
    Outcome visited = Collected(**file).outcome;
    REQUIRE_FALSE(visited.ok());
    return visited.error();
  };
  CHECK(error("objects", 1).message() ==
        "refused.npz: objects: holds Python objects, which are never loaded");
  CHECK_THAT(error("complex", 1).text, Contains("'<c16'"));
  CHECK_THAT(error("text", 1).text, Contains("'<U1'"));
  CHECK_THAT(error("half", 1).text, Contains("'<f2'"));
  CHECK_THAT(error("record", 1).text, Contains("named fields"));
  CHECK_THAT(error("infinite", 1).text, Contains("holds inf at [1]"));
  CHECK_THAT(error("empty", 2).text, Contains("nothing in it"));
  const DataError gap = error("gap", 2);
  CHECK(gap.fault == DataFault::missing);
  CHECK_THAT(gap.text, Contains("holds nan at [0, 1]"));
  auto filled = member("refused.npz", "gap", {"x", 2, false}, {true});
  CHECK((*filled)->blocks[0].fill_missing);
  CHECK(std::isnan(Collected(**filled).values[0][1]));
  CHECK(error("nowhere", 1).fault == DataFault::column);
  CHECK_THAT(error("nowhere", 1).help, Contains("'objects', 'complex'"));
  const DataError shape = member("stored.npz", "i1", {"x", 2, false}).error();
  CHECK(shape.fault == DataFault::shape);
  CHECK_THAT(shape.text, Contains("[2, 3, 2]") && Contains("rank 2"));
}

TEST_CASE("damaged npy files are refused before memory is taken") {
  const std::string good = npy_header(Scalar::f64, {2}) + std::string(16, '\0');
  REQUIRE(reads(good, 1));
  for (size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(reads(good.substr(0, length), 1));
  CHECK_FALSE(reads(good + "x", 1));
  const auto with_shape = [](const std::string& shape) {
    std::string bytes = npy_header(Scalar::f64, {2});
    bytes.replace(bytes.find("(2,)"), shape.size() + 3, shape + ", }"); // eats padding
    return bytes + std::string(16, '\0');
  };
  REQUIRE(reads(with_shape("(1, 2)"), 2));
  for (const char* shape :
       {"(4611686018427387904,)", "(4294967296, 4294967296)", "(-2,)", "(99999999999999999999,)",
        "[2,]", "(2.5,)", "(0, 9223372036854775807, 9)"})
    for (const int64_t rank : {1, 2, 3})
      CHECK_FALSE(reads(with_shape(shape), rank));
  std::string header = good;
  header[9] = '\x7f'; // a header that claims 32 KiB
  CHECK_THAT(array(header, {"x", 1, false}).error().text, Contains("inside its header"));
  header[6] = 9;
  CHECK_THAT(array(header, {"x", 1, false}).error().text, Contains("version 9"));
}

TEST_CASE("damaged archives are refused, or found out by the checksum") {
  const TemporaryFolder folder;
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const std::string good = TemporaryFolder::read(archive(name));
    int read = 0, refused = 0;
    const auto attempt = [&](const std::string& bytes) {
      auto file =
          open_npz(folder.write("t.npz", bytes), "t.npz", {{"x", 3, false}}, {"little_f8"}, {});
      const bool fine = file.ok() && Collected(**file).outcome.ok();
      ++(fine ? read : refused);
    };
    for (size_t at = 1; at < good.size(); at += good.size() / 50)
      attempt(good.substr(0, at));
    CHECK(read == 0);
    for (size_t at = 0; at < good.size(); at += 61) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
      attempt(bytes);
    }
    CHECK(refused > 50);
  }
  CHECK_THAT(
      open_npz(folder.write("a.npz", "no archive at all"), "a.npz", {{"x", 1, false}}, {"x"}, {})
          .error()
          .text,
      Contains("is no .npz file"));
}
