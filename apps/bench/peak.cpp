// The speed of this machine: how many multiply-adds its registers can do.
#include <atomic>
#include <thread>

#include "apps/bench/timing.h"
#include "core/native.h"

namespace fovea::bench {

namespace {

// Hides from the compiler what a register holds, so that it can neither compute the loop ahead nor
// drop it. "v" is any of the 32 registers of AVX-512, "x" any of the 16 of other x86, "w" of NEON.
void launder(Native& value) {
#if defined(__AVX512F__)
  asm volatile("" : "+v"(value));
#elif defined(__SSE2__)
  asm volatile("" : "+x"(value));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+m"(value));
#endif
}

// Independent sums: two units of four cycles' latency need eight, and all must fit the registers
// beside the two factors (28 of 32, 12 of 16).
constexpr int sums = register_count - 4;

// Returns the floating-point operations done.
[[gnu::noinline]] double multiply_add(long rounds) {
  Native x = Native{} + Real(0.999), y = Native{} + Real(0.001);
  launder(x);
  launder(y);
  Native a[sums];
#pragma GCC unroll 32
  for (int i = 0; i < sums; ++i) {
    a[i] = Native{} + static_cast<Real>(i);
    launder(a[i]);
  }
  for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (int i = 0; i < sums; ++i) a[i] = a[i] * x + y;
  }
#pragma GCC unroll 32
  for (int i = 0; i < sums; ++i) launder(a[i]);
  return 2.0 * native_width * sums * static_cast<double>(rounds);
}

}  // namespace

double peak_gflops(int threads, const Effort& effort) {
  multiply_add(1'000'000);  // the clock needs a moment to settle
  const double start = now();
  multiply_add(100'000);
  // Slices of 2 ms, the best of each thread: another program may take a core at any time.
  const long rounds = static_cast<long>(1e5 * std::max(1.0, 2e-3 / (now() - start)));
  const double seconds = effort.seconds * effort.repeats;
  std::atomic<int> ready = 0;
  std::vector<double> best(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      ++ready;
      while (ready < threads) std::this_thread::yield();
      for (const double end = now() + seconds; now() < end;) {
        const double begin = now();
        const double flop = multiply_add(rounds);
        best[t] = std::max(best[t], flop / (now() - begin));
      }
    });
  double sum = 0;
  for (int t = 0; t < threads; ++t) {
    workers[t].join();
    sum += best[t];
  }
  return sum / 1e9;
}

}  // namespace fovea::bench
