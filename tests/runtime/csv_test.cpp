// CSV: dialects, headers, labels, missing values, and every way a file can be wrong.
#include "data/csv.h"

#include "base/text.h"
#include "data_support.h"
#include "random/random.h"
#include "runtime/pieces.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <clocale>
#include <cmath>

using namespace thalweg::runtime;
using Catch::Contains;

namespace {

CsvData parsed(const std::string& text, const CsvOptions& options = {}) {
  Result<CsvData> data = read_table(text, options);
  INFO((data.ok() ? "" : data.error().message()));
  REQUIRE(data.ok());
  return *data;
}

DataError refused(const std::string& text, const CsvOptions& options = {}) {
  Result<CsvData> data = read_table(text, options);
  REQUIRE_FALSE(data.ok());
  return data.error();
}

CsvOptions with_target(ColumnRef target, bool classes = false) {
  CsvOptions options;
  options.target = std::move(target);
  options.class_target = classes;
  return options;
}

CsvOptions with_missing(Missing missing) {
  CsvOptions options;
  options.missing = missing;
  return options;
}

using Numbers = std::vector<double>;
using Words = std::vector<std::string>;

} // namespace

TEST_CASE("a header is found by its words") {
  CsvData data = parsed("a,b\n1,2\n3,4\n");
  CHECK(data.names == Words{"a", "b"});
  CHECK(data.rows == 2);
  CHECK(data.width == 2);
  CHECK(data.values == Numbers{1, 2, 3, 4});
  data = parsed("1,2\n3,4");
  CHECK(data.names == Words{"0", "1"});
  CHECK(data.values == Numbers{1, 2, 3, 4});
  // A label without a header above it: numbers in the line make it data.
  data = parsed("1,x\n2,y\n", with_target(int64_t{-1}));
  CHECK(data.rows == 2);
  CHECK(data.target->classes == Words{"x", "y"});
  CsvOptions options;
  options.header = true;
  data = parsed("2019,2020\n1,2\n", options);
  CHECK(data.names == Words{"2019", "2020"});
  CHECK(data.rows == 1);
  options.header = false;
  CHECK(refused("a,b\n1,2\n", options).row == 1);
}

TEST_CASE("line ends, byte order mark and blank lines") {
  for (const std::string text : {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4",
                                 "\xef\xbb\xbf"
                                 "a,b\n\n1,2\n  \n3,4\n\n\n"}) {
    const CsvData data = parsed(text);
    CHECK(data.names == Words{"a", "b"});
    CHECK(data.values == Numbers{1, 2, 3, 4});
  }
  CHECK(refused("a,b\r\n1,2\r\n3,x\r\n").row == 3);
  CHECK(refused("a,b\r1,2\r3,x").row == 3);
}

TEST_CASE("quoted fields") {
  const CsvData data = parsed("\"a, or \"\"b\"\"\",\"line\nbreak\", \"c\" \n\"1\",2,\" 3 \"\n");
  CHECK(data.names == Words{"a, or \"b\"", "line\nbreak", "c"});
  CHECK(data.values == Numbers{1, 2, 3});
  // The line count goes on inside quotes.
  const DataError error = refused("\"x\ny\",b\n1,2\n3,zzz\n");
  CHECK(error.row == 4);
  CHECK(error.column == 2);
  CHECK(parsed("a,b\n\"\"\"\",1\n\"\"\"\",2\n", with_target(std::string("a"))).target->classes ==
        Words{"\""});
}

TEST_CASE("broken quotes are located") {
  DataError error = refused("a,b\n1,\"2\n3,4\n");
  CHECK(error.row == 2);
  CHECK(error.column == 2);
  CHECK_THAT(error.text, Contains("never closed"));
  error = refused("a,b\n\"1\"2,3\n");
  CHECK(error.row == 2);
  CHECK(error.column == 1);
  CHECK_THAT(error.help, Contains("twice"));
}

TEST_CASE("numbers are read whole, exactly and without a locale") {
  std::setlocale(LC_ALL, "de_DE.UTF-8"); // may not exist; then this test is the plain one
  const CsvData data = parsed("a\n0.1\n+2.5\n-3e2\n .5 \n1.\n1e-400\n-1e-400\n5e-324\n");
  CHECK(data.values == Numbers{0.1, 2.5, -300, 0.5, 1, 0, 0, 5e-324});
  CHECK(std::signbit(data.values[6]));
  std::setlocale(LC_ALL, "C");
  for (const char* bad : {"2.5abc", "abc", "1_000", "1 000", "\"1,5\"", "0x10", "--1", "+-1", "1e",
                          "infinite", "nano", "1e999", "inf", "-inf", "-"}) {
    const DataError error = refused(std::string("a,b\n1,2\n3,") + bad + "\n");
    CAPTURE(bad);
    CHECK(error.message().rfind("t.csv:3:2: column 'b' holds", 0) == 0);
    CHECK_THAT(error.text, Contains("number"));
  }
}

TEST_CASE("ragged rows, empty files, headers without rows") {
  DataError error = refused("a,b\n1,2\n3\n");
  CHECK(error.row == 3);
  CHECK_THAT(error.text, Contains("has 1 field, the first line has 2"));
  error = refused("a,b\n1,2,3\n");
  CHECK(error.row == 2);
  CHECK_THAT(error.help, Contains("quotes"));
  CHECK_THAT(refused("").text, Contains("empty"));
  CHECK_THAT(refused("\n\n").text, Contains("empty"));
  CHECK_THAT(refused("a,b\n").text, Contains("no rows"));
  CHECK(parsed("a\n1\n").rows == 1);
  CHECK(parsed("1,\n2,3\n", with_missing(Missing::drop)).rows == 1);
}

TEST_CASE("binary content is refused") {
  CHECK_THAT(refused(std::string("a,b\n1,\0002\n", 9)).text, Contains("NUL"));
  CHECK(refused(std::string("a,b\n1,\0002\n", 9)).row == 2);
  CHECK_THAT(refused("\xff\xfe"
                     "a")
                 .text,
             Contains("UTF-16"));
  // Control characters and invalid bytes never reach the message as they are.
  const DataError error = refused("a,b\n1,\x1b[31m\xff\n");
  CHECK_THAT(error.text, Contains("\\u{1b}[31m\\xff"));
}

TEST_CASE("missing values are an error unless asked for") {
  for (const std::string gap : {"", "NA", "nan", "NaN", "n/a", "NULL", "None", "?", "  "}) {
    const std::string text = "a,b\n1,2\n3," + gap + "\n5,6\n";
    CAPTURE(gap);
    const DataError error = refused(text);
    CHECK(error.message() == "t.csv:3:2: column 'b' has no value here");
    CHECK_THAT(error.help, Contains("missing = \"mean\""));
    const CsvData dropped = parsed(text, with_missing(Missing::drop));
    CHECK(dropped.values == Numbers{1, 2, 5, 6});
    const CsvData filled = parsed(text, with_missing(Missing::mean));
    CHECK(filled.rows == 3);
    CHECK(std::isnan(filled.values[3]));
  }
  // A gap in a column that nobody uses is no concern.
  CsvOptions options;
  options.columns.emplace_back(std::string("a"));
  CHECK(parsed("a,b\n1,\n2,x\n", options).values == Numbers{1, 2});
  CHECK_THAT(refused("a\nNA\nNA\n", with_missing(Missing::drop)).text, Contains("no complete row"));
}

TEST_CASE("a missing target can be dropped but not averaged") {
  CsvOptions options = with_target(std::string("y"));
  options.missing = Missing::mean;
  const DataError error = refused("x,y\n1,2\n3,\n", options);
  CHECK(error.column == 2);
  CHECK_THAT(error.help, !Contains("mean"));
  options.missing = Missing::drop;
  const CsvData data = parsed("x,y\n1,2\n3,\n,4\n5,6\n", options);
  CHECK(data.values == Numbers{1, 5});
  CHECK(data.target->values == Numbers{2, 6});
}

TEST_CASE("the target by name, by number, from the end") {
  const std::string text = "x,y,z\n1,2,3\n4,5,6\n";
  const std::vector<ColumnRef> same = {std::string("y"), int64_t{1}, int64_t{-2}};
  for (const ColumnRef& ref : same) {
    const CsvData data = parsed(text, with_target(ref));
    CHECK(data.target->name == "y");
    CHECK(data.target->values == Numbers{2, 5});
    CHECK(data.values == Numbers{1, 3, 4, 6});
    CHECK(data.names == Words{"x", "z"});
  }
  for (const int64_t outside : {int64_t{3}, int64_t{-4}, INT64_MAX, INT64_MIN})
    CHECK_THAT(refused(text, with_target(outside)).text, Contains("has no column"));
  const DataError error = refused("label,b\n1,2\n", with_target(std::string("lable")));
  CHECK_THAT(error.help, Contains("did you mean 'label'"));
  CHECK_THAT(refused("q,b\n1,2\n", with_target(std::string("target"))).help, Contains("'q', 'b'"));
  CHECK_THAT(refused("1,2\n", with_target(std::string("y"))).text, Contains("no header"));
  CHECK_THAT(refused("a;b\n1;2\n", with_target(std::string("b"))).help, Contains("separator"));
  CHECK_THAT(refused("y\n1\n", with_target(std::string("y"))).text, Contains("no column beside"));
}

TEST_CASE("columns are chosen in the order asked for") {
  CsvOptions options = with_target(std::string("c"));
  options.columns.emplace_back(std::string("b"));
  options.columns.emplace_back(int64_t{0});
  const CsvData data = parsed("a,b,c,word\n1,2,3,x\n", options);
  CHECK(data.values == Numbers{2, 1});
  CHECK(data.target->values == Numbers{3});
  options.columns.emplace_back(std::string("a"));
  CHECK_THAT(refused("a,b,c\n1,2,3\n", options).text, Contains("twice"));
  options.columns.clear();
  options.columns.emplace_back(std::string("c"));
  CHECK_THAT(refused("a,b,c\n1,2,3\n", options).text, Contains("is the target"));
}

TEST_CASE("column names that stand twice are refused, unnamed columns are not") {
  const DataError error = refused("a,b,a\n1,2,3\n");
  CHECK(error.row == 1);
  CHECK(error.column == 3);
  CHECK_THAT(error.text, Contains("columns 1 and 3"));
  CHECK(parsed("x,,\n1,2,3\n").width == 3);
}

TEST_CASE("labels: words become classes in sorted order") {
  const std::string text = "x,y\n1,dog\n2,cat\n3,dog\n4,ant\n";
  for (const bool classes : {false, true}) {
    const CsvTarget target = *parsed(text, with_target(std::string("y"), classes)).target;
    CHECK(target.classes == Words{"ant", "cat", "dog"});
    CHECK(target.values == Numbers{2, 1, 2, 0});
  }
}

TEST_CASE("labels: numbers stay numbers for real targets") {
  const CsvTarget target = *parsed("x,y\n1,-1\n2,+1\n", with_target(std::string("y"))).target;
  CHECK(target.values == Numbers{-1, 1});
  CHECK(target.classes.empty());
}

TEST_CASE("labels: numbers become class indices for class targets") {
  const auto target_of = [](const std::string& text) {
    return *parsed(text, with_target(std::string("y"), true)).target;
  };
  CsvTarget target = target_of("x,y\n1,2\n2,0\n3,1\n");
  CHECK(target.values == Numbers{2, 0, 1});
  CHECK(target.classes == Words{"0", "1", "2"});
  target = target_of("x,y\n1,10\n2,-1\n3,2\n4,10\n");
  CHECK(target.values == Numbers{2, 0, 1, 2});
  CHECK(target.classes == Words{"-1", "2", "10"});
  target = target_of("x,y\n1,0\n2,-0\n3,1\n");
  CHECK(target.values == Numbers{0, 0, 1});
  std::string many = "x,y\n";
  for (int i = 0; i < 200; ++i)
    many += "1," + std::to_string(i) + ".5\n";
  CHECK_THAT(refused(many, with_target(std::string("y"), true)).text, Contains("no classes"));
}

TEST_CASE("labels: a slip among numbers or words is located") {
  for (const bool classes : {false, true}) {
    DataError error = refused("x,y\n1,2.5\n2,2.5abc\n", with_target(std::string("y"), classes));
    CHECK(error.row == 3);
    CHECK(error.column == 2);
    error = refused("x,y\n1,dog\n2,7\n", with_target(std::string("y"), classes));
    CHECK(error.row == 3);
    CHECK_THAT(error.text, Contains("a number among words"));
  }
}

TEST_CASE("labels: a quoted word is a label even when it reads like a gap") {
  const CsvTarget target =
      *parsed("x,y\n1,\"None\"\n2,\"NA\"\n", with_target(std::string("y"))).target;
  CHECK(target.classes == Words{"NA", "None"});
  CHECK(refused("x,y\n1,None\n2,dog\n", with_target(std::string("y"))).row == 2);
  CHECK(refused("x,y\n1,\"\"\n2,dog\n", with_target(std::string("y"))).row == 2);
}

TEST_CASE("any table that is written by the rules comes back") {
  // A table of numbers and words with every kind of quoting and line end, drawn by a counter.
  const tw_key key = random_key(1, "tables");
  const uint64_t stream = tw_stream(&key);
  uint64_t drawn = 0;
  const auto below = [&](uint64_t bound) { return tw_below(tw_bits(stream, 0, drawn++), bound); };
  const Words pieces = {"a", ",", "\"", "\n", "\r\n", " ", "é", ";", "'"};
  for (int table = 0; table < 300; ++table) {
    const uint64_t rows = 1 + below(6), width = 1 + below(4);
    const std::string end = Words{"\n", "\r\n", "\r"}[below(3)];
    Numbers values;
    Words labels;
    std::string text;
    for (uint64_t k = 0; k < width; ++k)
      text.append("c").append(std::to_string(k)).append(",");
    text += "label" + end;
    for (uint64_t i = 0; i < rows; ++i) {
      for (uint64_t k = 0; k < width; ++k) {
        values.push_back(static_cast<double>(static_cast<int64_t>(tw_bits(stream, 1, drawn++))) *
                         0x1p-62 * std::pow(10, double(below(9))));
        const std::string number = number_text(values.back());
        const char* quote = below(3) == 0 ? "\"" : "";
        text.append(quote).append(number).append(quote).append(",");
      }
      std::string word = "w", quoted;
      for (uint64_t n = below(5); n > 0; --n)
        word += pieces[below(pieces.size())];
      for (const char c : word)
        quoted += c == '"' ? "\"\"" : std::string(1, c);
      labels.push_back(word);
      text.append("\"").append(quoted).append("\"");
      if (i + 1 < rows || below(2) == 0) text += end;
    }
    CAPTURE(text);
    const CsvData data = parsed(text, with_target(std::string("label")));
    REQUIRE(data.values == values);
    for (uint64_t i = 0; i < rows; ++i)
      REQUIRE(data.target->classes[static_cast<size_t>(data.target->values[i])] == labels[i]);
  }
}

TEST_CASE("damaged files are read or refused with a place inside them") {
  const std::string good = "\xef\xbb\xbf"
                           "a,\"b \"\"c\"\"\",y\r\n1,2.5,dog\r\n-3e4,NA,\"cat\"\r\n5,6,dog\n";
  const tw_key key = random_key(2, "damage");
  const uint64_t stream = tw_stream(&key);
  uint64_t drawn = 0;
  const auto below = [&](uint64_t bound) { return tw_below(tw_bits(stream, 0, drawn++), bound); };
  int read = 0, wrong = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (uint64_t edits = 1 + below(4); edits > 0; --edits) {
      const size_t at = below(text.size());
      const char byte =
          static_cast<char>(below(4) == 0 ? below(256) : ",\"\n\r1a-. e?;"[below(13)]);
      if (below(3) == 0) {
        text.erase(at, 1 + below(5));
      } else if (below(2) == 0) {
        text.insert(at, 1, byte);
      } else {
        text[at] = byte;
      }
      if (text.empty()) text.push_back('1');
    }
    CsvOptions options = with_target(int64_t{-1}, below(2) == 0);
    options.missing = std::array{Missing::error, Missing::drop, Missing::mean}[below(3)];
    const Result<CsvData> data = read_table(text, options);
    if (data) {
      ++read;
      REQUIRE(data->values.size() == static_cast<size_t>(data->rows * data->width));
      REQUIRE(data->target->values.size() == static_cast<size_t>(data->rows));
      continue;
    }
    ++wrong;
    const auto lines =
        std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
    REQUIRE(data.error().row <= lines + 1);
    REQUIRE(data.error().column <= static_cast<int64_t>(text.size()) + 1);
    REQUIRE(data.error().message().find('\n') == std::string::npos);
    REQUIRE(data.error().message().size() < 400);
  }
  CHECK(read > 1000);
  CHECK(wrong > 1000);
}

TEST_CASE("a file is cut the same wherever its pieces end") {
  const std::string text =
      "\xef\xbb\xbf"
      "a,\"b \"\"c\"\"\",y\r\n1,2.5,dog\r\r-3e4, NA ,\"c\r\nt\"  \n\n5,6,dog\r";
  CsvOptions options = with_target(std::string("y"));
  options.missing = Missing::mean;
  const CsvData whole = parsed(text, options);
  CHECK(whole.target->classes == Words{"c\r\nt", "dog"});
  for (const size_t most : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{100}}) {
    auto file = open_csv(std::make_unique<thalweg::test::Pieces>(text, most), "t.csv", options,
                         {{"X", 2, false}, {"y", 1, false}});
    REQUIRE(file.ok());
    Collected collected(**file);
    REQUIRE(collected.outcome.ok());
    CHECK(collected.values[1] == whole.target->values);
    CHECK((*file)->blocks[0].column_names == whole.names);
    CHECK(collected.values[0][0] == 1);
    CHECK(collected.values[0][5] == 6);
  }
}

TEST_CASE("more than a window of rows, counted with and without quotes") {
  std::string text = "a,b\n";
  constexpr int kRows = 150'000;
  double sum = 0;
  for (int i = 0; i < kRows; ++i) {
    const char* quote = i % 1000 == 7 ? "\"" : "";
    text.append(quote).append(std::to_string(i)).append(quote).append(",0.5\r\n");
    sum += i;
  }
  const CsvData data = parsed(text);
  CHECK(data.rows == kRows);
  double found = 0;
  for (size_t i = 0; i < data.values.size(); i += 2)
    found += data.values[i];
  CHECK(found == sum);
  CHECK(refused(text + "1,x\n").row == kRows + 2);
  CHECK(refused(text + "1\n").row == kRows + 2);
  CsvOptions little;
  little.memory = 100'000;
  const DataError error = refused(text, little);
  CHECK(error.fault == DataFault::memory);
  CHECK_THAT(error.text, Contains("97.7 KiB"));
}

TEST_CASE("a line of separators is bounded") {
  const DataError error = refused(std::string(3'000'000, ','));
  CHECK_THAT(error.text, Contains("more than 1048576 fields"));
}
