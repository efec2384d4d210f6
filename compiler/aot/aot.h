// Ahead-of-time output: object files and static archives. The last step of `thalweg build`; all
// that comes before it is the JIT's (codegen/emit.h), so the numbers are too.
#pragma once

#include "codegen/emit.h"

#include <span>
#include <string>
#include <vector>

namespace thalweg::aot {

// What libraries are made for if the user does not say. A library's bits must be the JIT's, and
// every target with fma has the same bits: so the least such target that this machine runs, which
// travels further than `host`.
codegen::TargetSpec default_target();

// The bytes of an object file that exports the programs by name.
std::string emit_object(std::span<const loops::Program> programs,
                        const codegen::TargetSpec& target);

struct Member {
  std::string name; // "rule.o"
  std::string bytes;
};
// The functions of thalweg/linear.h, for archives of libraries that call them.
Member linear_member();
// The bytes of a static archive with a symbol table; no times, owners or paths in it.
std::string archive(std::span<const Member> members);
// False if the file can't be written.
bool write_archive(const std::string& path, std::span<const Member> members);

} // namespace thalweg::aot
