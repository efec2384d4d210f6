// The runtime's failure channel for files and data: a value or a located DataError, no exceptions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace thalweg::runtime {

// What an error is about; the driver has a kind of message for each.
enum class DataFault {
  content, // the text or the bytes of a file
  file,    // a file that is not there, can't be opened, changes meanwhile
  path,    // where a program may not read
  missing, // a value that is not there
  column,  // a column or array that the file does not have
  shape,   // sizes that do not fit the program or each other
  memory   // more than there is room for
};

// What is wrong with a file or its content. The driver turns it into a diagnostic.
struct DataError {
  std::string path;   // as the program wrote it; empty when no file is concerned
  int64_t row = 0;    // line in the file, from 1; 0 = the file as a whole
  int64_t column = 0; // field in the line, from 1; 0 = the line as a whole
  std::string text;   // one sentence, lower case, no full stop
  std::string help;   // what to do about it; may be empty
  DataFault fault = DataFault::content;

  // "data.csv:12:3: text"
  std::string message() const;
};

struct Unit {};

template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(DataError error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // Only after ok() was asked: std::get throws otherwise.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const DataError& error() const { return std::get<1>(state_); }

private:
  std::variant<T, DataError> state_;
};

using Outcome = Result<Unit>;

// The system's word for an errno value, independent of the locale.
std::string system_error_text(int error_number);

// Text of a file as it may stand in a message: one line, control and invalid bytes escaped, cut.
std::string shown(const std::string& text, size_t limit = 40);

} // namespace thalweg::runtime
