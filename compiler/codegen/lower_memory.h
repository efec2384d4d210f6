// Buffers of the program under construction, their slots counted over the whole call, whatever
// function of it they belong to. Private to codegen/lower*.
#pragma once

#include "codegen/lower.h"

namespace thalweg::loops {

class Memory {
public:
  // `call`: the layout that the caller of the program sees.
  Memory(Program& program, Layout& call) : program_(program), call_(call) {}

  Slot add(std::string name, const Type& type, Buffer::Role role, bool per_tensor) {
    int slot = per_tensor ? call_.row_slots++ : call_.call_slots++;
    BufferId buffer{static_cast<uint32_t>(program_.buffers.size())};
    program_.buffers.push_back({std::move(name), type.dtype, type.shape, role, per_tensor, slot});
    return {buffer, per_tensor, slot, type.dtype, type.shape};
  }
  Slot temporary(std::string name, const Type& type, bool per_tensor, Span origin = {},
                 std::optional<Dim> rows = std::nullopt) {
    Slot slot = add(std::move(name), type, Buffer::Role::temporary, per_tensor);
    slot.rows = rows;
    program_.buffers.back().rows = rows;
    program_.buffers.back().origin = origin;
    call_.temporaries.push_back(slot);
    return slot;
  }

  int linear(LinearSite site) {
    call_.linear.push_back(site);
    return static_cast<int>(call_.linear.size()) - 1;
  }
  int oracle(OracleSite site) {
    call_.oracles.push_back(std::move(site));
    return static_cast<int>(call_.oracles.size()) - 1;
  }

private:
  Program& program_;
  Layout& call_;
};

} // namespace thalweg::loops
