// Marks of compiled code added up (see profile.h).
#include "driver/profile.h"

namespace thalweg::driver {

FunctionProfile::FunctionProfile(std::string function, const loops::Program& program)
    : name(std::move(function)), buffers(program.buffers) {
  for (loops::Buffer& buffer : buffers)
    buffer.data.clear();
  for (loops::Kernel& kernel : loops::kernels(program))
    kernels.push_back({std::move(kernel)});
}

std::vector<double> FunctionProfile::bytes(const Bindings& shared,
                                           const std::vector<Bindings>& rows) const {
  std::vector<double> all;
  for (const KernelProfile& one : kernels) {
    const auto under = [&](const Bindings& sizes) {
      std::optional<int64_t> read = evaluate_dim(one.kernel.bytes_read, sizes);
      std::optional<int64_t> written = evaluate_dim(one.kernel.bytes_written, sizes);
      return static_cast<double>(read.value_or(0)) + static_cast<double>(written.value_or(0));
    };
    double sum = one.kernel.over_table ? 0 : under(shared);
    for (size_t r = 0; one.kernel.over_table && r < rows.size(); ++r)
      sum += under(rows[r]);
    all.push_back(sum);
  }
  return all;
}

void ProfiledCall::mark(void* call, int32_t kernel) {
  const Clock::time_point now = Clock::now();
  ProfiledCall& self = *static_cast<ProfiledCall*>(call);
  const size_t k = static_cast<size_t>(kernel);
  KernelProfile& at = self.profile_.kernels[k];
  ++at.calls;
  at.seconds += std::chrono::duration<double>(now - self.last_).count();
  at.bytes += self.bytes_[k];
  self.last_ = Clock::now();
}

} // namespace thalweg::driver
