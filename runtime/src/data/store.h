// Puts values into the tensors of both parts: scaled, filled, standardized, rounded once; used by
// dataset.cpp.
#pragma once

#include "data/row_parts.h"
#include "data/statistics.h"

namespace thalweg::runtime {

class Store : public ValueSink {
public:
  // Allocates the tensors. `blocks` and `parts` outlive the store.
  static Result<Store> make(const std::vector<Block>& blocks,
                            std::vector<ColumnStatistics> statistics, const RowParts& parts,
                            bool validation);
  Outcome take(const Values& values) override;
  // Appends the tensors of the blocks.
  void give(std::vector<Tensor>& training, std::vector<Tensor>& validation);

private:
  Store(const std::vector<Block>& blocks, std::vector<ColumnStatistics> statistics,
        const RowParts& parts)
      : blocks_(blocks), statistics_(std::move(statistics)), parts_(parts) {}
  template <class T> Outcome put(const Values& values);

  const std::vector<Block>& blocks_;
  std::vector<ColumnStatistics> statistics_;
  const RowParts& parts_;
  std::vector<Tensor> training_, validation_;
};

} // namespace thalweg::runtime
