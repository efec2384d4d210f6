// Signal handling, see interrupt.h.
#include "loop/interrupt.h"

#include <array>
#include <atomic>
#include <csignal>
#include <string_view>
#include <sys/time.h>
#include <unistd.h>

namespace thalweg::runtime {

namespace {

constexpr std::array<int, 4> kStopping = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};

// Signal handlers can reach globals only; nothing else in the runtime is global.
std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);
std::array<struct sigaction, kStopping.size()> former_stop;
// Signals that would kill where a write should fail instead.
constexpr std::array<int, 2> kIgnored = {SIGPIPE, SIGXFSZ};
std::array<struct sigaction, kIgnored.size()> former_ignored;

// How long a step may go on after the first signal. One call of compiled code can take any time.
constexpr suseconds_t kGraceMicroseconds = 800'000;
struct sigaction former_alarm;

void set_alarm(suseconds_t microseconds) {
  const struct itimerval once{{0, 0}, {0, microseconds}};
  ::setitimer(ITIMER_REAL, &once, nullptr);
}

void on_signal(int signal) {
  int none = 0;
  // A second SIGINT or SIGTERM means: now. 128 + n is how shells name a death by signal n.
  if (first_signal.compare_exchange_strong(none, signal))
    set_alarm(kGraceMicroseconds);
  else if (signal == SIGINT || signal == SIGTERM)
    ::_exit(128 + signal);
}

// What was recorded is in its files; the step does not end in time to add to it.
void on_alarm(int) {
  constexpr std::string_view kText =
      "error[run-failed]: interrupted within a step that did not end\n";
  (void)!::write(2, kText.data(), kText.size());
  ::_exit(128 + first_signal.load());
}

} // namespace

InterruptGuard::InterruptGuard() {
  first_signal = 0;
  for (size_t i = 0; i < kStopping.size(); ++i) {
    struct sigaction action{};
    action.sa_handler = on_signal;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(kStopping[i], nullptr, &former_stop[i]);
    // nohup and background shells start us with a signal ignored: that stays.
    if (former_stop[i].sa_handler != SIG_IGN) ::sigaction(kStopping[i], &action, nullptr);
  }
  struct sigaction alarm{};
  alarm.sa_handler = on_alarm;
  ::sigemptyset(&alarm.sa_mask);
  ::sigaction(SIGALRM, &alarm, &former_alarm);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  for (size_t i = 0; i < kIgnored.size(); ++i)
    ::sigaction(kIgnored[i], &ignore, &former_ignored[i]);
}

InterruptGuard::~InterruptGuard() {
  set_alarm(0);
  ::sigaction(SIGALRM, &former_alarm, nullptr);
  for (size_t i = 0; i < kStopping.size(); ++i)
    ::sigaction(kStopping[i], &former_stop[i], nullptr);
  for (size_t i = 0; i < kIgnored.size(); ++i)
    ::sigaction(kIgnored[i], &former_ignored[i], nullptr);
}

bool interrupted() {
  if (first_signal.load(std::memory_order_relaxed) == 0) return false;
  set_alarm(0); // the run knows, and ends by itself
  return true;
}
int interrupt_signal() { return first_signal.load(); }
void clear_interrupt() { first_signal = 0; }

} // namespace thalweg::runtime
