// Objects and archives (aot.h), on LLVM's archive writer.
#include "aot/aot.h"

#include "support/check.h"
#include "thalweg/linear_object.h"

#include <llvm/Object/ArchiveWriter.h>

#include <fstream>

namespace thalweg::aot {

codegen::TargetSpec default_target() {
  const codegen::TargetSpec portable = codegen::TargetSpec::avx2();
  return portable.runs_here() ? portable : codegen::TargetSpec::host();
}

std::string emit_object(std::span<const loops::Program> programs,
                        const codegen::TargetSpec& target) {
  return codegen::compile_object(programs, target);
}

Member linear_member() {
  return {"thalweg_linear.o", std::string(tw_linear_object, tw_linear_object_end)};
}

std::string archive(std::span<const Member> members) {
  std::vector<llvm::NewArchiveMember> list;
  for (const Member& member : members)
    list.emplace_back(llvm::MemoryBufferRef(member.bytes, member.name));
  auto buffer = llvm::writeArchiveToBuffer(list, llvm::SymtabWritingMode::NormalSymtab,
                                           llvm::object::Archive::K_GNU, true, false);
  if (!buffer) TW_CHECK(false, "archive: {}", llvm::toString(buffer.takeError()));
  return (*buffer)->getBuffer().str();
}

bool write_archive(const std::string& path, std::span<const Member> members) {
  const std::string bytes = archive(members);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return static_cast<bool>(file.flush());
}

} // namespace thalweg::aot
