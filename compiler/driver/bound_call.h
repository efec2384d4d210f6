// A compiled function with memory bound to its parameters and results, ready to be called.
#pragma once

#include "base/tensor.h"
#include "driver/pipeline.h"
#include "ir/tensor.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace thalweg::driver {

// Storage of raw bytes, 64-byte aligned, that only grows.
class Buffer {
public:
  void* get(size_t bytes);
  void* data() const { return data_.get(); }

private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> data_;
  size_t bytes_ = 0;
};

// Bind everything, then call(). Temporaries and results that nobody bound are allocated here.
class BoundCall {
public:
  explicit BoundCall(const CompiledFunction& function);
  const CompiledFunction& function() const { return f_; }

  // Memory of a shared parameter or result, by index in the function.
  void parameter(size_t k, const void* memory);
  void result(size_t k, void* memory);
  // Sizes; unknown names are ignored.
  void size(const std::string& symbol, int64_t value);
  // The table: sizes of each row, then per row its parameters and results.
  void rows(const std::vector<Bindings>& sizes);
  void row_parameter(size_t row, size_t k, const void* memory);
  void row_result(size_t row, size_t k, void* memory);

  // Allocates what is missing; cheap when no size changed. False if a size is unknown or memory
  // can't be had.
  bool prepare();
  int32_t call(uint64_t seed = 0, int64_t step = 0);
  // Answers for the oracles of a function over one row: fills `answer` for operands in memory.
  using Answer =
      std::function<int32_t(OracleKind kind, std::span<const void* const> operands, void* answer)>;
  void oracle(Answer answer) { answer_ = std::move(answer); }
  // What linear algebra could not do in the last call, and where it stands in the text.
  struct LinearFailure {
    Op op;
    Span span;
    int32_t fault; // a tw_linear_fault
  };
  const std::optional<LinearFailure>& linear_failure() const { return linear_failure_; }
  // Of a shared scalar result that nobody bound.
  double scalar_result(size_t k) const;
  double row_scalar_result(size_t row, size_t k) const;

private:
  int32_t ended(int32_t status);
  static int32_t ask(void* self, int32_t site, const tw_call* call);
  const CompiledFunction& f_;
  Answer answer_;
  std::optional<LinearFailure> linear_failure_;
  bool ready_ = false; // nothing changed since the last prepare()
  Bindings sizes_;
  std::vector<void*> buffers_;
  std::vector<int64_t> dims_;
  struct Row {
    Bindings sizes;
    std::vector<void*> buffers;
    std::vector<int64_t> dims;
  };
  std::vector<Row> rows_;
  std::vector<tw_row> table_;
  int64_t row_elements_ = 0; // of all rows, counted once in each by its largest parameter
  std::vector<std::unique_ptr<Buffer>> owned_;
  std::map<std::pair<int64_t, int>, Buffer*> owned_by_; // (row or -1, slot)
  std::vector<double> kernel_bytes_;                    // of a call, where it is profiled
};

// A symbolic shape under bindings, as bytes; nothing if unknown or too large.
std::optional<size_t> byte_size(const Shape& shape, DType dtype, const Bindings& sizes);

} // namespace thalweg::driver
