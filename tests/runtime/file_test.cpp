// Reading files as snapshots, confining data paths, writing atomically; tensors.
#include "base/file.h"

#include "base/memory.h"
#include "base/source.h"
#include "base/tensor.h"
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

TEST_CASE("files are read again and again; what is no plain file is refused") {
  const TemporaryFolder folder;
  auto file = open_file(folder.write("a", "1,2\n"), "a");
  REQUIRE(file.ok());
  for (int pass = 0; pass < 2; ++pass) {
    std::string bytes(10, '?');
    REQUIRE((*file)->rewind().ok());
    CHECK(*(*file)->read_fully(bytes.data(), 10) == 4);
    CHECK(bytes.substr(0, 4) == "1,2\n");
  }
  const auto missing = open_file(folder.file("none.csv"), "none.csv");
  CHECK_THAT(missing.error().message(),
             Contains("none.csv: no such file: looked for") && Contains(folder.path()));
  CHECK_THAT(open_file(folder.path(), "x").error().text, Contains("is a folder"));
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THAT(open_file(folder.file("pipe"), "pipe").error().text, Contains("regular file"));
  CHECK_THAT(open_file("/dev/zero", "zero").error().text, Contains("regular file"));
}

TEST_CASE("a file that changes is found out, one that loses its name is not") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "1,2\n");
  auto file = open_file(path, "a");
  REQUIRE((*file)->unchanged().ok());
  std::filesystem::rename(folder.write("b", "something else"), path);
  CHECK((*file)->unchanged().ok());
  auto second = open_file(path, "a");
  std::ofstream(path, std::ios::app) << "more";
  CHECK_THAT((*second)->unchanged().error().text, Contains("changed while it was being read"));
  auto third = open_file(path, "a");
  std::filesystem::resize_file(path, 3);
  CHECK_FALSE((*third)->unchanged().ok());
}

TEST_CASE("memory can be had, and is said in words") {
  CHECK(available_memory() > (uint64_t{1} << 20));
  CHECK(byte_text(12) == "12 bytes");
  CHECK(byte_text(1536) == "1.5 KiB");
  CHECK(byte_text(3e12) == "2.7 TiB");
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
