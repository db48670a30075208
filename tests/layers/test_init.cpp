#include <cmath>

#include "layers/init.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

struct Moments {
  double low = 1e9, high = -1e9, mean = 0, variance = 0;
};

Moments moments(const Tensor& t) {
  Moments m;
  for (Real value : t.values()) {
    const auto v = static_cast<double>(value);
    m.low = std::min(m.low, v), m.high = std::max(m.high, v);
    m.mean += v / t.size(), m.variance += v * v / t.size();
  }
  m.variance -= m.mean * m.mean;
  return m;
}

// Uniform on [-bound, bound): fills it, and has its variance.
void check_uniform(const Tensor& t, double bound) {
  const Moments m = moments(t);
  CAPTURE(bound);
  CHECK(m.low >= -bound);
  CHECK(m.high <= bound);
  CHECK(m.low < -0.99 * bound);
  CHECK(m.high > 0.99 * bound);
  CHECK(m.mean == Approx(0).margin(0.03 * bound));
  CHECK(m.variance == Approx(bound * bound / 3).epsilon(0.05));
}

void check_normal(const Tensor& t, double stddev) {
  const Moments m = moments(t);
  CAPTURE(stddev);
  CHECK(m.mean == Approx(0).margin(0.05 * stddev));
  CHECK(m.variance == Approx(stddev * stddev).epsilon(0.06));
  CHECK(m.high > 3 * stddev);
}

}  // namespace

TEST_CASE("fans are counted as PyTorch does", "[init]") {
  const Fans linear = fans(Tensor::shared({50, 320}));
  CHECK(linear.in == 320);
  CHECK(linear.out == 50);
  const Fans convolution = fans(Tensor::shared({20, 10, 5, 3}));
  CHECK(convolution.in == 150);
  CHECK(convolution.out == 300);
  CHECK(message_of([] { fans(Tensor::shared({3})); }) ==
        "[init] A weight must be [out, in, ...], got shape [3]; fill_uniform() and fill_normal() "
        "take any");
}

TEST_CASE("the default initial values are PyTorch's", "[init]") {
  Random rng(1);
  const Tensor weight = Tensor::shared({40, 10, 5, 5}), bias = Tensor::shared({4000});
  init_default(weight, bias, rng);
  check_uniform(weight, 1 / std::sqrt(250.0));
  check_uniform(bias, 1 / std::sqrt(250.0));
  init_default(weight, Tensor(), rng);
}

TEST_CASE("the same seed gives the same initial values", "[init]") {
  const Tensor a = Tensor::shared({3, 4}), b = Tensor::shared({3, 4});
  Random rng_a(9), rng_b(9);
  init_default(a, {}, rng_a);
  init_default(b, {}, rng_b);
  for (int i = 0; i < 12; ++i) CHECK(a.data()[i] == b.data()[i]);
}

TEST_CASE("kaiming and xavier have their bounds and variances", "[init]") {
  Random rng(2);
  const Tensor w = Tensor::shared({100, 50, 2, 1});
  CHECK(leaky_relu_gain() == Approx(std::sqrt(2.0)));
  CHECK(leaky_relu_gain(std::sqrt(5.0)) == Approx(std::sqrt(1 / 3.0)));
  kaiming_uniform(w, rng);
  check_uniform(w, std::sqrt(6.0 / 100));
  kaiming_uniform(w, rng, 0.5, Fan::out);
  check_uniform(w, std::sqrt(2 / 1.25) * std::sqrt(3.0 / 200));
  kaiming_normal(w, rng);
  check_normal(w, std::sqrt(2.0 / 100));
  kaiming_normal(w, rng, 0, Fan::out);
  check_normal(w, std::sqrt(2.0 / 200));
  xavier_uniform(w, rng, 2);
  check_uniform(w, 2 * std::sqrt(6.0 / 300));
  xavier_normal(w, rng);
  check_normal(w, std::sqrt(2.0 / 300));
}
