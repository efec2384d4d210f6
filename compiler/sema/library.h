// The standard library on disk: one public item a file named as the item, found by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::sema {

class Library {
public:
  // `root` holds the folders optimizers, transforms, schedules, …; it may be empty (no library).
  explicit Library(std::string root) : root_(std::move(root)) {}
  const std::string& root() const { return root_; }
  // The file of an item. Only the folders' listings are read, once, never the files.
  std::optional<std::string> find(std::string_view item) const;
  std::vector<std::string> names() const; // sorted

private:
  void scan() const;
  std::string root_;
  mutable bool scanned_ = false;
  mutable std::vector<std::pair<std::string, std::string>> items_; // name, path; sorted
};

} // namespace thalweg::sema
