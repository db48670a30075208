#include "core/memory.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>

#include "core/cpu_check.h"
#include "core/empty_cache.h"
#include "core/lanes.h"

namespace fovea {

namespace {

// Every program that has tensors has the check too.
[[gnu::used]] const bool* const with_cpu_check = &detail::cpu_checked;

constexpr std::size_t alignment = 64;
// Clang aligns Lanes of double to 128 bytes.
constexpr std::size_t block_alignment = std::max(alignment, alignof(Lanes));
constexpr int class_count = 256;
std::atomic<long> system_blocks{0};

// AddressSanitizer must see every block's true end and life: no cache there.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)  // how clang says __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

// Blocks come in size classes: four to each power of two, so that at most a fifth is wasted.
int size_class(std::size_t bytes) {
  const std::size_t units = (bytes + alignment - 1) / alignment;
  if (units <= 4) return static_cast<int>(units);
  const int log2 = std::bit_width(units - 1) - 1;
  return 4 * log2 + static_cast<int>((units - 1) >> (log2 - 2)) - 7;
}

std::size_t class_bytes(int c) {
  if (c <= 4) return static_cast<std::size_t>(c < 1 ? 1 : c) * alignment;
  const int log2 = (c + 3) / 4;
  const std::size_t quarter = std::size_t{1} << (log2 - 2);
  return (static_cast<std::size_t>(c + 7 - 4 * log2) + 1) * quarter * alignment;
}

struct FreeBlock {
  FreeBlock* next;
};

struct Cache {
  FreeBlock* free[class_count] = {};
  bool alive = true;

  ~Cache() {
    alive = false;
    clear();
  }
  void clear() {
    for (FreeBlock*& head : free)
      while (head) std::free(std::exchange(head, head->next));
  }
};

thread_local Cache cache;

}  // namespace

void* cache_allocate(std::size_t bytes) {
  const int c = size_class(bytes);
  if (FreeBlock* head = cache.free[c]; caching && head) {
    cache.free[c] = head->next;
    return head;
  }
  system_blocks.fetch_add(1, std::memory_order_relaxed);
  const std::size_t wanted = caching ? class_bytes(c) : bytes;
  const std::size_t rounded = (wanted + block_alignment - 1) & -block_alignment;
  void* block = std::aligned_alloc(block_alignment, rounded ? rounded : block_alignment);
  if (!block) throw OutOfMemory(cat("out of memory: ", bytes, " bytes more were needed"));
  return block;
}

void cache_release(void* block, std::size_t bytes) noexcept {
  if (!caching || !cache.alive) return std::free(block);
  FreeBlock*& head = cache.free[size_class(bytes)];
  head = new (block) FreeBlock{head};
}

void empty_cache() {
  if (cache.alive) cache.clear();
}

long system_allocations() {
  return system_blocks.load(std::memory_order_relaxed);
}

}  // namespace fovea
