// Turns the plan's kernels into loop nests. Private to codegen/lower*.
#pragma once

#include "codegen/lower_elements.h"

namespace thalweg::loops {

class Kernels {
public:
  Kernels(const Graph& graph, const fuse::Plan& plan, Program& program, const Layout& layout,
          Memory& memory, IndexTable& indices, Elements& elements)
      : graph_(graph), plan_(plan), program_(program), layout_(layout), memory_(memory),
        indices_(indices), elements_(elements) {}

  // Appends the kernel's loops to the innermost open block.
  void lower(int kernel);
  // The same for kernels first … last-1, which are a group.
  void lower_group(int first, int last);

private:
  using Range = std::optional<std::pair<Val, Val>>;
  struct Opened {
    Loop::Kind kind;
    Var var;
    bool ordered;
    Range range;
  };
  // The group that is being lowered.
  struct Group {
    Val first, last, place;
    std::vector<ValueId> folded; // scalars, with their folds over the chunks' parts
    std::vector<Fold> folds;
    std::vector<Chunks::Part> parts;
  };
  void flat(const fuse::Kernel& kernel);
  void per_point(const fuse::Kernel& kernel);
  // lower_product.cpp: per_point of contractions that are matrix products.
  bool product(const fuse::Kernel& kernel);
  bool epilogue(const fuse::Kernel& kernel, const std::vector<const fuse::Store*>& places,
                IndexId index, Product& product);

  // lower_region.cpp
  void region(const fuse::Kernel& kernel);
  void oracle(const fuse::Kernel& kernel);
  void library(const fuse::Kernel& kernel);
  const Slot& place_in_memory(ValueId value) const; // of a parameter or a stored value
  void start(ValueId value, BufferId state);

  void pad(ValueId value, BufferId to);
  void concat(ValueId value, BufferId to);
  void scatter_add(ValueId value, BufferId to);

  void store_all(const fuse::Kernel& kernel, const std::vector<fuse::Store>& stores, IndexId index);
  Address place_of(const fuse::Kernel& kernel, const fuse::Store& store, IndexId index);
  // The index of a fold's operand whose axes are `map` (see FoldShape), at a point of the space and
  // a position in the folded one; `inner` keeps the position's axes once something asked for them.
  IndexId folded_index(const fuse::Kernel& kernel, const Shape& shape,
                       const std::vector<int64_t>& map, const std::vector<Affine>& point,
                       const Affine& position, std::vector<Affine>& inner);
  Fold fold_of(ValueId fold, Val a, Val b) const;
  // Loops over all axes but those of literal size 1; the last one of kind `last`. Gives the axes.
  std::vector<Affine> open_nest(const Shape& shape, Loop::Kind last, bool ordered = false,
                                bool rows = false);
  Affine open_loop(Loop::Kind kind, const Dim& extent, bool ordered = false, Range range = {});
  // The rows at hand as a range of a loop over `each` elements of every row; nothing outside
  // groups.
  Range rows_at_hand(const Shape& each = {});
  // Where the part of a fold over rows goes that has its home in `to`.
  Address waiting_part(const fuse::Target& to, const Affine& flat, Fold::Op op);
  void close_loop(const std::vector<ValueId>& values = {}, std::vector<Fold> folds = {},
                  IndexId index = kScalarIndex);
  void close_nest() {
    while (!opened_.empty())
      close_loop();
  }
  void fill_zero(BufferId to);

  const Graph& graph_;
  const fuse::Plan& plan_;
  Program& program_;
  const Layout& layout_;
  Memory& memory_;
  IndexTable& indices_;
  Elements& elements_;
  std::vector<Opened> opened_;
  std::optional<Group> group_;
};

} // namespace thalweg::loops
