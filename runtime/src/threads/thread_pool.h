// The threads that compiled functions share their rounds among (tw_call.parallel).
#pragma once

#include "thalweg/abi.h"

#include <memory>

namespace thalweg::runtime {

class ThreadPool {
public:
  // As many threads as this process may use if `threads` is 0. They start with the first work.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }
  // Fills the fields of a call: nothing if there is one thread.
  void lend(tw_call& call);

private:
  struct Arena;
  static int32_t run(void* pool, int64_t count, tw_rounds rounds, void* frame);
  int threads_;
  std::unique_ptr<Arena> arena_;
};

} // namespace thalweg::runtime
