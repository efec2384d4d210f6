// The files of stdlib/ with what their documentation says, for tests that find every item.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace thalweg::test {

struct LibraryItem {
  std::string name;
  std::string folder;
  std::string example; // after "## Example:", as it stands in `using` or as a schedule
};

// Of these folders, sorted by name.
inline std::vector<LibraryItem> library_items(const std::vector<std::string>& folders) {
  std::vector<LibraryItem> items;
  for (const std::string& folder : folders)
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(THALWEG_SOURCE_DIR) / "stdlib" / folder)) {
      LibraryItem item{entry.path().stem().string(), folder, ""};
      std::ifstream in(entry.path());
      const std::string mark = "## Example: ";
      for (std::string line; std::getline(in, line);)
        if (line.starts_with(mark)) item.example = line.substr(mark.size());
      items.push_back(std::move(item));
    }
  std::sort(items.begin(), items.end(),
            [](const LibraryItem& a, const LibraryItem& b) { return a.name < b.name; });
  return items;
}

} // namespace thalweg::test
