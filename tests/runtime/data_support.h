// Values of data files collected for the tests, and data files made from values.
#pragma once

#include "data/csv.h"
#include "data/dataset.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace thalweg::runtime {

// The values of all blocks, each checked to come once.
class Collected : public ValueSink {
public:
  explicit Collected(DataFile& file) {
    for (const Block& block : file.blocks)
      values.emplace_back(static_cast<size_t>(*element_count(block.shape)), kNone);
    for (const Block& block : file.blocks)
      columns_.push_back(block.columns());
    outcome = file.visit(*this);
  }
  Outcome take(const Values& part) override {
    int64_t at = part.first;
    for (size_t k = 0; k < part.count; ++k, at += part.down ? columns_[part.block] : 1) {
      double& to = values[part.block].at(static_cast<size_t>(at));
      REQUIRE(to == kNone);
      to = part.values[k];
    }
    return Unit{};
  }
  bool complete() const {
    for (const auto& block : values)
      for (const double value : block)
        if (value == kNone) return false;
    return true;
  }

  std::vector<std::vector<double>> values;
  Outcome outcome = Unit{};

private:
  static constexpr double kNone = -123456789.25; // in none of the tests' files
  std::vector<int64_t> columns_;
};

// Blocks whose values lie in memory.
class MemoryFile : public DataFile {
public:
  void add(Block block, std::vector<double> values) {
    blocks.push_back(std::move(block));
    values_.push_back(std::move(values));
  }
  Outcome visit(ValueSink& sink) override {
    for (size_t k = 0; k < blocks.size(); ++k)
      if (Outcome taken = sink.take({k, 0, false, values_[k].data(), values_[k].size()}); !taken)
        return taken;
    return Unit{};
  }

private:
  std::vector<std::vector<double>> values_;
};

struct CsvTarget {
  std::string name;
  std::vector<double> values;
  std::vector<std::string> classes;
};

struct CsvData {
  int64_t rows = 0, width = 0;
  std::vector<std::string> names;
  std::vector<double> values;
  std::optional<CsvTarget> target;
};

// A text as a table, with its target if the options name one.
inline Result<CsvData> read_table(const std::string& text, const CsvOptions& options) {
  std::vector<DataName> names = {{"X", 2, false}};
  if (options.target) names.push_back({"y", 1, options.class_target});
  Result<std::unique_ptr<DataFile>> file = open_csv(text_source(text), "t.csv", options, names);
  if (!file) return file.error();
  Collected collected(**file);
  if (!collected.outcome) return collected.outcome.error();
  REQUIRE(collected.complete());
  const Block& X = (*file)->blocks[0];
  CsvData data{X.shape[0], X.shape[1], X.column_names, collected.values[0], std::nullopt};
  if (options.target) {
    const Block& y = (*file)->blocks[1];
    data.target = CsvTarget{y.column_names[0], collected.values[1], y.class_names};
  }
  return data;
}

} // namespace thalweg::runtime
