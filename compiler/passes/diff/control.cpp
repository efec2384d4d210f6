// Differentiation of conditionals (both ways) and loops (forward): regions in, regions out.
//
// A tangent is one more state or capture of the region. A loop's tangents start at zero where the
// state itself starts without one. Reverse through a loop needs its whole
// history: loops with a small known number of rounds are written out, others are an error.
#include "passes/diff/forward.h"
#include "passes/diff/partials.h"
#include "passes/diff/reverse.h"
#include "passes/diff/unroll.h"
#include "support/check.h"

#include <algorithm>
#include <memory>

namespace thalweg::diff {
namespace {

std::vector<ValueId> mapped(const Forward& forward, std::span<const ValueId> values) {
  std::vector<ValueId> out;
  for (ValueId value : values)
    out.push_back(forward.primal(value));
  return out;
}

} // namespace

// if_else(condition, captures…) becomes if_else(condition, captures…, tangents of captures…),
// giving (values…, tangents…). A tangent that one side has and the other lacks is zero there.
void Forward::visit_if(ValueId id) {
  const Node node = graph_.node(id);
  std::vector<ValueId> operands = mapped(*this, node.operands);
  std::vector<size_t> active; // positions among the captures
  std::vector<ValueId> given = operands;
  for (size_t k = 1; k < operands.size(); ++k)
    if (Maybe t = tangent(node.operands[k])) {
      active.push_back(k - 1);
      given.push_back(*t);
    }
  if (active.empty()) {
    if (operands != node.operands)
      primal_[id] = graph_.add(node.op, node.type, operands, node.attr);
    return;
  }
  std::vector<Type> parameters = graph_.lambda(node.attr.lambdas[0]).parameters;
  size_t captures = parameters.size();
  for (size_t k : active)
    parameters.push_back(tangent_type(parameters[k]));

  std::vector<Forward> sides;
  for (LambdaId side : node.attr.lambdas) {
    const Lambda& lambda = graph_.lambda(side);
    Forward& inner = sides.emplace_back(graph_, batch_);
    for (size_t j = 0; j < active.size(); ++j)
      inner.set_tangent(builder_.arg(active[j], lambda.parameters[active[j]]),
                        builder_.arg(captures + j, parameters[captures + j]));
    if (auto error = inner.run(lambda.results)) {
      error_ = error;
      return;
    }
  }
  size_t count = node.type.elements.size();
  std::vector<bool> has(count, false);
  for (size_t side = 0; side < 2; ++side)
    for (size_t k = 0; k < count; ++k)
      if (sides[side].tangent(graph_.lambda(node.attr.lambdas[side]).results[k])) has[k] = true;
  Attr attr;
  for (size_t side = 0; side < 2; ++side) {
    const std::vector<ValueId> results = graph_.lambda(node.attr.lambdas[side]).results;
    Lambda lambda{parameters, mapped(sides[side], results)};
    for (size_t k = 0; k < count; ++k)
      if (has[k])
        lambda.results.push_back(
            sides[side].tangent(results[k]).value_or(zero_tangent(builder_, results[k], batch_)));
    attr.lambdas.push_back(graph_.add_lambda(std::move(lambda)));
  }
  ValueId tuple = builder_.make(Op::if_else, std::move(given), std::move(attr));
  primal_[id] = tuple;
  Tangents& slots = tuple_tangents_[id];
  int64_t at = static_cast<int64_t>(count);
  for (size_t k = 0; k < count; ++k)
    slots.push_back(has[k] ? Maybe{builder_.get(tuple, at++)} : Maybe{});
}

// while_loop(limit, states…, captures…) becomes while_loop(limit, states…, tangents of states…,
// captures…, tangents of captures…). Which states carry a tangent is a fixed point over the body.
void Forward::visit_while(ValueId id) {
  const Node node = graph_.node(id);
  const Lambda condition = graph_.lambda(node.attr.lambdas[0]);
  const Lambda body = graph_.lambda(node.attr.lambdas[1]);
  size_t states = static_cast<size_t>(node.attr.ints[0]), all = body.parameters.size();
  std::vector<ValueId> operands = mapped(*this, node.operands);
  std::vector<bool> active(all);
  for (size_t k = 0; k < all; ++k)
    active[k] = tangent(node.operands[k + 1]).has_value();
  if (std::none_of(active.begin(), active.end(), [](bool a) { return a; })) {
    if (operands != node.operands)
      primal_[id] = graph_.add(node.op, node.type, operands, node.attr);
    return;
  }

  std::vector<Type> parameters;
  std::unique_ptr<Forward> inner, test;
  for (bool settled = false; !settled;) {
    inner = std::make_unique<Forward>(graph_, batch_);
    test = std::make_unique<Forward>(graph_, batch_);
    parameters.clear();
    // New positions: states, their tangents, captures, their tangents.
    auto lay_out = [&](size_t begin, size_t end) {
      for (size_t k = begin; k < end; ++k) {
        const Type& type = body.parameters[k];
        for (Forward* region : {inner.get(), test.get()})
          region->replace(builder_.arg(k, type), builder_.arg(parameters.size(), type));
        parameters.push_back(type);
      }
      for (size_t k = begin; k < end; ++k) {
        if (!active[k]) continue;
        Type type = tangent_type(body.parameters[k]);
        inner->set_tangent(builder_.arg(k, body.parameters[k]),
                           builder_.arg(parameters.size(), type));
        parameters.push_back(type);
      }
    };
    lay_out(0, states);
    lay_out(states, all);
    if (auto error = inner->run(body.results)) {
      error_ = error;
      return;
    }
    settled = true;
    for (size_t k = 0; k < states; ++k)
      if (!active[k] && inner->tangent(body.results[k])) {
        active[k] = true;
        settled = false;
      }
  }
  if (auto error = test->run(condition.results)) {
    error_ = error;
    return;
  }

  Lambda new_body{parameters, mapped(*inner, body.results)};
  std::vector<ValueId> given{operands[0]};
  auto give = [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k)
      given.push_back(operands[k + 1]);
    for (size_t k = begin; k < end; ++k)
      if (active[k])
        given.push_back(tangent(node.operands[k + 1])
                            .value_or(zero_tangent(builder_, operands[k + 1], batch_)));
  };
  give(0, states);
  give(states, all);
  int64_t carried = static_cast<int64_t>(states);
  for (size_t k = 0; k < states; ++k) {
    if (!active[k]) continue;
    ++carried;
    Maybe t = inner->tangent(body.results[k]);
    new_body.results.push_back(t.value_or(zero_tangent(builder_, body.results[k], batch_)));
  }
  Attr attr{{carried}, {}, {}, {}};
  attr.lambdas.push_back(graph_.add_lambda({parameters, mapped(*test, condition.results)}));
  attr.lambdas.push_back(graph_.add_lambda(std::move(new_body)));
  ValueId tuple = builder_.make(Op::while_loop, std::move(given), std::move(attr));
  primal_[id] = tuple;
  Tangents& slots = tuple_tangents_[id];
  int64_t at = static_cast<int64_t>(states);
  for (size_t k = 0; k < states; ++k)
    slots.push_back(active[k] ? Maybe{builder_.get(tuple, at++)} : Maybe{});
}

// The cotangents of the results go in as captures; out come the cotangents of the active captures.
void Reverse::visit_if(ValueId id) {
  auto found = tuple_cotangents_.find(id);
  if (found == tuple_cotangents_.end()) return;
  const Node node = graph_.node(id);
  const std::vector<Maybe> slots = found->second;
  std::vector<Type> parameters = graph_.lambda(node.attr.lambdas[0]).parameters;
  size_t captures = parameters.size();
  std::vector<size_t> wanted;
  for (size_t k = 0; k < captures; ++k)
    if (active(node.operands[k + 1])) wanted.push_back(k);
  std::vector<ValueId> given = node.operands;
  for (size_t k = 0; k < slots.size(); ++k)
    if (slots[k]) {
      parameters.push_back(node.type.elements[k]);
      given.push_back(*slots[k]);
    }
  Attr attr;
  for (LambdaId side : node.attr.lambdas) {
    Lambda lambda = graph_.lambda(side);
    lambda.results = unroll(graph_, lambda.results);
    std::vector<ValueId> arguments;
    for (size_t k : wanted)
      arguments.push_back(builder_.arg(k, parameters[k]));
    Reverse inner(graph_, arguments);
    size_t at = captures;
    for (size_t k = 0; k < slots.size(); ++k)
      if (slots[k]) {
        inner.seed(lambda.results[k], builder_.arg(at, parameters[at]));
        ++at;
      }
    if (auto error = inner.run(lambda.results)) {
      error_ = error;
      return;
    }
    Lambda pulled{parameters, {}};
    for (ValueId argument : arguments)
      pulled.results.push_back(
          inner.cotangent(argument).value_or(zero_tangent(builder_, argument, {})));
    attr.lambdas.push_back(graph_.add_lambda(std::move(pulled)));
  }
  ValueId tuple = builder_.make(Op::if_else, std::move(given), std::move(attr));
  for (size_t j = 0; j < wanted.size(); ++j)
    send(id, node.operands[wanted[j] + 1], builder_.get(tuple, static_cast<int64_t>(j)));
}

} // namespace thalweg::diff
