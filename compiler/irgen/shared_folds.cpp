// When the parts of shared reductions can be had (see shared_folds.h).
#include "irgen/shared_folds.h"

#include "support/check.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace thalweg::irgen {

size_t SharedFolds::place(const std::string& key, Op op, Type type) {
  auto [it, fresh] = places_.try_emplace(key, folds_.size());
  if (fresh) folds_.push_back({op, std::move(type)});
  return it->second;
}

void SharedFolds::finish(const Graph& graph, std::span<RuleUnit* const> variants) {
  // What a part waits for: answers of queries, and other folds, each of which is a level below it.
  struct Wait {
    bool initial = false;
    size_t queries = 0, level = 0;
    bool operator==(const Wait&) const = default;
  };
  std::vector<Wait> waits(folds_.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (const RuleUnit* rule : variants)
      for (const RuleUnit::Part& part : rule->parts) {
        Wait wait = waits[part.place];
        wait.initial = part.initial;
        for (ValueId id : reachable(graph, std::span(&part.value, 1))) {
          if (graph.node(id).op != Op::arg) continue;
          const std::string& name =
              rule->step.parameters[static_cast<size_t>(graph.node(id).attr.ints[0])].name;
          if (name.starts_with("query"))
            wait.queries = std::max<size_t>(wait.queries, std::stoul(name.substr(5)) + 1);
          if (!name.starts_with("fold ")) continue;
          const Wait& other = waits[std::stoul(name.substr(5))];
          wait.queries = std::max(wait.queries, other.queries);
          wait.level = std::max(wait.level, other.level + 1);
        }
        TW_CHECK(wait.level < folds_.size(), "reductions of {} wait for each other", rule->name);
        changed = changed || wait != waits[part.place];
        waits[part.place] = wait;
      }
  }
  std::map<std::tuple<bool, size_t, size_t>, size_t> numbers; // of rounds
  for (const Wait& wait : waits)
    numbers.try_emplace({!wait.initial, wait.queries, wait.level}, 0);
  for (auto& [wait, number] : numbers) {
    number = rounds_.size();
    rounds_.push_back({!std::get<0>(wait), std::get<1>(wait), {}});
  }
  auto round_of = [&](size_t place) {
    const Wait& wait = waits[place];
    return numbers.at({!wait.initial, wait.queries, wait.level});
  };
  for (size_t place = 0; place < folds_.size(); ++place)
    rounds_[round_of(place)].places.push_back(place);
  for (RuleUnit* rule : variants) {
    for (size_t round = 0; round < rounds_.size(); ++round) {
      Function f = rule->step;
      f.name = rule->name + ".parts" + std::to_string(round);
      f.checks.clear();
      f.results.clear();
      for (const RuleUnit::Part& part : rule->parts)
        if (round_of(part.place) == round) f.results.push_back({"part", part.value, true, -1});
      rule->fold_rounds.push_back(std::move(f));
    }
  }
}

} // namespace thalweg::irgen
