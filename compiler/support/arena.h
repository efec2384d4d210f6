// Arena: owns the nodes of one tree and frees them together; pointers into it stay valid until
// then.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace thalweg {

class Arena {
public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    // Reverse order, as locals are; the list is flat, so deep trees cost no stack.
    for (auto it = owned_.rbegin(); it != owned_.rend(); ++it)
      it->destroy(it->object);
  }

  template <typename T, typename... Args> T* make(Args&&... args) {
    T* object = new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
    if constexpr (!std::is_trivially_destructible_v<T>)
      owned_.push_back({object, [](void* p) { static_cast<T*>(p)->~T(); }});
    return object;
  }

private:
  static constexpr size_t kBlockSize = 64 * 1024;

  struct Owned {
    void* object;
    void (*destroy)(void*);
  };

  void* allocate(size_t size, size_t align) {
    size_t start = (used_ + align - 1) / align * align;
    if (blocks_.empty() || start + size > capacity_) {
      capacity_ = size > kBlockSize ? size : kBlockSize;
      blocks_.push_back(std::make_unique<std::byte[]>(capacity_));
      start = 0;
    }
    used_ = start + size;
    return blocks_.back().get() + start;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::vector<Owned> owned_;
  size_t used_ = 0;
  size_t capacity_ = 0;
};

} // namespace thalweg
