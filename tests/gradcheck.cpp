#include "tests/gradcheck.h"

#include <numeric>

#include "core/random.h"
#include "tests/catch.h"

namespace fovea::testing {

void check_gradients(const std::string& op, const TensorFunction& function,
                     const std::vector<Tensor>& inputs, const GradCheckOptions& options) {
  const std::string error = gradient_error(op, function, inputs, options);
  INFO(error);
  CHECK(error.empty());
}

Tensor random_tensor(const Shape& shape, Kind kind, int seed, double low, double high) {
  Random rng(mix(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(shape.size())));
  Tensor t = kind == Kind::per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  for (Real& value : t.values()) value = static_cast<Real>(rng.uniform(low, high));
  return t;
}

Tensor random_nonzero(const Shape& shape, Kind kind, int seed) {
  return random_nonzero(shape, kind == Kind::per_sample, seed);
}

Tensor random_distinct(const Shape& shape, Kind kind, int seed) {
  Random rng(static_cast<std::uint64_t>(seed));
  Tensor t = kind == Kind::per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  std::vector<int> order(static_cast<std::size_t>(shape.size()));
  std::iota(order.begin(), order.end(), -shape.size() / 2);
  const int width = t.is_per_sample() ? lane_count : 1;
  for (int lane = 0; lane < width; ++lane) {
    rng.shuffle(std::span(order));
    for (int i = 0; i < shape.size(); ++i)
      t.data()[i * width + lane] = static_cast<Real>(0.05 * order[static_cast<std::size_t>(i)]);
  }
  return t;
}

}  // namespace fovea::testing
