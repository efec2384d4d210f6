// A text that is read a few bytes at a time, with the smallest window there is.
#pragma once

#include "base/source.h"

#include <algorithm>
#include <string_view>

namespace thalweg::test {

class Pieces : public runtime::ByteSource {
public:
  Pieces(std::string_view text, size_t most) : text_(text), most_(most) {}
  runtime::Result<size_t> read(char* to, size_t room) override {
    const size_t count = std::min({room, most_, text_.size() - at_});
    text_.copy(to, count, at_);
    at_ += count;
    return count;
  }
  runtime::Outcome rewind() override {
    at_ = 0;
    return runtime::Unit{};
  }
  uint64_t size() const override { return most_ < text_.size() ? 1 : text_.size(); }

private:
  std::string_view text_;
  size_t most_, at_ = 0;
};

} // namespace thalweg::test
