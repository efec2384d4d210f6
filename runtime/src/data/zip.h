// A zip archive as sources of bytes, one for each member; libzip reads it.
#pragma once

#include "base/source.h"

#include <memory>
#include <vector>

namespace thalweg::runtime {

class ZipArchive {
public:
  // `name` is the file as messages show it.
  static Result<std::shared_ptr<ZipArchive>> open(const std::string& path, const std::string& name);
  virtual ~ZipArchive() = default;
  virtual std::vector<std::string> members() const = 0;
  // Stored or deflated bytes. Their checksum is compared when the last of them is read. The source
  // keeps the archive.
  virtual Result<std::unique_ptr<ByteSource>> member(const std::string& member) = 0;
};

} // namespace thalweg::runtime
