// The operations that bench times and tests/apps/test_bench_cases.cpp checks: one list for both.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace fovea::bench {

/// An operation of one input and parameters, as a network calls it.
struct Case {
  std::string name;
  double multiply_adds;  ///< a sample's forward pass; 0: not counted
  Tensor x;              ///< per sample
  std::vector<Tensor> parameters;
  std::function<Tensor(const Tensor& x)> run;
  bool input_grad = true;  ///< somebody wants it

  /// For those who build the same elsewhere (compare.py): PyTorch's name of the operation and its
  /// sizes; empty where there is no such thing.
  std::string operation = {};
  std::vector<std::pair<std::string, int>> sizes = {};
};

/// The layers of the tutorial's network, as it runs them on an image of 28x28.
std::vector<Case> layer_cases();
/// Single operations of typical sizes.
std::vector<Case> operation_cases();

}  // namespace fovea::bench
