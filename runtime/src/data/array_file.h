// .npy files and .npz archives as arrays.
#pragma once

#include "base/source.h"
#include "data/data_file.h"

namespace thalweg::runtime {

struct ArrayOptions {
  bool fill_missing = false; // NaN is a gap that becomes the column's mean; else it is refused
};

// One array under one name.
Result<std::unique_ptr<DataFile>> open_npy(std::unique_ptr<ByteSource> bytes,
                                           const std::string& file, const DataName& name,
                                           const ArrayOptions& options);

// Arrays of an archive: `members[k]` (with or without .npy) is the array of `names[k]`. The options
// are those of the first.
Result<std::unique_ptr<DataFile>> open_npz(const std::string& path, const std::string& file,
                                           const std::vector<DataName>& names,
                                           const std::vector<std::string>& members,
                                           const ArrayOptions& options);

} // namespace thalweg::runtime
