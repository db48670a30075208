#include "layers/init.h"

#include <cmath>

namespace fovea {

namespace {

double chosen(const Tensor& weight, Fan fan) {
  const Fans both = fans(weight);
  return fan == Fan::in ? both.in : both.out;
}

}  // namespace

Fans fans(const Tensor& weight) {
  const Shape& shape = weight.shape();
  require(shape.rank() >= 2 && shape.size() > 0,
          "[init] A weight must be [out, in, ...], got shape ", shape,
          "; fill_uniform() and fill_normal() take any");
  const int window = shape.size() / shape[0] / shape[1];
  return {.in = 1.0 * shape[1] * window, .out = 1.0 * shape[0] * window};
}

double leaky_relu_gain(double slope) {
  return std::sqrt(2 / (1 + slope * slope));
}

void fill_uniform(const Tensor& values, Random& rng, double low, double high) {
  for (Real& value : values.values()) value = static_cast<Real>(rng.uniform(low, high));
}

void fill_normal(const Tensor& values, Random& rng, double mean, double stddev) {
  for (Real& value : values.values()) value = static_cast<Real>(rng.normal(mean, stddev));
}

void init_default(const Tensor& weight, const Tensor& bias, Random& rng) {
  kaiming_uniform(weight, rng, std::sqrt(5.0));
  if (!bias) return;
  const double bound = 1 / std::sqrt(fans(weight).in);
  fill_uniform(bias, rng, -bound, bound);
}

void kaiming_uniform(const Tensor& weight, Random& rng, double slope, Fan fan) {
  const double bound = leaky_relu_gain(slope) * std::sqrt(3 / chosen(weight, fan));
  fill_uniform(weight, rng, -bound, bound);
}

void kaiming_normal(const Tensor& weight, Random& rng, double slope, Fan fan) {
  fill_normal(weight, rng, 0, leaky_relu_gain(slope) / std::sqrt(chosen(weight, fan)));
}

void xavier_uniform(const Tensor& weight, Random& rng, double gain) {
  const Fans both = fans(weight);
  const double bound = gain * std::sqrt(6 / (both.in + both.out));
  fill_uniform(weight, rng, -bound, bound);
}

void xavier_normal(const Tensor& weight, Random& rng, double gain) {
  const Fans both = fans(weight);
  fill_normal(weight, rng, 0, gain * std::sqrt(2 / (both.in + both.out)));
}

}  // namespace fovea
