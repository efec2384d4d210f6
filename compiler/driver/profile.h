// Times and traffic of compiled functions by kernel, gathered while they run (--profile).
#pragma once

#include "codegen/loops.h"
#include "ir/tensor.h"

#include "thalweg/abi.h"

#include <chrono>
#include <string>
#include <vector>

namespace thalweg::driver {

struct KernelProfile {
  loops::Kernel kernel;
  int64_t calls = 0;
  double seconds = 0; // with the numbers that are computed before it
  double bytes = 0;   // read and written, of all calls
};

struct FunctionProfile {
  FunctionProfile(std::string name, const loops::Program& program);
  // Bytes of a call by kernel; `rows`: sizes of each tensor of the table with the shared ones.
  std::vector<double> bytes(const Bindings& shared, const std::vector<Bindings>& rows) const;

  std::string name;
  std::vector<loops::Buffer> buffers; // of the program: what kernels write
  std::vector<KernelProfile> kernels;
};

// One call being timed: fills the fields that compiled code marks its kernels by.
class ProfiledCall {
public:
  ProfiledCall(FunctionProfile& profile, const std::vector<double>& bytes, tw_call& call)
      : profile_(profile), bytes_(bytes), last_(Clock::now()) {
    call.mark = &ProfiledCall::mark;
    call.mark_context = this;
  }
  ProfiledCall(const ProfiledCall&) = delete;
  ProfiledCall& operator=(const ProfiledCall&) = delete;

private:
  using Clock = std::chrono::steady_clock;
  static void mark(void* call, int32_t kernel);
  FunctionProfile& profile_;
  const std::vector<double>& bytes_;
  Clock::time_point last_;
};

} // namespace thalweg::driver
