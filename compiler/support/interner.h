// Interned names: equal text is the same object, so names compare and hash by pointer everywhere
// later.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace thalweg {

/// A name of some Interner; the default value is "no name". Views stay valid as long as the
/// interner.
class Name {
public:
  Name() = default;
  std::string_view view() const { return entry_ ? std::string_view(entry_->text) : ""; }
  std::string str() const { return std::string(view()); }
  explicit operator bool() const { return entry_ != nullptr; }
  /// Number in order of first appearance: for side tables and for orders that repeat from run to
  /// run.
  uint32_t index() const { return entry_ ? entry_->index : 0xffffffffu; }

  friend bool operator==(Name a, Name b) { return a.entry_ == b.entry_; }
  friend bool operator==(Name a, std::string_view text) { return a.view() == text; }
  friend std::strong_ordering operator<=>(Name a, Name b) { return a.index() <=> b.index(); }

private:
  friend class Interner;
  struct Entry {
    std::string text;
    uint32_t index;
  };
  explicit Name(const Entry* entry) : entry_(entry) {}
  const Entry* entry_ = nullptr;
};

/// Owns the texts. Who interns source text normalizes it first (parse/ does, to NFC).
class Interner {
public:
  Interner() = default;
  Interner(const Interner&) = delete;
  Interner& operator=(const Interner&) = delete;

  Name intern(std::string_view text) {
    if (auto found = by_text_.find(text); found != by_text_.end()) return Name(found->second);
    entries_.push_back({std::string(text), static_cast<uint32_t>(entries_.size())});
    const Name::Entry* entry = &entries_.back();
    by_text_.emplace(entry->text, entry);
    return Name(entry);
  }
  size_t size() const { return entries_.size(); }

private:
  std::deque<Name::Entry> entries_; // a deque, so that entries never move
  std::unordered_map<std::string_view, const Name::Entry*> by_text_;
};

} // namespace thalweg

template <> struct std::hash<thalweg::Name> {
  size_t operator()(thalweg::Name name) const noexcept {
    return std::hash<uint32_t>{}(name.index());
  }
};
