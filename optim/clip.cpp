#include "optim/clip.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace fovea {

namespace {

// Eight at a time: GCC 12 converts all sixteen lanes at half the speed.
using Eight = Real __attribute__((vector_size(8 * sizeof(Real))));
using EightDoubles = double __attribute__((vector_size(8 * sizeof(double))));

double sum_of_squares(const Real* values, std::size_t count) {
  EightDoubles even{}, odd{};
  const std::size_t whole = count / 16 * 16;
  for (std::size_t i = 0; i < whole; i += 16) {  // tensors are 64-byte aligned
    const auto* block = reinterpret_cast<const Eight*>(values + i);
    const EightDoubles a = __builtin_convertvector(block[0], EightDoubles);
    const EightDoubles b = __builtin_convertvector(block[1], EightDoubles);
    even += a * a;
    odd += b * b;
  }
  for (std::size_t i = whole; i < count; ++i) {
    const double value = values[i];
    even[i % 8] += value * value;
  }
  even += odd;
  for (int width = 4; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) even[lane] += even[lane + width];
  return even[0];
}

void scale(Real* __restrict values, std::size_t count, double factor) {
  // A factor too small for a Real would lose its digits. Half of it first: only huge values matter.
  if (factor < static_cast<double>(std::numeric_limits<Real>::min())) {
    scale(values, count, 0x1p-64);
    factor *= 0x1p64;
  }
  const Real times = static_cast<Real>(factor);
  for (std::size_t i = 0; i < count; ++i) values[i] *= times;
}

void clamp(Real* __restrict values, std::size_t count, Real limit) {
  for (std::size_t i = 0; i < count; ++i) {
    const Real value = values[i];
    values[i] = value < -limit ? -limit : value > limit ? limit : value;
  }
}

}  // namespace

double grad_norm(std::span<const Tensor> parameters) {
  double sum = 0;
  for (const Tensor& parameter : parameters)
    if (const Tensor grad = parameter.grad()) sum += sum_of_squares(grad.data(), grad.real_count());
  return std::sqrt(sum);
}

double clip_grad_norm(std::span<const Tensor> parameters, double max_norm) {
  require(max_norm >= 0, "[clip_grad_norm] max_norm must be zero or more, got ", max_norm);
  const double norm = grad_norm(parameters);
  const double factor = max_norm / (norm + 1e-6);
  if (!std::isfinite(norm) || factor >= 1) return norm;
  for (const Tensor& parameter : parameters)
    if (const Tensor grad = parameter.grad()) scale(grad.data(), grad.real_count(), factor);
  return norm;
}

void clip_grad_value(std::span<const Tensor> parameters, double limit) {
  require(limit >= 0, "[clip_grad_value] limit must be zero or more, got ", limit);
  for (const Tensor& parameter : parameters)
    if (const Tensor grad = parameter.grad())
      clamp(grad.data(), grad.real_count(), static_cast<Real>(limit));
}

}  // namespace fovea
