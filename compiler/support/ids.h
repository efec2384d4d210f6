// Strong integer ids: an index into one particular table, never mixed up with another table's.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace thalweg {

/// `using NodeId = Id<struct NodeTag>;` The default value is the invalid id.
template <typename Tag> struct Id {
  static constexpr uint32_t kInvalid = 0xffffffffu;
  uint32_t value = kInvalid;

  constexpr Id() = default;
  constexpr explicit Id(uint32_t v) : value(v) {}
  constexpr bool valid() const { return value != kInvalid; }
  constexpr size_t index() const { return value; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

} // namespace thalweg

template <typename Tag> struct std::hash<thalweg::Id<Tag>> {
  size_t operator()(thalweg::Id<Tag> id) const noexcept { return std::hash<uint32_t>{}(id.value); }
};
