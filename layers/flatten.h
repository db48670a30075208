// Flatten: a sample's elements in one row.
#pragma once

#include "layers/module.h"

namespace fovea {

/// x under the shape [size]; no copy.
inline Tensor flatten(const Tensor& x) {
  return x.reshape({x.size()});
}

class Flatten : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return flatten(x); }
  std::string describe() const override;
};

}  // namespace fovea
