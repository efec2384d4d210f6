// Random loops and branches with closed bodies (see random_generator.h).
#include "properties/random_generator.h"

namespace thalweg::testing {

std::vector<ValueId> Generator::some_values(int count) {
  std::vector<ValueId> values;
  for (int i = 0; i < count; ++i)
    values.push_back(tame(scope_.pool.empty() ? pick_real() : rng_.pick(scope_.pool), 3));
  return values;
}

// A closed body with a pool of its own. `counts`: parameter 0 is a counter, result 0 the next.
LambdaId Generator::body(const std::vector<Type>& parameters, const std::vector<Type>& results,
                         int operations, bool counts) {
  Scope outer = std::move(scope_);
  scope_ = {};
  scope_.depth = outer.depth + 1;
  for (size_t k = 0; k < parameters.size(); ++k)
    scope_.pool.push_back(builder_.arg(static_cast<int64_t>(k), parameters[k]));
  for (int i = 0; i < operations; ++i)
    step();
  Lambda lambda{parameters, {}};
  for (size_t k = 0; k < results.size(); ++k) {
    ValueId value;
    if (counts && k == 0) {
      ValueId counter = builder_.arg(0, parameters[0]);
      value = builder_.add(counter, builder_.constant(1, DType::i64));
    } else {
      value = pick(results[k]);
      if (options_.smooth && is_real(results[k].dtype)) value = tame(value, 2);
    }
    lambda.results.push_back(value);
  }
  scope_ = std::move(outer);
  return builder_.graph().add_lambda(std::move(lambda));
}

void Generator::loop() {
  std::vector<ValueId> operands = {
      builder_.constant(static_cast<double>(rng_.range(0, 6)), DType::i64),
      builder_.constant(0, DType::i64)};
  std::vector<ValueId> states = some_values(static_cast<int>(rng_.range(1, 2)));
  std::vector<ValueId> captures = some_values(static_cast<int>(rng_.range(0, 2)));
  operands.insert(operands.end(), states.begin(), states.end());
  operands.insert(operands.end(), captures.begin(), captures.end());
  std::vector<Type> parameters, results;
  for (size_t k = 1; k < operands.size(); ++k)
    parameters.push_back(builder_.type(operands[k]));
  for (size_t k = 0; k < states.size() + 1; ++k)
    results.push_back(parameters[k]);

  ValueId counter = builder_.arg(0, parameters[0]);
  ValueId bound = builder_.constant(static_cast<double>(rng_.range(0, 5)), DType::i64);
  ValueId more = builder_.make(Op::lt, {counter, bound});
  if (!options_.smooth && is_real(parameters[1].dtype) && rng_.chance(0.5)) {
    ValueId state = builder_.arg(1, parameters[1]);
    if (parameters[1].rank() > 0) state = builder_.reduce_all(Op::reduce_max, state);
    ValueId limit = builder_.full(1.5, builder_.type(state));
    more = builder_.make(Op::logical_and, {more, builder_.make(Op::le, {state, limit})});
  }
  LambdaId condition = builder_.graph().add_lambda({parameters, {more}});
  LambdaId round = body(parameters, results, static_cast<int>(rng_.range(1, 5)), true);
  Attr attr;
  attr.ints = {static_cast<int64_t>(results.size())};
  attr.lambdas = {condition, round};
  ValueId tuple = builder_.make(Op::while_loop, operands, attr);
  for (size_t k = 0; k < results.size(); ++k)
    put(builder_.get(tuple, static_cast<int64_t>(k)), 3);
}

void Generator::branch() {
  std::vector<ValueId> operands = {pick(Type::scalar(DType::boolean))};
  std::vector<ValueId> captures = some_values(static_cast<int>(rng_.range(1, 3)));
  operands.insert(operands.end(), captures.begin(), captures.end());
  std::vector<Type> parameters, results;
  for (ValueId capture : captures)
    parameters.push_back(builder_.type(capture));
  for (int64_t count = rng_.range(1, 2); count > 0; --count)
    results.push_back(rng_.pick(parameters));
  Attr attr;
  for (int side = 0; side < 2; ++side)
    attr.lambdas.push_back(body(parameters, results, static_cast<int>(rng_.range(0, 4)), false));
  ValueId tuple = builder_.make(Op::if_else, operands, attr);
  for (size_t k = 0; k < results.size(); ++k)
    put(builder_.get(tuple, static_cast<int64_t>(k)), 3);
}

} // namespace thalweg::testing
