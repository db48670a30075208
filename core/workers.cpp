#include "core/workers.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/cpu_quota.h"
#include "core/error.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace fovea {

namespace {

void pause_cpu() {
#if defined(__SSE2__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");  // waits a little; `yield` does nothing on most CPUs
#endif
}

// The thread's floating-point control register, and the bits in it that flush denormals to zero, as
// operands and as results.
#if defined(__SSE2__)
constexpr std::uint64_t flush_bits = 0x8040;  // FTZ, DAZ
std::uint64_t float_control() {
  return _mm_getcsr();
}
void set_float_control(std::uint64_t value) {
  _mm_setcsr(static_cast<unsigned>(value));
}
#elif defined(__aarch64__)
constexpr std::uint64_t flush_bits = std::uint64_t{1} << 24;  // FZ
std::uint64_t float_control() {
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void set_float_control(std::uint64_t value) {
  asm volatile("msr fpcr, %0" : : "r"(value));
}
#else
constexpr std::uint64_t flush_bits = 0;
std::uint64_t float_control() {
  return 0;
}
void set_float_control(std::uint64_t) {}
#endif

// Flushes denormals to zero while it lives.
class FlushDenormals {
 public:
  FlushDenormals() : before_(float_control()) { set_float_control(before_ | flush_bits); }
  ~FlushDenormals() { set_float_control(before_); }

 private:
  std::uint64_t before_;
};

// How long a thread spins before it sleeps. Waking a sleeper costs about this much, and a core that
// somebody else needs must not be burnt for longer.
constexpr auto spin_time = std::chrono::microseconds(40);

// Runs over which helpers must have made the caller faster, and runs that it does alone if not.
constexpr int trial_runs = 16, shortest_rest = 8, longest_rest = 256;

template <class Condition>
bool spin_until(Condition done) {
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause_cpu();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

class Pool {
 public:
  ~Pool() { resize(1); }

  int size() const { return static_cast<int>(helpers_.size()) + 1; }

  void resize(int count) {
    stop_ = true;
    ++round_;
    round_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
    helpers_.clear();
    trial_ = {}, resting_runs_ = 0, rest_ = shortest_rest;  // what was learnt of other helpers
    stop_ = false;
    for (int i = 1; i < count; ++i)
      helpers_.emplace_back([this, seen = round_.load()] { help(seen); });
  }

  void run(int count, FunctionRef<void(int)> task) {
    const FlushDenormals flush;
    std::unique_lock one_at_a_time(mutex_, std::defer_lock);
    bool alone = count <= 1 || helpers_.empty();
    if (!alone) {
      one_at_a_time.lock();
      alone = resting_runs_ > 0;
      resting_runs_ -= alone;
    }
    if (alone) {
      for (int i = 0; i < count; ++i) task(i);
      return;
    }
    task_ = &task;
    count_ = count;
    error_index_ = count;
    busy_ = static_cast<int>(helpers_.size());
    next_ = 0;
    ++round_;
    round_.notify_all();
    const auto begin = std::chrono::steady_clock::now();
    const int done = work();
    const auto worked = std::chrono::steady_clock::now();
    if (!spin_until([&] { return busy_ == 0; }))
      for (int left = busy_; left != 0; left = busy_) busy_.wait(left);
    judge_helpers(std::chrono::steady_clock::now() - begin,
                  (worked - begin) * count / std::max(done, 1));
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  using Duration = std::chrono::steady_clock::duration;

  // Recent runs, about 64 of them: one that was late must not outweigh what the others gained.
  struct Trial {
    Duration together{};  // what they took
    Duration alone{};     // what they would have taken, from the share that the caller did
    int runs = 0;
  };

  // A helper whose core somebody else uses can hold a task for a whole time slice, while the caller
  // waits. Where it would be faster alone, it is for a while: a short one, because most cores are
  // soon free again, and twice as long each time that it was not enough. Which thread runs a task
  // changes no result.
  void judge_helpers(Duration together, Duration alone) {
    trial_.together += together - trial_.together / 64;
    trial_.alone += alone - trial_.alone / 64;
    if (++trial_.runs < trial_runs) return;
    if (trial_.together < trial_.alone) {
      if (trial_.runs > 4 * trial_runs) rest_ = shortest_rest;
      return;
    }
    trial_ = {};
    resting_runs_ = rest_;
    rest_ = std::min(2 * rest_, longest_rest);
  }

  void help(unsigned seen) {
    const FlushDenormals flush;
    for (;;) {
      if (!spin_until([&] { return round_ != seen; })) round_.wait(seen);
      if (round_ == seen) continue;
      seen = round_;
      if (stop_) return;
      work();
      if (--busy_ == 0) busy_.notify_one();
    }
  }

  // Returns how many tasks this thread did.
  int work() {
    int done = 0;
    for (int i = next_++; i < count_; i = next_++, ++done) {
      try {
        (*task_)(i);
      } catch (...) {
        const std::lock_guard lock(error_mutex_);
        if (i < error_index_) error_index_ = i, error_ = std::current_exception();
      }
    }
    return done;
  }

  std::vector<std::thread> helpers_;
  std::mutex mutex_;
  const FunctionRef<void(int)>* task_ = nullptr;
  int count_ = 0;
  std::atomic<bool> stop_{false};
  // On cache lines of their own: the helpers spin on round_ and everybody claims from next_.
  alignas(64) std::atomic<unsigned> round_{0};
  alignas(64) std::atomic<int> next_{0};
  alignas(64) std::atomic<int> busy_{0};
  alignas(64) std::mutex error_mutex_;
  int error_index_ = 0;
  Trial trial_;
  int resting_runs_ = 0, rest_ = shortest_rest;
  std::exception_ptr error_;
};

Pool& pool() {
  static Pool pool;
  static const bool started = (pool.resize(available_cpus()), true);
  static_cast<void>(started);
  return pool;
}

}  // namespace

int available_cpus() {
  int count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) count = CPU_COUNT(&set);
  static const int quota = detail::cpu_quota();
  if (quota > 0) count = std::min(count, quota);
#endif
  return count;
}

void set_threads(int count) {
  require(count >= 0 && count <= 256, "threads: takes 1 to 256 (0: one for each CPU), got ", count);
  pool().resize(count ? count : available_cpus());
}

int threads() {
  return pool().size();
}

void run_tasks(int count, FunctionRef<void(int)> task) {
  pool().run(count, task);
}

}  // namespace fovea
