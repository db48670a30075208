// A few drawn digits, and untrained networks for them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/common/model.h"
#include "data/synthetic.h"

namespace fovea::testing {

/// 10 training and 40 test images of 28 x 28.
inline const DataSplit& digits() {
  static const DataSplit data = synthetic_digits({.train = 10, .test = 40});
  return data;
}

/// --model NAME, freshly initialised; statistics other than grey digits' are 0.5 and 0.25.
inline Model untrained(const std::string& name, const Shape& shape = {1, 28, 28},
                       std::vector<std::string> class_names = digits().test.class_names) {
  ModelInfo info;
  info.name = name;
  info.network = model_options(name, shape, static_cast<int>(class_names.size()));
  info.mean.resize(static_cast<std::size_t>(shape[0]), 0.5f);
  info.stddev.resize(static_cast<std::size_t>(shape[0]), 0.25f);
  info.class_names = std::move(class_names);
  return make_model(std::move(info), 1);
}

}  // namespace fovea::testing
