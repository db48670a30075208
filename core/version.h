// The version, which every program tells with --version; `make install` and `make docs` read it
// here.
#pragma once

namespace fovea {

inline constexpr const char* version = "0.1.0";

}  // namespace fovea
