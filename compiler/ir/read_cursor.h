// The words, numbers, lists and types of the text form, for read.cpp. After the first error every
// reading function gives something empty and moves no further.
#pragma once

#include "ir/read.h"

#include <initializer_list>

namespace thalweg {

class Cursor {
public:
  using Mark = size_t;
  explicit Cursor(std::string_view text) : text_(text) {}

  bool good() const { return !error_; }
  const std::optional<ReadError>& error() const { return error_; }
  void fail(std::string text) { fail_at(at_, std::move(text)); }
  void fail_at(Mark place, std::string text);
  Mark mark(); // of the next word

  bool at_end();
  bool next_is(char c);
  bool accept(std::string_view punctuation);
  void expect(std::string_view punctuation);
  bool word(std::string_view word); // takes it if it stands next
  void expect_word(std::string_view word);
  int64_t choice(std::initializer_list<std::string_view> words); // which one stands next

  std::string name();   // bare or quoted
  std::string string(); // quoted
  int64_t integer();
  int64_t integer_below(int64_t limit); // not negative
  int64_t labelled(char sigil);         // %12, @3
  std::vector<int64_t> ints();          // [0 1]
  std::vector<Dim> dims();              // [n, d - 1]
  std::string number();                 // as number_text wrote it
  std::vector<std::string> numbers();   // [1, 2.5]
  Type type();

private:
  void skip_space();
  std::string_view bare_word();
  Type tensor_type();

  std::string_view text_;
  size_t at_ = 0;
  std::optional<ReadError> error_;
};

// The bits that `number_text` wrote, if the text is a value of the type.
std::optional<int64_t> number_bits(std::string_view text, DType dtype);

} // namespace thalweg
