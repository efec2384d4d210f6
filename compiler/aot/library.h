// A rule as a C library: what `thalweg build` hands over, and the object file and header it gets.
//
// The rule asks for ∇f at x alone, so the caller owns x and hands the gradient in. All else lives
// in one block of memory, also the caller's:
//   header (kHeaderBytes): magic number, version of the layout, t (steps taken), n
//   each state, then each piece of scratch memory of the compiled functions, at multiples of kAlign
// The functions exported for prefix P, per variant with suffix S ("" for double, "_f32" for float):
//   P_hyper P_defaults(void);
//   size_t  P_state_size S (size_t n);
//   int     P_init S (void *state, const REAL *x, size_t n, const P_hyper *hyper);
//   int     P_step S (void *state, REAL *x, const REAL *gradient, size_t n, const P_hyper *hyper);
//   int     P_answer S (void *state, const REAL *x, REAL *answer, size_t n, const P_hyper *hyper);
// the last for a rule whose result is another point than x.
// They return a tw_status, call nothing but memset and memcpy, and keep nothing outside `state`.
#pragma once

#include "codegen/emit.h"
#include "codegen/loops.h"
#include "codegen/lower.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace thalweg::aot {

constexpr int64_t kHeaderBytes = 64;
constexpr int64_t kAlign = 64;

// A field of the struct P_hyper: double (f64), int64_t (i64) or bool (boolean).
struct Hyperparameter {
  std::string name;
  double value = 0; // the default
  DType dtype = DType::f64;
  std::string doc; // one line, or empty
};

// What the pointer in one slot of a compiled function is.
struct Binding {
  enum class Kind : uint8_t {
    x,           // init reads it, step updates it in place
    gradient,    // of step
    answer,      // what answer writes
    state,       // state number `index` of the variant
    hyper,       // hyperparameter number `index`
    step_number, // t, from 1: f64 or i64, as the buffer says
    constant,    // the number `value`, as the buffer's type
    scratch,     // temporaries and results that nobody reads
  };
  Kind kind = Kind::scratch;
  int index = 0;
  double value = 0;
};

// Elements of a state as a formula of the one name "n", the length of x.
struct State {
  DType dtype = DType::f64;
  Dim count = Dim::symbol("n");
};

// A compiled function and where its arguments come from. A program over a table runs on a table of
// one row.
struct BoundProgram {
  loops::Program program;
  std::vector<Binding> call_slots, row_slots; // by slot
  std::vector<Dim> dims, row_dims; // program.symbols and tensor_symbols as formulas of "n"
};

// Binds a lowered function: `parameters` by parameter, `results` by result (of one that updates a
// parameter the parameter's counts); temporaries are scratch. Every symbol of the program's sizes
// is "n", the length of x: a rule is compiled for x as one vector.
BoundProgram bind(const loops::Lowered& lowered, std::span<const Binding> parameters,
                  std::span<const Binding> results);

// The rule in one precision.
struct Variant {
  DType dtype = DType::f64; // of x and the gradient
  std::vector<State> states;
  std::optional<BoundProgram> init; // none: all states start at 0
  BoundProgram step;
  std::optional<BoundProgram> answer; // none: x itself
};

struct LibrarySpec {
  std::string prefix; // a C identifier, as "rule"
  std::string title;  // one line for the header file, or empty
  std::vector<Hyperparameter> hyperparameters;
  std::vector<Variant> variants; // f64 has no suffix, f32 the suffix "_f32"
};

struct Library {
  std::string header;  // text of P.h
  std::string object;  // bytes of P.o
  bool linear = false; // it calls the functions of thalweg/linear.h
};

// The object's sections hold nothing that differs from run to run. Bindings that contradict the
// programs are internal errors.
Library build_library(const LibrarySpec& spec, const codegen::TargetSpec& target,
                      codegen::CompileTimes* times = nullptr,
                      codegen::CompileDumps* dumps = nullptr);

// The two parts of it.
std::string library_header(const LibrarySpec& spec);
std::string variant_suffix(const Variant& variant);

} // namespace thalweg::aot
