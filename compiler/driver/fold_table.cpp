// Parts to folds, in the order of the parameters (see fold_table.h).
#include "driver/fold_table.h"

#include "ir/interp.h"

#include <algorithm>
#include <cstring>

namespace thalweg::driver {

FoldTable::FoldTable(const irgen::SharedFolds& folds, const Rules& rules)
    : rules_(rules), values_(folds.folds().size()) {
  for (const irgen::SharedFolds::Round& round : folds.rounds()) {
    first_ += round.initial;
    rounds_.push_back({round.queries, {}});
    for (size_t place : round.places) {
      Fold fold{place, folds.folds()[place], {}};
      for (const auto& rule : rules) {
        size_t k = 0; // among the results of the round
        for (const irgen::RuleUnit::Part& part : rule->unit().parts) {
          for (size_t row = 0; part.place == place && row < rule->parameters().size(); ++row)
            fold.parts.push_back({rule->parameters()[row], rule.get(), k, row});
          k +=
              std::find(round.places.begin(), round.places.end(), part.place) != round.places.end();
        }
      }
      std::sort(fold.parts.begin(), fold.parts.end(),
                [](const Part& a, const Part& b) { return a.parameter < b.parameter; });
      rounds_.back().folds.push_back(std::move(fold));
    }
  }
}

int32_t FoldTable::initial(RuleInstance*& failed) {
  for (size_t round = 0; round < first_; ++round)
    if (int32_t status = run(round, failed)) return status;
  return TW_OK;
}

int32_t FoldTable::answered(size_t queries, RuleInstance*& failed) {
  for (; next_ < rounds_.size() && rounds_[next_].queries <= queries; ++next_)
    if (int32_t status = run(next_, failed)) return status;
  return TW_OK;
}

int32_t FoldTable::run(size_t round, RuleInstance*& failed) {
  for (const auto& rule : rules_)
    if (int32_t status = rule->parts(round)) {
      failed = rule.get();
      return status;
    }
  for (const Fold& fold : rounds_[round].folds) {
    double total = across_identity(fold.form.op);
    for (const Part& part : fold.parts)
      total = join_across(fold.form.op, total, part.rule->part(round, part.k, part.row));
    const Tensor rounded = Tensor::scalar(total, fold.form.type.dtype);
    std::memcpy(&values_[fold.place], rounded.raw(), dtype_size(fold.form.type.dtype));
  }
  return TW_OK;
}

} // namespace thalweg::driver
