#include "core/per_step.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace fovea {

namespace {

thread_local std::uint64_t current_step = 0;  // 0: none

// Entries that so many steps did not ask for belong to a network that is gone, or rests.
constexpr std::uint64_t steps_kept = 256;

struct Entry {
  std::uint64_t leaf;
  std::uint64_t kind, step;
  bool ready;
  std::shared_ptr<Buffer<Real>> values;
};

struct Table {
  std::mutex mutex;
  std::condition_variable made;
  std::vector<Entry> entries;
  std::atomic<std::uint64_t> steps{0};

  Entry* find(std::uint64_t leaf, std::uint64_t kind) {
    for (Entry& entry : entries)
      if (entry.leaf == leaf && entry.kind == kind) return &entry;
    return nullptr;
  }
};

Table& table() {
  static auto* all = new Table;  // never destroyed: workers may outlive statics
  return *all;
}

std::shared_ptr<Buffer<Real>> make_values(std::size_t count) {
  return std::allocate_shared<Buffer<Real>>(CacheAllocator<Buffer<Real>>(), count);
}

}  // namespace

SharedValues once_a_step(std::uint64_t leaf, std::uint64_t kind, std::size_t count,
                         FunctionRef<void(Real*)> fill) {
  if (current_step == 0 || leaf == 0) {
    auto values = make_values(count);
    fill(values->data());
    return values;
  }
  Table& t = table();
  std::unique_lock lock(t.mutex);
  Entry* entry = t.find(leaf, kind);
  if (entry && entry->step == current_step) {
    t.made.wait(lock, [&] {
      entry = t.find(leaf, kind);  // entries may have moved
      return !entry || entry->ready;
    });
    if (entry) return entry->values;
  }
  if (!entry) entry = &t.entries.emplace_back(Entry{leaf, kind, 0, false, nullptr});
  entry->step = current_step;
  entry->ready = false;
  // The memory of the step before serves again, unless somebody still holds it.
  std::shared_ptr<Buffer<Real>> values = std::exchange(entry->values, nullptr);
  lock.unlock();
  try {
    if (!values || values->size() != count || values.use_count() > 1) values = make_values(count);
    fill(values->data());
  } catch (...) {  // of memory, too: who waits here must make them itself
    lock.lock();
    std::erase_if(t.entries, [&](const Entry& e) { return e.leaf == leaf && e.kind == kind; });
    t.made.notify_all();
    throw;
  }
  lock.lock();
  if ((entry = t.find(leaf, kind))) entry->values = values, entry->ready = true;
  t.made.notify_all();
  return values;
}

StepScope::StepScope() : number_(++table().steps) {
  Table& t = table();
  const std::lock_guard lock(t.mutex);
  std::erase_if(t.entries, [&](const Entry& e) { return e.step + steps_kept < number_; });
}

InStep::InStep(const StepScope& step) : before_(std::exchange(current_step, step.number())) {}

InStep::~InStep() {
  current_step = before_;
}

}  // namespace fovea
