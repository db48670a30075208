// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace fovea {

/// `value` with `decimals` digits after the point: fixed(2.5, 2) is "2.50", and never "-0".
std::string fixed(double value, int decimals);

/// A whole number with thousands separated: "60,000".
std::string grouped(std::int64_t value);

/// A length of time as a clock shows it, "1:02:03" or "2:03".
std::string duration_text(double seconds);

}  // namespace fovea
