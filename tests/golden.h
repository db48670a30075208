// Golden values: what PyTorch computes, written by the scripts in tests/golden/ (see cases.py).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/gradcheck.h"

namespace fovea::testing {

/// One call of an operation with its result, and the gradients for a given cotangent. PyTorch's
/// batch of sixteen samples is a per-sample tensor here.
struct GoldenCase {
  std::string name;
  std::string op;
  std::vector<Tensor> inputs;                             ///< undefined where the script has None
  std::map<std::string, std::vector<double>> attributes;  ///< stride, dim, ...: always lists
  Tensor output;
  Tensor cotangent;
  std::vector<Tensor> gradients;  ///< undefined where PyTorch computed none

  /// The only value of an attribute; throws if there is no such one.
  double attribute(const std::string& name) const;
  int integer(const std::string& name) const { return static_cast<int>(attribute(name)); }
};

/// The cases of tests/golden/<file> for this operation. Throws when there is none: a test that
/// compares nothing must not pass.
std::vector<GoldenCase> golden_cases(const std::string& file, const std::string& op);

/// Fails the running test where `function` of the inputs, or its gradients, differ from the golden
/// values by more than `tolerance` (relative above 1, absolute below).
#ifdef FOVEA_DOUBLE
inline constexpr double golden_tolerance = 1e-8;
#else
inline constexpr double golden_tolerance = 1e-5;
#endif
void check_golden(const GoldenCase& golden, const TensorFunction& function,
                  double tolerance = golden_tolerance);

/// golden_cases() and check_golden() in one, for every case of the operation.
void check_golden(const std::string& file, const std::string& op,
                  const std::function<Tensor(const GoldenCase&, std::span<const Tensor>)>& function,
                  double tolerance = golden_tolerance);

}  // namespace fovea::testing
