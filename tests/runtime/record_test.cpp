// JSON text, recorded rows, the log file, summaries and the output folder.
#include "record/summary.h"

#include "data/array_file.h"
#include "test_files.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <limits>
#include <sys/resource.h>
#include <unistd.h>

using namespace thalweg::runtime;
using Catch::Contains;

namespace {

std::shared_ptr<const Tensor> tensor(Scalar scalar, Dims shape, const std::vector<double>& values) {
  return std::make_shared<Tensor>(Tensor::from(scalar, std::move(shape), values, "t").value());
}

ExperimentSummary example() {
  RunSummary run;
  run.name = "adamw";
  run.steps = 400;
  run.epochs = 56.25;
  run.stopped_by = "steps";
  run.loss = 0.0625;
  run.metrics = {{"accuracy", 0.98}, {"blank", std::nullopt}};
  run.params = {{"w", tensor(Scalar::f64, {2, 2}, {1, 2.5, -3, 0.1})},
                {"b", tensor(Scalar::f32, {}, {0.1})}};
  run.seconds = 0.5;
  return {"breast_cancer", {run}};
}

} // namespace

TEST_CASE("numbers in json are the shortest that read back") {
  CHECK(print_json_line(json_number(0.1)) == "0.1");
  CHECK(print_json_line(json_number(1.0 / 3)) == "0.3333333333333333");
  CHECK(print_json_line(json_number(5e-324)) == "5e-324");
  CHECK(print_json_line(json_number(-0.0)) == "-0.0");
  CHECK(print_json_line(json_number(1e300)) == "1e+300");
  CHECK(print_json_line(json_number(9007199254740993.0)) == "9007199254740992.0");
  CHECK(print_json_line(json_number_f32(0.1f)) == "0.1");
  CHECK(print_json_line(json_number(NAN)) == "\"nan\"");
  CHECK(print_json_line(json_number(-INFINITY)) == "\"-inf\"");
  CHECK(print_json_line(json_number_f32(INFINITY)) == "\"inf\"");
  for (const double value : {0.1, 123456789.123, 1e-7, 5e22, 1.7976931348623157e308, 2.0})
    CHECK(nlohmann::json::parse(print_json_line(json_number(value))).get<double>() == value);
}

TEST_CASE("json text is one line or indented, always valid") {
  const Json json = {{"a", {1, 2}},
                     {"b", {{"c", "x\"\\\n\x01\xff"}}},
                     {"d", Json::array()},
                     {"e", nullptr},
                     {"f", true}};
  CHECK(print_json_line(json) ==
        R"({"a":[1,2],"b":{"c":"x\"\\\n\u0001�"},"d":[],"e":null,"f":true})");
  CHECK(print_json_pretty(json) == "{\n  \"a\": [1, 2],\n  \"b\": {\n    \"c\": "
                                   "\"x\\\"\\\\\\n\\u0001\xef\xbf\xbd\"\n  },\n  \"d\": [],\n  "
                                   "\"e\": null,\n  \"f\": true\n}\n");
}

TEST_CASE("tensors nest by their shape, large ones are only described") {
  CHECK(print_json_line(tensor_json(*tensor(Scalar::f64, {2, 3}, {1, 2, 3, 4, 5, 6}))) ==
        "[[1.0,2.0,3.0],[4.0,5.0,6.0]]");
  CHECK(print_json_line(tensor_json(*tensor(Scalar::i64, {2, 1, 2}, {1, 2, 3, 4}))) ==
        "[[[1,2]],[[3,4]]]");
  CHECK(print_json_line(tensor_json(*tensor(Scalar::f64, {}, {7}))) == "7.0");
  CHECK(print_json_line(tensor_json(*tensor(Scalar::f64, {2, 0}, {}))) == "[[],[]]");
  CHECK(print_json_line(tensor_json(*tensor(Scalar::f64, {0, 2}, {}))) == "[]");
  CHECK(print_json_line(tensor_json(*tensor(Scalar::f64, {3}, {1, 2, 3}), 2)) ==
        R"({"shape":[3],"elements":3})");
}

TEST_CASE("recorded rows reach memory and the log") {
  const TemporaryFolder folder;
  LogFile log = std::move(*LogFile::create(folder.file("log.jsonl")));
  Recorder first("a", {"loss", "grad"}, &log), second("b", {"loss", "step"}, &log);
  REQUIRE(first.add({0, {0.5, std::nullopt}}).ok());
  REQUIRE(first.add({10, {NAN, INFINITY}}).ok());
  REQUIRE(second.add({0, {0.25}}).ok());
  REQUIRE(log.close().ok());
  CHECK(TemporaryFolder::read(folder.file("log.jsonl")) ==
        "{\"run\":\"a\",\"step\":0,\"loss\":0.5}\n"
        "{\"run\":\"a\",\"step\":10,\"loss\":\"nan\",\"grad\":\"inf\"}\n"
        "{\"run\":\"b\",\"step\":0,\"loss\":0.25}\n");
  CHECK(first.series("loss").size() == 2);
  CHECK(first.series("grad").size() == 1);
  CHECK(first.series("grad")[0].first == 10);
  CHECK(first.series("none").empty());
  CHECK(second.rows()[0].values.size() == 2);
}

TEST_CASE("a log on a full disk keeps its whole lines") {
  const TemporaryFolder folder;
  const std::string path = folder.file("log.jsonl");
  LogFile log = std::move(*LogFile::create(path));
  REQUIRE(log.append("{\"first\":1}").ok());
  REQUIRE(log.flush().ok());
  struct rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{100, former.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  (void)log.append(std::string(500, 'x'));
  const Outcome flushed = log.flush();
  ::setrlimit(RLIMIT_FSIZE, &former);
  std::signal(SIGXFSZ, handler);
  // append flushes on its own when the last flush is old; then the second flush has nothing to do.
  CHECK(TemporaryFolder::read(path) == "{\"first\":1}\n");
  if (!flushed.ok())
    CHECK_THAT(flushed.error().message(), Contains("log.jsonl: cannot be written"));
}

TEST_CASE("a failing log tells the recorder's caller") {
  const TemporaryFolder folder;
  if (::access("/dev/full", W_OK) != 0) return;
  LogFile log = std::move(*LogFile::create("/dev/full"));
  Recorder recorder("a", {"loss"}, &log);
  const Outcome added = recorder.add({0, {1.0}}); // the first line is written at once
  REQUIRE_FALSE(added.ok());
  CHECK_THAT(added.error().text, Contains("No space"));
}

TEST_CASE("the summary has the documented fields") {
  CHECK(print_json_line(summary_json(example())) ==
        R"({"experiment":"breast_cancer","runs":[{"name":"adamw","steps":400,"epochs":56.25,)"
        R"("stopped_by":"steps","loss":0.0625,"metrics":{"accuracy":0.98,"blank":null},)"
        R"("reports":{},"params":{"w":[[1.0,2.5],[-3.0,0.1]],"b":0.1},"seconds":0.5}]})");
}

TEST_CASE("the output folder is filled and never mixed") {
  const TemporaryFolder folder;
  const std::string path = folder.file("out/deep");
  Result<OutputFolder> out = OutputFolder::open(path, false);
  REQUIRE(out.ok());
  REQUIRE(out->write_summary(example()).ok());
  CHECK(nlohmann::json::parse(TemporaryFolder::read(path + "/summary.json"))["runs"][0]["steps"] ==
        400);
  const auto shape_of = [&](const std::string& name, int64_t rank) {
    auto bytes = open_file(path + "/adamw/params/" + name, name);
    REQUIRE(bytes.ok());
    auto file = open_npy(std::move(*bytes), name, {"w", rank, false}, {});
    REQUIRE(file.ok());
    return (*file)->blocks[0].shape;
  };
  CHECK(shape_of("w.npy", 2) == Dims{2, 2});
  CHECK_THAT(TemporaryFolder::read(path + "/adamw/params/b.npy"), Contains("'<f4'"));
  CHECK_THAT(OutputFolder::open(path, false).error().text, Contains("not empty"));
  REQUIRE(OutputFolder::open(path, true).ok());
  CHECK_FALSE(std::filesystem::exists(path + "/summary.json"));
  CHECK_THAT(OutputFolder::open(folder.write("plain", "x"), true).error().text,
             Contains("not a folder"));
  CHECK_FALSE(OutputFolder::open(folder.file("plain/below"), false).ok());
  CHECK_FALSE(OutputFolder::open("", false).ok());
}

TEST_CASE("names become single path components") {
  CHECK(file_component("adamw") == "adamw");
  CHECK(file_component("m̂") == "m̂");
  CHECK(file_component("../x/y") == "%2E.%2Fx%2Fy");
  CHECK(file_component("") == "%");
  CHECK(file_component(std::string("a\0b", 3)) == "a%00b");
}
