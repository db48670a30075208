// A module made of a function.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "layers/module.h"

namespace fovea::testing {

class Function : public Module {
 public:
  explicit Function(std::function<Tensor(const Tensor&)> f) : f_(std::move(f)) { eval(); }
  Tensor forward(const Tensor& x) const override { return f_(x); }
  std::string describe() const override { return "Function"; }

 private:
  std::function<Tensor(const Tensor&)> f_;
};

}  // namespace fovea::testing
