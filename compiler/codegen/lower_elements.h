// Computes elements of graph values at index expressions, as Lets in the innermost block where all
// they depend on is known: so what does not depend on a loop stands outside it. Private to lower*.
#pragma once

#include "codegen/lower.h"
#include "codegen/lower_index.h"
#include "codegen/lower_memory.h"

#include <map>
#include <optional>
#include <unordered_map>

namespace thalweg::loops {

class Elements {
public:
  Elements(const Graph& graph, const Function& function, const fuse::Plan& plan, Program& program,
           const Layout& layout, Memory& memory, IndexTable& indices)
      : graph_(graph), function_(function), plan_(plan), program_(program), layout_(layout),
        memory_(memory), indices_(indices), val_depth_(program.values.size(), 0),
        var_depth_(program.vars.size(), 0) {}

  // Blocks under construction, outermost first: 0 the call's, 1 the row's inside Rows, then loops.
  void open() { scopes_.emplace_back(); }
  Block close();
  int depth() const { return static_cast<int>(scopes_.size()) - 1; }
  Block& block(int depth) { return scopes_[depth].block; }
  void append(Statement statement) { scopes_.back().block.push_back(std::move(statement)); }
  Var new_var(std::string name, Dim extent); // of the loop whose body is the innermost block

  // Parameter k, a scalar, is a value of the function around this one.
  void give(size_t k, Val val);
  // The function is part of a loop's round.
  void enter_round(Val round) { round_ = round; }
  // The function is part of what is done for one row of the table.
  void enter_row() { in_row_ = true; }
  bool in_row() const { return in_row_; }
  const std::optional<Val>& round() const { return round_; }

  // Which kernel is being lowered: values stored by earlier ones are loaded.
  void set_kernel(int kernel) { kernel_ = kernel; }
  // From now on the row values of `stage`'s Rows are known there alone.
  void enter_rows(int stage) { stage_ = stage; }
  void leave_rows(size_t statement); // its place in the call's block

  Val element(ValueId value, IndexId index);
  Val scalar(ValueId value) { return element(value, kScalarIndex); }
  // A fold's result, visible in the innermost block from here on; registered as the element.
  Val fold_result(ValueId value, IndexId index);
  // A value that a statement around the innermost block defines.
  Val defined_by_statement(DType dtype);
  // A fold's result that stands in memory at the element's place.
  Val loaded_result(ValueId value, IndexId index, BufferId buffer);
  // A picked scalar of the row at hand: later stages may ask for it.
  void keep_row_scalar(ValueId value);
  // `a op b`, or a constant, in the innermost block they allow.
  Val apply(Op op, DType dtype, std::vector<Val> operands);
  Val constant(int64_t bits, DType dtype);
  Val load(BufferId buffer, const Affine& flat);
  Val load_here(BufferId buffer,
                const Affine& flat); // in the innermost block: of a buffer it stores to
  Val value_of(const Affine& affine);
  // The index along each axis of `shape`; from a flat number by division.
  std::vector<Affine> axes_of(const Index& index, const Shape& shape);
  // i64 element as an address part: exact if it is affine, checked against `bound` otherwise.
  Affine checked_index(ValueId index_value, IndexId at, const Dim& bound);

private:
  struct Element {
    Val val;
    std::optional<Affine> affine; // i64 values that are affine in loop variables
  };
  struct Scope {
    Block block;
    std::unordered_map<uint64_t, Element> known;
    std::unordered_map<uint64_t, IndexId> gathered; // where a gather reads its data
    std::map<Affine, Val> affine_values;
    std::map<std::pair<Affine, Dim>, Val> quotients;
  };
  struct RowValue {
    int stage = -1;
    Val val;
    BufferId kept; // valid once a later stage asked for it
  };

  static uint64_t key(ValueId value, IndexId index) {
    return static_cast<uint64_t>(value.value) << 32 | index.value;
  }
  Element* find(ValueId value, IndexId index);
  Element* need(ValueId value, IndexId index); // null if it must be made first
  bool make(ValueId value, IndexId index);
  bool make_view(ValueId value, IndexId index, const std::vector<IndexId>& operand_indices);
  IndexId operand_index(ValueId value, size_t operand, IndexId index);
  bool make_gather(ValueId value, IndexId index);
  bool make_elementwise(ValueId value, IndexId index);
  bool make_degenerate_fold(ValueId value, IndexId index);
  void make_from_other_stage(ValueId value);
  void know(ValueId value, IndexId index, Element element, int depth);
  Val val(Element& element);
  Val create(Value value, int depth);
  Val load_at(BufferId buffer, const Affine& flat, int depth);
  bool has_tensor_symbol(const Dim& dim) const;
  bool in_range(const Affine& index, const Dim& bound) const;
  Affine checked(Affine index, const Dim& bound);

  int depth_of(Val val) const { return val_depth_[val.value]; }
  int depth_of(const Affine& affine) const;
  BufferId constant_buffer(ValueId table);

  const Graph& graph_;
  const Function& function_;
  const fuse::Plan& plan_;
  Program& program_;
  const Layout& layout_;
  Memory& memory_;
  IndexTable& indices_;
  std::vector<Scope> scopes_;
  std::vector<int> val_depth_, var_depth_;
  std::map<std::pair<DType, int64_t>, Val> constants_;
  std::map<ValueId, BufferId> tables_;
  std::map<ValueId, RowValue> row_values_;
  std::map<int64_t, Val> given_; // by parameter
  std::optional<Val> round_;
  bool in_row_ = false;
  std::map<int, size_t> rows_statement_;
  std::vector<std::pair<ValueId, IndexId>> work_;
  int kernel_ = -1;
  int stage_ = 0;
};

// The loop-level address of a flat element number.
Address address_of(BufferId buffer, const Affine& flat);
// Where the plan's target lives.
const Slot& slot_of(const Layout& layout, const fuse::Target& target);

} // namespace thalweg::loops
