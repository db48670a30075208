// Little training runs for tests.
#pragma once

#include "apps/train/options.h"
#include "tests/program.h"

namespace fovea::testing {

/// 400 drawn digits in `epochs` epochs of 13 steps.
inline TrainOptions little_run(const std::string& out, int epochs = 2) {
  TrainOptions o;
  o.data.synthetic = true;
  o.data.train_limit = 400;
  o.data.test_limit = 100;
  o.batch = 32;
  o.epochs = epochs;
  o.out = out;
  o.log_every = 5;
  o.quiet = true;
  return o;
}

}  // namespace fovea::testing
