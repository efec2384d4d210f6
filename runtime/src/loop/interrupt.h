// Signals: a run ends cleanly on the first SIGINT, SIGTERM, SIGHUP or SIGXCPU, at once on the
// second, or when the step at hand does not end within a second.
#pragma once

namespace thalweg::runtime {

// While it lives, those signals set a flag instead of ending the process, and SIGPIPE is ignored,
// so that a closed pipe is a write error. The former handling comes back at the end. One at a time.
class InterruptGuard {
public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

// Whoever asks and hears yes ends the run: no more time limit is set.
bool interrupted();
int interrupt_signal(); // the first signal that came; 0 when none did
void clear_interrupt();

} // namespace thalweg::runtime
