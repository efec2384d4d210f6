// Listing of the library's folders (see library.h).
#include "sema/library.h"

#include <algorithm>
#include <filesystem>

namespace thalweg::sema {

void Library::scan() const {
  if (scanned_) return;
  scanned_ = true;
  if (root_.empty()) return;
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator folder(root_, error), end; !error && folder != end;
       folder.increment(error)) {
    std::error_code inner;
    if (!folder->is_directory(inner)) continue;
    for (fs::directory_iterator file(folder->path(), inner), last; !inner && file != last;
         file.increment(inner))
      if (file->path().extension() == ".tw")
        items_.emplace_back(file->path().stem().string(), file->path().string());
  }
  std::sort(items_.begin(), items_.end());
}

std::optional<std::string> Library::find(std::string_view item) const {
  scan();
  auto it = std::lower_bound(items_.begin(), items_.end(), item,
                             [](const auto& a, std::string_view b) { return a.first < b; });
  if (it == items_.end() || it->first != item) return std::nullopt;
  return it->second;
}

std::vector<std::string> Library::names() const {
  scan();
  std::vector<std::string> names;
  for (const auto& [name, path] : items_)
    names.push_back(name);
  return names;
}

} // namespace thalweg::sema
