// The two 16-bit floating-point formats, converted to float exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace fovea {

/// The value of an IEEE 754 binary16, subnormals and infinities included; NaN keeps its payload.
inline float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 31;
  const std::uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0)  // zero or subnormal: mantissa * 2^-24, a normal float
    return std::bit_cast<float>(
        std::bit_cast<std::uint32_t>(static_cast<float>(mantissa) * 0x1p-24f) | sign);
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

/// The value of a bfloat16, which is the upper half of a float.
inline float float_from_bfloat16(std::uint16_t value) {
  return std::bit_cast<float>(std::uint32_t{value} << 16);
}

}  // namespace fovea
