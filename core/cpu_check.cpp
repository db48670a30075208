// Compiled for the oldest x86-64, and so without any header whose inline functions the linker could
// share with code that is not.
#include "core/cpu_check.h"

#include <string.h>
#include <unistd.h>

namespace fovea::detail {

extern const bool cpu_checked = true;

#if defined(__x86_64__)

namespace {

void say(const char* text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;  // nobody listens
}

const char* missing_instructions() {
#define FOVEA_CHECK(feature, name) \
  if (cpu_needs.feature && !__builtin_cpu_supports(#feature)) return name;
  FOVEA_CHECK(popcnt, "POPCNT")
  if (cpu_needs.sse4_2 && !__builtin_cpu_supports("sse4.2")) return "SSE4.2";
  FOVEA_CHECK(avx, "AVX")
  FOVEA_CHECK(avx2, "AVX2")
  FOVEA_CHECK(fma, "FMA")
  FOVEA_CHECK(bmi, "BMI")
  FOVEA_CHECK(bmi2, "BMI2")
  FOVEA_CHECK(avx512f, "AVX-512F")
  FOVEA_CHECK(avx512bw, "AVX-512BW")
  FOVEA_CHECK(avx512dq, "AVX-512DQ")
  FOVEA_CHECK(avx512vl, "AVX-512VL")
  FOVEA_CHECK(avx512vbmi, "AVX-512VBMI")
  FOVEA_CHECK(avx512vbmi2, "AVX-512VBMI2")
  FOVEA_CHECK(avx512ifma, "AVX-512IFMA")
  FOVEA_CHECK(avx512bitalg, "AVX-512BITALG")
#undef FOVEA_CHECK
  return nullptr;
}

// Before all that is initialised without a priority.
[[gnu::constructor(101)]] void check_cpu() {
  __builtin_cpu_init();
  const char* const missing = missing_instructions();
  if (!missing) return;
  say("fovea: built for a CPU with ");
  say(missing);
  say(", which this one lacks; build it here, or with ARCH=x86-64-v3 (AVX2) or ARCH=x86-64-v2\n");
  _exit(1);
}

}  // namespace

#endif

}  // namespace fovea::detail
