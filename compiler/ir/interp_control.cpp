// Evaluation of loops, branches, tuples and oracles (see interp.h; meaning: graph.h).
#include "ir/interp_call.h"

namespace thalweg::interp {
namespace {

bool truth(const Parts& parts) { return (*parts)[0].data<uint8_t>()[0] != 0; }

} // namespace

void eval_while_loop(Call& call) {
  const int64_t limit = call.operand(0).data<int64_t>()[0];
  const size_t state_count = static_cast<size_t>(call.ints()[0]);
  std::vector<Parts> arguments(call.operands.begin() + 1, call.operands.end()), results;
  std::vector<int64_t>& rounds = call.machine.place().rounds;
  rounds.push_back(0);
  bool ok = true;
  for (int64_t round = 0; round < limit; ++round) {
    rounds.back() = round;
    ok = call.machine.run(call.node.attr.lambdas[0], arguments, call.bindings, results);
    if (!ok || !truth(results[0])) break;
    ok = call.machine.run(call.node.attr.lambdas[1], arguments, call.bindings, results);
    if (!ok) break;
    for (size_t k = 0; k < state_count; ++k)
      arguments[k] = results[k];
  }
  rounds.pop_back();
  if (!ok) {
    call.failure = call.machine.failure();
    return;
  }
  for (size_t k = 0; k < state_count; ++k)
    call.give((*arguments[k])[0]);
}

void eval_if_else(Call& call) {
  std::vector<Parts> arguments(call.operands.begin() + 1, call.operands.end()), results;
  LambdaId side = call.node.attr.lambdas[truth(call.operands[0]) ? 0 : 1];
  if (!call.machine.run(side, arguments, call.bindings, results)) {
    call.failure = call.machine.failure();
    return;
  }
  for (const Parts& parts : results)
    call.give((*parts)[0]);
}

void eval_get(Call& call) { call.give((*call.operands[0])[static_cast<size_t>(call.ints()[0])]); }

void eval_derivative(Call& call) {
  call.fail(run_status::kUnsupported, "a derivative that was not expanded");
}

void eval_oracle(Call& call) {
  if (!call.options.oracle)
    return call.fail(run_status::kUnsupported, "no objective to ask for " + call.node.attr.name);
  std::vector<const Tensor*> operands;
  for (size_t k = 0; k < call.operands.size(); ++k)
    operands.push_back(&call.operand(k));
  std::optional<Failure> failure = call.options.oracle(call.node, operands, call.results);
  if (failure) {
    call.failure = std::move(failure);
    return;
  }
  const Type& type = call.node.type;
  std::vector<Type> types = type.is_tuple ? type.elements : std::vector<Type>{type};
  TW_CHECK(call.results.size() == types.size(), "an oracle gave {} results", call.results.size());
  for (size_t k = 0; k < types.size(); ++k) {
    std::optional<std::vector<int64_t>> shape = evaluate_shape(types[k].shape, call.bindings);
    if (!shape || call.results[k].shape() != *shape || call.results[k].dtype() != types[k].dtype)
      return call.fail(run_status::kShapeMismatch,
                       fmt::format("{} gave {} where {} was asked for", call.node.attr.name,
                                   call.results[k].str(0), types[k].str()));
  }
}

} // namespace thalweg::interp
