// Members of zip archives, see zip.h.
#include "data/zip.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

namespace thalweg::runtime {

namespace {

class OpenArchive : public ZipArchive, public std::enable_shared_from_this<OpenArchive> {
public:
  OpenArchive(zip_t* zip, int descriptor, FileVersion version, std::string name)
      : zip_(zip), descriptor_(descriptor), version_(version), name_(std::move(name)) {}
  OpenArchive(const OpenArchive&) = delete;
  OpenArchive& operator=(const OpenArchive&) = delete;
  ~OpenArchive() override {
    zip_discard(zip_);
    ::close(descriptor_);
  }
  std::vector<std::string> members() const override;
  Result<std::unique_ptr<ByteSource>> member(const std::string& member) override;
  zip_t* zip() const { return zip_; }
  Outcome unchanged() const { return version_.unchanged(descriptor_, name_); }

private:
  zip_t* zip_;
  int descriptor_;
  FileVersion version_;
  std::string name_;
};

class MemberSource : public ByteSource {
public:
  MemberSource(std::shared_ptr<OpenArchive> archive, zip_uint64_t index, uint64_t size,
               std::string name)
      : archive_(std::move(archive)), index_(index), size_(size), name_(std::move(name)) {}
  MemberSource(const MemberSource&) = delete;
  MemberSource& operator=(const MemberSource&) = delete;
  ~MemberSource() override { close(); }

  Outcome rewind() override {
    close();
    file_ = zip_fopen_index(archive_->zip(), index_, 0);
    return file_ != nullptr ? Outcome(Unit{}) : Outcome(damaged());
  }
  Result<size_t> read(char* to, size_t room) override {
    if (file_ == nullptr)
      if (Outcome begun = rewind(); !begun) return begun.error();
    const zip_int64_t got = zip_fread(file_, to, room);
    if (got < 0) return damaged();
    return static_cast<size_t>(got);
  }
  Outcome unchanged() const override { return archive_->unchanged(); }
  uint64_t size() const override { return size_; }

private:
  void close() {
    if (file_ != nullptr) zip_fclose(file_);
    file_ = nullptr;
  }
  DataError damaged() const { return {name_, 0, 0, "is damaged: it cannot be unpacked", ""}; }

  std::shared_ptr<OpenArchive> archive_;
  zip_uint64_t index_;
  uint64_t size_;
  std::string name_;
  zip_file_t* file_ = nullptr;
};

std::vector<std::string> OpenArchive::members() const {
  std::vector<std::string> names;
  const zip_int64_t count = zip_get_num_entries(zip_, 0);
  for (zip_int64_t k = 0; k < count; ++k)
    if (const char* name = zip_get_name(zip_, static_cast<zip_uint64_t>(k), 0); name != nullptr)
      names.emplace_back(name);
  return names;
}

Result<std::unique_ptr<ByteSource>> OpenArchive::member(const std::string& member) {
  const std::string shown_name = name_ + ": " + shown(member);
  zip_stat_t stat;
  zip_stat_init(&stat);
  const zip_uint64_t needed =
      ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat(zip_, member.c_str(), 0, &stat) != 0 || (stat.valid & needed) != needed)
    return DataError{shown_name, 0, 0, "has no entry that can be read", ""};
  if (stat.encryption_method != ZIP_EM_NONE)
    return DataError{shown_name, 0, 0, "is encrypted", "save it without a password"};
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
    return DataError{
        shown_name, 0, 0,
        fmt::format("is compressed by method {}; known are stored and deflated", stat.comp_method),
        "save it with numpy.savez or numpy.savez_compressed"};
  }
  return std::unique_ptr<ByteSource>(
      std::make_unique<MemberSource>(shared_from_this(), stat.index, stat.size, shown_name));
}

} // namespace

Result<std::shared_ptr<ZipArchive>> ZipArchive::open(const std::string& path,
                                                     const std::string& name) {
  Result<int> descriptor = open_regular_file(path, name);
  if (!descriptor) return descriptor.error();
  Result<FileVersion> version = FileVersion::of(*descriptor, name);
  const int own = version ? ::dup(*descriptor) : -1; // libzip closes its own
  int error = 0;
  zip_t* const zip = own < 0 ? nullptr : zip_fdopen(own, ZIP_CHECKCONS, &error);
  if (zip == nullptr) {
    if (own >= 0) ::close(own);
    ::close(*descriptor);
    if (!version) return version.error();
    return DataError{name, 0, 0,
                     error == ZIP_ER_NOZIP ? "is no .npz file (a zip archive)"
                                           : "is a damaged zip archive",
                     "numpy.savez writes such files"};
  }
  return std::shared_ptr<ZipArchive>(
      std::make_shared<OpenArchive>(zip, *descriptor, *version, name));
}

} // namespace thalweg::runtime
