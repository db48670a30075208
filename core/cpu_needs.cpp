// What the compiler may use in the library: all of it but cpu_check.cpp has the same options.
#include "core/cpu_check.h"

namespace fovea::detail {

// A macro that the compiler defines is 1; of another the name itself remains.
#define FOVEA_TEXT(macro) #macro
#define FOVEA_IS_SET(macro) (FOVEA_TEXT(macro)[0] == '1')

constinit const CpuNeeds cpu_needs = {
    .sse4_2 = FOVEA_IS_SET(__SSE4_2__),
    .popcnt = FOVEA_IS_SET(__POPCNT__),
    .avx = FOVEA_IS_SET(__AVX__),
    .fma = FOVEA_IS_SET(__FMA__),
    .bmi = FOVEA_IS_SET(__BMI__),
    .bmi2 = FOVEA_IS_SET(__BMI2__),
    .avx2 = FOVEA_IS_SET(__AVX2__),
    .avx512f = FOVEA_IS_SET(__AVX512F__),
    .avx512bw = FOVEA_IS_SET(__AVX512BW__),
    .avx512dq = FOVEA_IS_SET(__AVX512DQ__),
    .avx512vl = FOVEA_IS_SET(__AVX512VL__),
    .avx512vbmi = FOVEA_IS_SET(__AVX512VBMI__),
    .avx512vbmi2 = FOVEA_IS_SET(__AVX512VBMI2__),
    .avx512ifma = FOVEA_IS_SET(__AVX512IFMA__),
    .avx512bitalg = FOVEA_IS_SET(__AVX512BITALG__),
};

}  // namespace fovea::detail
