// One way of convolving while it lives, whatever the costs say.
#pragma once

#include "layers/kernels/conv_choice.h"

namespace fovea::testing {

class UseConv {
 public:
  explicit UseConv(ConvWay way) : before_(set_conv_way(way)) {}
  ~UseConv() { set_conv_way(before_); }
  UseConv(const UseConv&) = delete;
  UseConv& operator=(const UseConv&) = delete;

 private:
  ConvWay before_;
};

}  // namespace fovea::testing
