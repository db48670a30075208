// Dropout: random zeros while training, against co-adaptation (Srivastava et al. 2014).
#pragma once

#include "layers/module.h"

namespace fovea {

/// Each element of each sample becomes 0 with probability `p`, the others are divided by 1 - p.
/// A shared x gives a per-sample result. The draws come from LaneRandom (core/step.h): they do not
/// depend on threads. Returns x itself when p is 0. Throws unless 0 <= p <= 1.
Tensor dropout(const Tensor& x, Real p);

/// The same with one draw for each channel of x, [C, ...], as a whole (Tompson et al. 2015).
Tensor dropout2d(const Tensor& x, Real p);

/// dropout() in training mode, nothing in evaluation mode.
class Dropout : public Module {
 public:
  explicit Dropout(Real p = Real(0.5));
  Tensor forward(const Tensor& x) const override { return training() ? dropout(x, p_) : x; }
  std::string describe() const override;
  Real p() const { return p_; }

 private:
  Real p_;
};

/// dropout2d() in training mode, nothing in evaluation mode.
class Dropout2d : public Module {
 public:
  explicit Dropout2d(Real p = Real(0.5));
  Tensor forward(const Tensor& x) const override { return training() ? dropout2d(x, p_) : x; }
  std::string describe() const override;
  Real p() const { return p_; }

 private:
  Real p_;
};

}  // namespace fovea
