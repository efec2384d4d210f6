// From the layout of a lowered function to the bindings of its slots.
#include "aot/library.h"

#include "support/check.h"

namespace thalweg::aot {

BoundProgram bind(const loops::Lowered& lowered, std::span<const Binding> parameters,
                  std::span<const Binding> results) {
  const loops::Layout& layout = lowered.layout;
  TW_CHECK(parameters.size() == layout.parameters.size() && results.size() == layout.results.size(),
           "bindings of '{}' do not match its layout", lowered.program.name);
  BoundProgram bound;
  bound.program = lowered.program;
  bound.call_slots.resize(static_cast<size_t>(layout.call_slots)); // scratch, if nothing else
  bound.row_slots.resize(static_cast<size_t>(layout.row_slots));
  const auto place = [&](const loops::Slot& slot, const Binding& binding) {
    auto& slots = slot.per_tensor ? bound.row_slots : bound.call_slots;
    slots.at(static_cast<size_t>(slot.slot)) = binding;
  };
  for (size_t k = 0; k < results.size(); ++k)
    place(layout.results[k], results[k]);
  for (size_t k = 0; k < parameters.size(); ++k) // after: a result in place is its parameter
    place(layout.parameters[k], parameters[k]);
  bound.dims.assign(bound.program.symbols.size(), Dim::symbol("n"));
  bound.row_dims.assign(bound.program.tensor_symbols.size(), Dim::symbol("n"));
  return bound;
}

} // namespace thalweg::aot
