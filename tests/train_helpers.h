// Little training runs for tests.
#pragma once

#include <set>

#include "apps/train/options.h"
#include "apps/train/train.h"
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

inline int run(const TrainOptions& options, const std::set<std::string>& given = {}) {
  return train(options, {.given = given, .command = "test"});
}

// Not compared inside of CHECK, which would print both.
inline bool same_file(const std::string& a, const std::string& b) {
  return bytes_of_file(a) == bytes_of_file(b);
}

}  // namespace fovea::testing
