// Modules one after the other, some of them as one operation.
#pragma once

#include <span>
#include <vector>

#include "layers/module.h"

namespace fovea {

/// Runs modules that somebody else owns and registers, in order. Each is asked once, as the chain
/// is built, whether it runs together with those behind it (Module::fuse); while somebody looks at
/// single modules (modules_observed) each runs by itself, with the same values.
class Chain {
 public:
  Chain() = default;
  Chain(std::initializer_list<const Module*> modules);

  /// `module` must outlive the chain.
  void append(const Module& module);

  Tensor operator()(const Tensor& x) const;

  std::span<const Module* const> modules() const { return modules_; }

 private:
  struct Link {
    const Module* module;
    Fused fused;
  };
  void plan();

  std::vector<const Module*> modules_;
  std::vector<Link> links_;
};

}  // namespace fovea
