// A program built for another machine's CPU says so in one line, before its first vector
// instruction, where it would end with SIGILL.
#pragma once

namespace fovea::detail {

/// Vector instructions that the library was compiled to use (cpu_needs.cpp).
struct CpuNeeds {
  bool sse4_2, popcnt, avx, fma, bmi, bmi2, avx2, avx512f, avx512bw, avx512dq, avx512vl;
  bool avx512vbmi, avx512vbmi2, avx512ifma, avx512bitalg;
};
extern const CpuNeeds cpu_needs;

/// To be referred to, so that the linker takes the check along.
extern const bool cpu_checked;

}  // namespace fovea::detail
