// What this program is and how it was built.
#pragma once

#include <string>

#include "core/version.h"

namespace fovea {

std::string compiler_description();  ///< "GCC 12.2.0"
std::string target_description();    ///< "AVX-512, float", what the compiler was told to use
std::string flags_description();     ///< the compiler options of the library: "-O3 -march=native"

/// "2 threads on 2 CPUs, OpenBLAS 0.3.21, SkylakeX kernels, GCC 12.2.0 (AVX-512, float, -O3
/// -march=native)"
std::string machine_line();

/// What to type to go on with the run in `folder`: "build/mnist_stn train --resume runs/first"; for
/// another program its own name, as it was called, since that resumes by itself.
std::string resume_command(const std::string& folder);

}  // namespace fovea
