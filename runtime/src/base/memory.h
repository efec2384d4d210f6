// Memory of arrays; how much can be had without driving the machine into its swap or over a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace thalweg::runtime {

// The least of what the system calls available, what the control group still allows and what the
// limit on address space leaves. At least 0; a large number where nothing is known.
uint64_t available_memory();

// Zeroed memory for an array, at least 64-byte aligned, with room for a vector access past the last
// element; null if it can't be had. Goes back by std::free. A large one lies on large pages where
// the system has them: each array of a rule is a stream of its own, and with small pages a step
// waits for their translation (docs/performance.md).
void* array_memory(size_t bytes);

std::string byte_text(double bytes); // 1.5 GiB

} // namespace thalweg::runtime
