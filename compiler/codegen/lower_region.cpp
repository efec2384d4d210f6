// Loops and branches: nested functions between the kernels of the function around them; oracles.
#include "codegen/lower_kernels.h"
#include "codegen/lower_nested.h"

namespace thalweg::loops {

// A loop's states start as its operands say and are updated in place; what else it reads lies in
// memory where it is, scalars are values. The sides of a branch write to the same places.
void Kernels::region(const fuse::Kernel& kernel) {
  const ValueId id = kernel.folds[0];
  const Node& node = graph_.node(id);
  const bool loop = node.op == Op::while_loop;
  const size_t states = loop ? static_cast<size_t>(node.attr.ints[0]) : 0;
  Place place;
  place.row = plan_.of(id).row || elements_.in_row();
  place.round = elements_.round();
  std::vector<Slot> parts;
  for (const fuse::Target& part : kernel.parts)
    parts.push_back(slot_of(layout_, part));
  Val first = elements_.scalar(node.operands[0]); // the limit, or the condition
  for (size_t k = 1; k < node.operands.size(); ++k) {
    ValueId operand = node.operands[k];
    if (k <= states) {
      start(operand, parts[k - 1].buffer);
      place.parameters.push_back(parts[k - 1]);
    } else if (graph_.type(operand).rank() == 0) {
      place.parameters.push_back(elements_.scalar(operand));
    } else {
      place.parameters.push_back(place_in_memory(operand));
    }
  }
  auto nested = [&](size_t k, std::vector<Slot> results) {
    Place own = place;
    own.results = std::move(results);
    return lower_nested(graph_, plan_.nested[static_cast<size_t>(kernel.nested[k])], program_,
                        memory_, std::move(own));
  };
  if (!loop) {
    Block yes = nested(0, parts).block;
    elements_.append({If{first, std::move(yes), nested(1, parts).block}});
    return;
  }
  Val round = elements_.defined_by_statement(DType::i64);
  place.round = round;
  NestedBlock test = nested(0, {});
  elements_.append(
      {While{first, round, std::move(test.block), test.result, nested(1, parts).block}});
}

const Slot& Kernels::place_in_memory(ValueId value) const {
  const fuse::Target& home = plan_.of(value).home;
  if (home.kind != fuse::Target::Kind::none) return slot_of(layout_, home);
  return layout_.parameters[graph_.node(value).attr.ints[0]];
}

void Kernels::oracle(const fuse::Kernel& kernel) {
  const Node& node = graph_.node(kernel.folds[0]);
  OracleSite asked{
      static_cast<OracleKind>(node.attr.ints[0]), {}, slot_of(layout_, kernel.parts[0])};
  for (ValueId operand : node.operands)
    asked.operands.push_back(place_in_memory(operand));
  int site = memory_.oracle(std::move(asked));
  elements_.append({Oracle{site}});
}

void Kernels::start(ValueId value, BufferId state) {
  const Shape& shape = graph_.type(value).shape;
  IndexId index = indices_.intern(index_of_axes(open_nest(shape, Loop::Kind::vector)));
  Val element = elements_.element(value, index);
  elements_.append({Store{address_of(state, flat_of(indices_.at(index), shape)), element}});
  close_nest();
}

} // namespace thalweg::loops
