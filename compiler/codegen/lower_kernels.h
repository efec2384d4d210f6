// Turns the plan's kernels into loop nests. Private to codegen/lower*.
#pragma once

#include "codegen/lower_elements.h"

namespace thalweg::loops {

class Kernels {
public:
  Kernels(const Graph& graph, const fuse::Plan& plan, Program& program, Layout& layout,
          IndexTable& indices, Elements& elements)
      : graph_(graph), plan_(plan), program_(program), layout_(layout), indices_(indices),
        elements_(elements) {}

  // Appends the kernel's loops to the innermost open block.
  void lower(int kernel);

private:
  struct Opened {
    Loop::Kind kind;
    Var var;
    bool ordered;
  };
  void flat(const fuse::Kernel& kernel);
  void per_point(const fuse::Kernel& kernel);
  void pad(ValueId value, BufferId to);
  void concat(ValueId value, BufferId to);
  void scatter_add(ValueId value, BufferId to);

  void store_all(const fuse::Kernel& kernel, IndexId index);
  Fold fold_of(ValueId fold, Val a, Val b) const;
  // Loops over all axes but those of literal size 1; the last one of kind `last`. Gives the axes.
  std::vector<Affine> open_nest(const Shape& shape, Loop::Kind last, bool ordered = false);
  Affine open_loop(Loop::Kind kind, const Dim& extent, bool ordered = false);
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
  Layout& layout_;
  IndexTable& indices_;
  Elements& elements_;
  std::vector<Opened> opened_;
};

} // namespace thalweg::loops
