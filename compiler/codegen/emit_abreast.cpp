// Emission of serial loops whose iterations each fold a row in lanes: several rows abreast share
// the loads of what they have in common, and the tree at the end of their folds.
#include "codegen/emit_function.h"

#include <algorithm>
#include <bit>

namespace thalweg::codegen {

using llvm::Value;

namespace {

constexpr unsigned kMostAbreast = 8;

// The parts of such a loop: values, one lanes loop, and values and stores that follow from it.
struct RowFold {
  std::span<const loops::Statement> before;
  const loops::Loop* lanes;
  std::span<const loops::Statement> after;
};

bool is_let(const loops::Statement& statement) {
  return std::holds_alternative<loops::Let>(statement.is);
}

std::optional<RowFold> row_fold(const loops::Loop& loop) {
  const std::span<const loops::Statement> body = loop.body;
  const auto at = std::ranges::find_if_not(body, is_let);
  if (at == body.end() || loop.ordered || !loop.folds.empty()) return std::nullopt;
  const auto* lanes = std::get_if<loops::Loop>(&at->is);
  if (!lanes || lanes->kind != loops::Loop::Kind::lanes || lanes->range ||
      !std::ranges::all_of(lanes->body, is_let))
    return std::nullopt;
  const RowFold parts{{body.begin(), at}, lanes, {at + 1, body.end()}};
  const bool plain = std::ranges::all_of(parts.after, [](const loops::Statement& statement) {
    return is_let(statement) || std::holds_alternative<loops::Store>(statement.is);
  });
  return plain ? std::optional(parts) : std::nullopt;
}

} // namespace

// As many as leave half of the registers to what is loaded. Long bodies have enough to do with one.
unsigned FunctionEmitter::rows_abreast(const loops::Loop& loop) const {
  const std::optional<RowFold> parts = row_fold(loop);
  if (lanes_ || !parts || !tail_is_masked(parts->lanes->body) ||
      is_always_masked(parts->lanes->body))
    return 1;
  unsigned registers = 0; // of a row's accumulators
  for (const loops::Fold& fold : parts->lanes->folds)
    registers +=
        static_cast<unsigned>(kLanes * dtype_size(fold_type(fold)) * 8) / target_.vector_bits;
  const unsigned half = target_.vector_bits >= 512 ? 16 : 8;
  return std::min(kMostAbreast, std::bit_floor(std::max(half / std::max(registers, 1u), 1u)));
}

Value* FunctionEmitter::fold_abreast(const loops::Loop& loop, unsigned rows, Value* first,
                                     Value* last) {
  const RowFold parts = *row_fold(loop);
  const auto set_varying = [&](bool varies) {
    for (const loops::Fold& fold : parts.lanes->folds)
      varying_[fold.result.value] = varies;
    for (const auto& part : {parts.before, parts.after})
      for (const loops::Statement& statement : part)
        if (const auto* let = std::get_if<loops::Let>(&statement.is))
          varying_[let->value.value] = varies;
  };
  Value* full = builder_.CreateSub(last, first);
  full = builder_.CreateAnd(full, builder_.getInt64(~uint64_t{rows - 1}));
  full = builder_.CreateAdd(first, full);
  count(first, full, rows, {}, [&](Value* row, const Carried& none) {
    Carried indices;
    std::vector<Carried> own(rows); // what stands before the lanes, of each row
    for (unsigned k = 0; k < rows; ++k) {
      indices.push_back(builder_.CreateAdd(row, builder_.getInt64(k)));
      indices_[loop.var.value] = indices[k];
      emit(parts.before);
      for (const loops::Statement& statement : parts.before)
        own[k].push_back(values_[std::get<loops::Let>(statement.is).value.value]);
    }
    lanes_loop(*parts.lanes, {rows, [&](unsigned k) {
                                indices_[loop.var.value] = indices[k];
                                for (size_t at = 0; at < own[k].size(); ++at)
                                  values_[std::get<loops::Let>(parts.before[at].is).value.value] =
                                      own[k][at];
                              }});
    indices_[loop.var.value] = nullptr;
    set_varying(true);
    mark_varying(parts.before, loop.var);
    mark_varying(parts.after, loop.var);
    lanes_ = Lanes{loop.var, rows, row};
    emit(parts.before);
    emit(parts.after);
    lanes_.reset();
    set_varying(false);
    return none;
  });
  return full;
}

} // namespace thalweg::codegen
