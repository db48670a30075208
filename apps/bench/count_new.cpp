// Counts calls of operator new, in this program only: a training step must make none.
#include <atomic>
#include <cstdlib>
#include <new>

#include "apps/bench/bench.h"

namespace {

std::atomic<long> calls = 0;

void* allocate(std::size_t bytes, std::size_t alignment) {
  calls.fetch_add(1, std::memory_order_relaxed);
  bytes = (bytes + alignment - 1) / alignment * alignment;  // as aligned_alloc wants it
  void* block = std::aligned_alloc(alignment, bytes ? bytes : alignment);
  if (!block) throw std::bad_alloc();
  return block;
}

}  // namespace

long fovea::bench::new_calls() {
  return calls.load(std::memory_order_relaxed);
}

void* operator new(std::size_t bytes) {
  return allocate(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}
