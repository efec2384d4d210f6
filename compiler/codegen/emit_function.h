// Emission of one loop program as one LLVM function. Parts: emit_function (entry, buffers, sizes),
// emit_statements, emit_values (one Let or Store), emit_loops and emit_lanes (loops and folds).
#pragma once

#include "codegen/emit_counting.h"
#include "codegen/emit_math.h"
#include "codegen/loops.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace thalweg::codegen {

class FunctionEmitter {
public:
  FunctionEmitter(llvm::Module& module, const loops::Program& program, const TargetSpec& target);
  llvm::Function* run();

private:
  // Values computed once at the start of the function, or of a row: sizes and buffer pointers. They
  // are made when first asked for, at the end of `entry`, so that they dominate every use.
  struct Scope {
    llvm::BasicBlock* entry = nullptr;
    llvm::BasicBlock* kernel = nullptr; // where pointers are made; null: at the entry
    llvm::Value* buffers = nullptr;     // void *const *
    llvm::Value* dims = nullptr;        // const int64_t*
    std::map<std::string, llvm::Value*> symbols;
    std::map<Dim, llvm::Value*> sizes;
    std::map<int, llvm::Value*> pointers; // by slot
  };

  // The loop that is being emitted `width` elements at a time; width 1 makes all values scalars.
  struct Lanes {
    loops::Var var;
    unsigned width = 1;
    llvm::Value* first = nullptr; // i64, the variable's value in lane 0
    llvm::Value* mask = nullptr;  // <width x i1>; null: all lanes are active
    bool prefetch = false;        // ask for what later rounds load
    const loops::Loop* loop = nullptr;
    // The variable's value in the first round, if all rounds begin at multiples of the width.
    llvm::Value* start = nullptr;
  };

  // Below this many element operations a call by other threads costs more than it saves.
  static constexpr int64_t kWorthSharing = 4 * kChunk;

  using Carried = codegen::Carried;

  // emit_function.cpp
  void open_function();
  llvm::Value* size(const Dim& dim);
  llvm::Value* buffer_pointer(loops::BufferId id);
  llvm::Value* constant_data(loops::BufferId id); // a global of the module
  llvm::Value* call_field(unsigned field, llvm::Type* type);
  llvm::BasicBlock* block(const char* name);
  void return_if(llvm::Value* condition, llvm::Value* status);
  void open_kernel();
  void annotate(llvm::Instruction* access, loops::BufferId id);
  void annotate_kernel();
  llvm::Type* type_of(DType dtype);
  Scope& scope_of(const Dim& dim);

  // emit_statements.cpp
  void emit(std::span<const loops::Statement> block);
  void emit(const loops::Statement& statement);
  void mark(int kernel);
  void emit(const loops::Let& let);
  void emit(const loops::Store& store);
  void emit(const loops::Loop& loop);
  void emit(const loops::Product& product);
  void emit(const loops::Rows& rows);
  void emit(const loops::Chunks& chunks); // emit_chunks.cpp
  void emit(const loops::Oracle& oracle);
  void emit(const loops::Linear& linear); // emit_linear.cpp
  void emit(const loops::StatusCheck& check);
  void emit(const loops::IndexCheck& check);
  void emit(const loops::If& branch);
  void emit(const loops::While& loop);

  // emit_values.cpp
  unsigned width() const { return lanes_ ? lanes_->width : 1; }
  bool is_vector(const llvm::Value* value) const { return value->getType()->isVectorTy(); }
  llvm::Value* splat(llvm::Value* value, unsigned width);
  llvm::Value* lane_numbers(unsigned bits, unsigned width); // 0, 1, 2, …
  llvm::Value* index_of(loops::Var var);
  llvm::Value* evaluate(const loops::Value& value);
  llvm::Value* constant(DType dtype, int64_t bits);
  struct Place {
    llvm::Value* pointer = nullptr; // a vector of pointers if the elements are scattered
    bool contiguous = false;        // the lanes' elements stand side by side
  };
  Place place(const loops::Address& address);
  llvm::Value* load(const loops::Address& address, DType dtype);
  void prefetch(llvm::Value* pointer, uint64_t bytes);
  llvm::Value* to_storage(llvm::Value* value);
  llvm::Value* from_storage(llvm::Value* value, DType dtype);

  // emit_random.cpp
  struct Draw;
  struct Condition { // a scalar that is known before the loop, and which way it is
    loops::Val value;
    bool is;
    bool operator==(const Condition&) const = default;
  };
  llvm::Value* random(const loops::Value& value);
  std::optional<Condition> only_under(loops::Val draw) const;
  llvm::Value* reals_in_row(const Draw& draw);
  llvm::Value* reals(const Draw& draw);
  llvm::Value* coins_in_row(const Draw& draw);
  llvm::Value* coins(const Draw& draw);

  // emit_loops.cpp
  void serial_loop(const loops::Loop& loop);
  void vector_loop(const loops::Loop& loop);
  // `aligned`: the start is a multiple of the width.
  void vector_range(const loops::Loop& loop, llvm::Value* start, llvm::Value* end, bool aligned);
  // `varying_` for the values of a loop over `var` that is about to be vectorized.
  void mark_varying(std::span<const loops::Statement> block, loops::Var var);
  struct Widths {
    unsigned main, rest; // elements a round, of full rounds and of what they leave
  };
  Widths vector_widths(const loops::Loop& loop) const;
  bool tail_is_masked(const loops::Block& body) const;
  bool is_always_masked(const loops::Block& body) const;
  // Emits the body for lanes first, first + 1, …; `remaining` (or null: all) of them are active.
  // `start`: as in Lanes.
  void emit_lanes(const loops::Loop& loop, unsigned width, llvm::Value* first,
                  llvm::Value* remaining, llvm::Value* start);
  // for (i = first; i < end; i += step) state = body(i, state)
  Carried count(llvm::Value* first, llvm::Value* end, llvm::Value* step, const Carried& state,
                const std::function<Carried(llvm::Value*, const Carried&)>& body);
  Carried count(llvm::Value* first, llvm::Value* end, int64_t step, const Carried& state,
                const std::function<Carried(llvm::Value*, const Carried&)>& body) {
    return count(first, end, builder_.getInt64(static_cast<uint64_t>(step)), state, body);
  }
  Carried when(llvm::Value* condition, const Carried& otherwise,
               const std::function<Carried()>& body);

  // emit_product_call.cpp
  void product_rows(const loops::Product& product, llvm::Value* first, llvm::Value* end);
  std::pair<llvm::Value*, llvm::Value*> range_of(const loops::Product::Along& along);

  // emit_lanes.cpp
  // Rows that one lanes loop folds at the same time; `enter` makes one of them the row at hand.
  struct Abreast {
    unsigned rows = 1;
    std::function<void(unsigned row)> enter = nullptr;
  };
  void lanes_loop(const loops::Loop& loop, const Abreast& abreast);
  Carried lanes_chunk(const loops::Loop& loop, llvm::Value* first, llvm::Value* end,
                      const Abreast& abreast);
  Carried lanes_scalar_tail(const loops::Loop& loop, llvm::Value* first, llvm::Value* end,
                            const Carried& state);
  llvm::Value* tree_fold(const loops::Fold& fold, Carried rows);

  // emit_abreast.cpp: serial loops whose iterations each fold a row in lanes
  unsigned rows_abreast(const loops::Loop& loop) const; // 1: one row after the other
  llvm::Value* fold_abreast(const loops::Loop& loop, unsigned rows, llvm::Value* first,
                            llvm::Value* last); // gives the first row that is left

  // emit_parallel.cpp
  static constexpr unsigned kParallelField = 8, kRowElementsField = 10,
                            kMarkField = 11; // of tw_call
  struct Sharing {
    llvm::Value* grain;  // iterations of a round
    llvm::Value* rounds; // i64
    llvm::Value* worth;  // i1: the work pays for threads
  };
  // Runs `body` for rounds 0 … rounds-1, by threads if that is worth it. The body stands in another
  // function: what it uses of this one has to be among `captured`.
  void share(std::vector<llvm::Value**> captured, llvm::Value* rounds, llvm::Value* worth,
             const std::function<void(llvm::Value* first, llvm::Value* last)>& body);
  // The same for rounds that give parts of folds: the totals, parts taken in order. Rounds run in
  // groups of at most kGroup, `place` is the number in the group.
  static constexpr int64_t kGroup = 256;
  using Round = std::function<Carried(llvm::Value* round, llvm::Value* place)>;
  using GroupEnd = std::function<void(llvm::Value* first, llvm::Value* count)>;
  Carried share_folds(const std::vector<loops::Fold>& folds, std::vector<llvm::Value**> captured,
                      llvm::Value* rounds, llvm::Value* group, llvm::Value* worth,
                      const Round& round, const GroupEnd& end_group = nullptr);
  // Runs `range` over the loop's iterations, cut into ranges of multiples of `least` (a power of
  // two) if the loop can be shared.
  void share_range(const loops::Loop& loop, int64_t least,
                   const std::function<void(llvm::Value* first, llvm::Value* last)>& range);
  std::optional<Sharing> sharing_of(const loops::Loop& loop, int64_t least);
  llvm::Value* rounds_of(llvm::Value* extent, llvm::Value* grain);
  llvm::Function* outlined(llvm::StructType* frame_type, const std::vector<llvm::Value**>& captured,
                           const std::function<void(llvm::Value*, llvm::Value*)>& body);
  // What a block, with its folds, uses of what is computed before it.
  std::vector<llvm::Value**> outside_of(const loops::Block& block,
                                        const std::vector<loops::Fold>& folds);
  llvm::Value* entry_alloca(llvm::Type* type);

  // emit_chunks.cpp
  llvm::Value* waiting_places(const loops::Chunks& chunks, llvm::Value* count);
  void fold_parts(const loops::Chunks::Part& part, llvm::Value* first, llvm::Value* count);
  llvm::Function* parts_folder(loops::Fold::Op op, DType dtype);

  // emit_folds.cpp: each fold carries its accumulator, argmin and argmax the position after it.
  DType fold_type(const loops::Fold& fold) const; // of what is folded
  llvm::Value* combine(loops::Fold::Op op, DType dtype, llvm::Value* a, llvm::Value* b);
  llvm::Value* identity(const loops::Fold& fold, DType dtype);
  Carried start_folds(const std::vector<loops::Fold>& folds, unsigned width);
  Carried step_folds(const std::vector<loops::Fold>& folds, const Carried& state,
                     llvm::Value* index);
  void finish_folds(const std::vector<loops::Fold>& folds, const Carried& state);
  // Totals over the chunks of a lanes loop, or over rows: sums in f64. Of several rows, a vector.
  DType total_type(const loops::Fold& fold) const;
  llvm::Type* type_like(DType dtype, const llvm::Value* value);
  Carried start_totals(const std::vector<loops::Fold>& folds, unsigned rows = 1);
  Carried add_totals(const std::vector<loops::Fold>& folds, const Carried& totals,
                     const Carried& parts);
  void finish_totals(const std::vector<loops::Fold>& folds, const Carried& totals);

  llvm::Module& module_;
  const loops::Program& program_;
  const TargetSpec& target_;
  llvm::IRBuilder<> builder_;
  MathEmitter math_;
  llvm::Function* function_ = nullptr;
  llvm::StructType* call_type_ = nullptr;
  llvm::Value* call_ = nullptr;
  Scope function_scope_;
  std::optional<Scope> row_scope_;
  std::optional<Lanes> lanes_;
  int depth_ = 0;                     // of loops around
  std::vector<llvm::Value*> values_;  // by Val
  std::vector<llvm::Value*> indices_; // by Var: i64 scalars
  std::vector<bool> varying_;         // by Val: differs between the lanes of the current loop
  std::vector<llvm::GlobalVariable*> constants_;             // by BufferId
  using Slot = std::pair<bool, int>;                         // per tensor, number
  std::map<Slot, std::vector<llvm::Instruction*>> accesses_; // of the kernel at hand
};

} // namespace thalweg::codegen
