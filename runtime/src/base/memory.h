// How much memory can be had without driving the machine into its swap or over a limit.
#pragma once

#include <cstdint>
#include <string>

namespace thalweg::runtime {

// The least of what the system calls available, what the control group still allows and what the
// limit on address space leaves. At least 0; a large number where nothing is known.
uint64_t available_memory();

std::string byte_text(double bytes); // 1.5 GiB

} // namespace thalweg::runtime
