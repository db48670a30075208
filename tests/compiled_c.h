// Exported C as its users have it: through the system's compiler.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <span>

#include "apps/c_code/export.h"
#include "tests/program.h"

namespace fovea::testing {

inline constexpr const char* c_compiler = "cc -std=c99 -Wall -Wextra -Werror -pedantic -O1";

/// Whether there is one; if not, says that a test is left out.
inline bool has_compiler() {
  static const bool has = std::system("command -v cc >/dev/null") == 0;
  if (!has) WARN("there is no cc, so exported C is not compiled");
  return has;
}

/// A model as C, compiled and loaded.
class Compiled {
 public:
  explicit Compiled(const Model& model, const CExportOptions& options = {}) {
    export_c(dir_.file("net.c"), model, options);
    const ProgramOutcome made =
        run_shell(dir_, cat(c_compiler, " -shared -fPIC net.c -o net.so -lm"));
    INFO(made.err);
    REQUIRE(made.code == 0);
    library_ = dlopen(dir_.file("net.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library_);
    predict_ = reinterpret_cast<Predict*>(dlsym(library_, "fovea_predict"));
    REQUIRE(predict_);
  }
  ~Compiled() {
    if (library_) dlclose(library_);
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  std::vector<float> operator()(std::span<const std::uint8_t> pixels, int classes) const {
    const std::vector<float> in(pixels.begin(), pixels.end());
    std::vector<float> out(static_cast<std::size_t>(classes));
    predict_(in.data(), out.data());
    return out;
  }

 private:
  using Predict = void(const float*, float*);
  TempDir dir_;
  void* library_ = nullptr;
  Predict* predict_ = nullptr;
};

}  // namespace fovea::testing
