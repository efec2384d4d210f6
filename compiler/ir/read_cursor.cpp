// Words, numbers and types of the text form (see read_cursor.h).
#include "ir/read_cursor.h"

#include "ir/builder.h"
#include "support/check.h"

#include <bit>
#include <charconv>
#include <limits>

namespace thalweg {

namespace {

constexpr size_t kMaxRank = 16, kMaxElements = 10'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '\'' || static_cast<unsigned char>(c) >= 128;
}

template <class T> std::optional<T> parse_whole(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  std::from_chars_result result;
  if constexpr (std::is_floating_point_v<T>)
    result = std::from_chars(text.data(), end, value);
  else
    result = std::from_chars(text.data(), end, value, base);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

} // namespace

std::optional<int64_t> number_bits(std::string_view text, DType dtype) {
  if (text.substr(0, 5) == "bits ") {
    std::optional<uint64_t> bits;
    if (text.substr(5, 2) == "0x") bits = parse_whole<uint64_t>(text.substr(7), 16);
    if (!bits || !is_real(dtype)) return std::nullopt;
    return static_cast<int64_t>(*bits);
  }
  switch (dtype) {
  case DType::boolean:
    if (text != "true" && text != "false") return std::nullopt;
    return text == "true";
  case DType::i64: return parse_whole<int64_t>(text);
  case DType::f32:
    if (auto value = parse_whole<float>(text)) return bits_of(*value, DType::f64);
    return std::nullopt;
  case DType::f64:
    if (auto value = parse_whole<double>(text)) return std::bit_cast<int64_t>(*value);
    return std::nullopt;
  }
  return std::nullopt;
}

void Cursor::fail_at(Mark place, std::string text) {
  if (error_) return;
  error_.emplace();
  error_->text = std::move(text);
  error_->line = error_->column = 1;
  for (size_t i = 0; i < std::min(place, text_.size()); ++i) {
    ++error_->column;
    if (text_[i] != '\n') continue;
    ++error_->line;
    error_->column = 1;
  }
}

void Cursor::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
    ++at_;
}

Cursor::Mark Cursor::mark() {
  skip_space();
  return at_;
}

bool Cursor::at_end() {
  skip_space();
  return at_ == text_.size();
}

bool Cursor::next_is(char c) {
  skip_space();
  return good() && at_ < text_.size() && text_[at_] == c;
}

bool Cursor::accept(std::string_view punctuation) {
  skip_space();
  if (!good() || text_.substr(at_, punctuation.size()) != punctuation) return false;
  at_ += punctuation.size();
  return true;
}

void Cursor::expect(std::string_view punctuation) {
  if (good() && !accept(punctuation)) fail(fmt::format("expected {}", punctuation));
}

std::string_view Cursor::bare_word() {
  skip_space();
  size_t end = at_;
  while (end < text_.size() && is_word(text_[end]))
    ++end;
  return good() ? text_.substr(at_, end - at_) : std::string_view();
}

bool Cursor::word(std::string_view word) {
  if (!good() || bare_word() != word) return false;
  at_ += word.size();
  return true;
}

void Cursor::expect_word(std::string_view expected) {
  if (good() && !word(expected)) fail(fmt::format("expected {}", expected));
}

int64_t Cursor::choice(std::initializer_list<std::string_view> words) {
  int64_t index = 0;
  for (std::string_view candidate : words) {
    if (word(candidate)) return index;
    ++index;
  }
  fail(fmt::format("expected {} or the like", *words.begin()));
  return 0;
}

std::string Cursor::name() {
  if (next_is('"')) return string();
  std::string word(bare_word());
  if (good() && (word.empty() || is_digit(word[0]))) fail("expected a name");
  at_ += good() ? word.size() : 0;
  return word;
}

std::string Cursor::string() {
  expect("\"");
  std::string out;
  while (good()) {
    if (at_ >= text_.size() || text_[at_] == '\n') {
      fail("the string does not end");
      break;
    }
    char c = text_[at_++];
    if (c == '"') break;
    if (c == '\\') {
      char kind = at_ < text_.size() ? text_[at_++] : ' ';
      std::optional<unsigned> code;
      if (kind == 'x') {
        code = parse_whole<unsigned>(text_.substr(std::min(at_, text_.size()), 2), 16);
        at_ = std::min(at_ + 2, text_.size());
      } else if (kind == '"' || kind == '\\') {
        code = static_cast<unsigned char>(kind);
      }
      if (!code) fail("no such escape");
      c = static_cast<char>(code.value_or(0));
    }
    out += c;
  }
  return good() ? out : std::string();
}

int64_t Cursor::integer() {
  skip_space();
  size_t end = at_;
  if (end < text_.size() && text_[end] == '-') ++end;
  while (end < text_.size() && is_digit(text_[end]))
    ++end;
  std::optional<int64_t> value;
  if (good()) value = parse_whole<int64_t>(text_.substr(at_, end - at_));
  if (!value) {
    fail("expected an integer");
    return 0;
  }
  at_ = end;
  return *value;
}

int64_t Cursor::integer_below(int64_t limit) {
  Mark start = mark();
  int64_t value = integer();
  if (good() && (value < 0 || value >= limit)) fail_at(start, "the number is out of range");
  return good() ? value : 0;
}

int64_t Cursor::labelled(char sigil) {
  expect({&sigil, 1});
  return integer_below(int64_t{1} << 40);
}

std::vector<int64_t> Cursor::ints() {
  std::vector<int64_t> list;
  expect("[");
  while (good() && !accept("]"))
    list.push_back(integer());
  return list;
}

std::vector<Dim> Cursor::dims() {
  std::vector<Dim> list;
  expect("[");
  if (!good() || accept("]")) return list;
  while (good()) {
    Mark start = mark();
    size_t end = text_.find_first_of(",]\n", at_);
    if (end == text_.npos || text_[end] == '\n') {
      fail("the list of sizes does not end");
      break;
    }
    std::optional<Dim> dim = Dim::parse(text_.substr(at_, end - at_));
    if (!dim) fail_at(start, "not a size: " + std::string(text_.substr(at_, end - at_)));
    if (list.size() >= 2 * kMaxRank) fail_at(start, "too many axes");
    if (!good()) break;
    list.push_back(std::move(*dim));
    at_ = end + 1;
    if (text_[end] == ']') break;
  }
  return good() ? list : std::vector<Dim>();
}

std::string Cursor::number() {
  skip_space();
  bool bits = word("bits");
  skip_space();
  size_t end = at_;
  while (end < text_.size() && (is_word(text_[end]) || text_[end] == '-' || text_[end] == '+'))
    ++end;
  if (end == at_) fail("expected a number");
  std::string text(good() ? text_.substr(at_, end - at_) : std::string_view());
  at_ = good() ? end : at_;
  return bits ? fmt::format("bits {}", text) : text;
}

std::vector<std::string> Cursor::numbers() {
  std::vector<std::string> list;
  expect("[");
  while (good() && !accept("]")) {
    if (!list.empty()) expect(",");
    list.push_back(number());
  }
  return list;
}

Type Cursor::tensor_type() {
  static constexpr DType kTypes[] = {DType::f64, DType::f32, DType::i64, DType::boolean};
  DType dtype = kTypes[choice({"f64", "f32", "i64", "bool"})];
  Shape shape;
  if (next_is('[')) {
    Mark start = mark();
    shape = dims();
    if (good() && shape.empty()) fail_at(start, "a scalar has no list of sizes");
    if (shape.size() > kMaxRank) fail_at(start, "too many axes");
  }
  return Type::tensor(dtype, std::move(shape));
}

Type Cursor::type() {
  if (!accept("(")) return tensor_type();
  std::vector<Type> elements;
  while (good() && !accept(")")) {
    if (!elements.empty()) expect(",");
    elements.push_back(tensor_type());
    if (elements.size() > kMaxElements) fail("the tuple is too long");
  }
  return Type::tuple(std::move(elements));
}

} // namespace thalweg
