// Rounds on oneTBB's scheduler, which also serves calls from inside of rounds (see thread_pool.h).
#include "threads/thread_pool.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <limits>
#include <mutex>
#include <optional>

namespace thalweg::runtime {

struct ThreadPool::Arena {
  explicit Arena(int threads) : arena(threads) {
    if (threads > tbb::info::default_concurrency())
      more.emplace(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads));
  }
  // Where more threads than cores are asked for. Without need there is none: the least of all that
  // exist would hold for every pool of the process.
  std::optional<tbb::global_control> more;
  tbb::task_arena arena;
};

ThreadPool::ThreadPool(int threads)
    : threads_(threads > 0 ? threads : tbb::info::default_concurrency()),
      arena_(std::make_unique<Arena>(threads_)) {}

ThreadPool::~ThreadPool() = default;

void ThreadPool::lend(tw_call& call) {
  call.parallel = threads_ > 1 ? &ThreadPool::run : nullptr;
  call.parallel_context = this;
}

int32_t ThreadPool::run(void* pool, int64_t count, tw_rounds rounds, void* frame) {
  std::mutex mutex;
  int64_t first_failed = std::numeric_limits<int64_t>::max();
  int32_t status = TW_OK;
  static_cast<ThreadPool*>(pool)->arena_->arena.execute([&] {
    tbb::parallel_for(tbb::blocked_range<int64_t>(0, count),
                      [&](const tbb::blocked_range<int64_t>& range) {
                        int32_t own = rounds(frame, range.begin(), range.end());
                        if (own == TW_OK) return;
                        std::lock_guard lock(mutex);
                        if (range.begin() >= first_failed) return;
                        first_failed = range.begin();
                        status = own;
                      });
  });
  return status;
}

} // namespace thalweg::runtime
