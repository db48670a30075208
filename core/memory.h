// A cache of memory blocks for each thread: a training step allocates nothing from the system once
// the first steps have filled it.
#pragma once

#include <cstddef>
#include <utility>

#include "core/error.h"

namespace fovea {

/// The system has no memory. A class of its own, because a program knows what would need less.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

/// A 64-byte aligned block of at least `bytes` bytes, uninitialised. Throws OutOfMemory. Reuses
/// what this thread released, most recent (warm) first.
void* cache_allocate(std::size_t bytes);

/// Gives a block of cache_allocate(bytes) back to the cache of the calling thread.
void cache_release(void* block, std::size_t bytes) noexcept;

/// Blocks taken from the system so far, by all threads. Constant over a step in the steady state.
long system_allocations();

/// For std::allocate_shared and containers.
template <class T>
struct CacheAllocator {
  using value_type = T;
  CacheAllocator() = default;
  template <class U>
  CacheAllocator(const CacheAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(cache_allocate(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) noexcept { cache_release(p, n * sizeof(T)); }
  template <class U>
  bool operator==(const CacheAllocator<U>&) const {
    return true;
  }
};

/// An owned block of T without initialisation; moves, does not copy.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : data_(static_cast<T*>(cache_allocate(size * sizeof(T)))), size_(size) {}
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() {
    if (data_) cache_release(data_, size_ * sizeof(T));
  }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fovea
