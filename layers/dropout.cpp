#include "layers/dropout.h"

#include <bit>

#include "core/step.h"
#include "layers/elementwise.h"

namespace fovea {

namespace {

void require_probability(const char* op, Real p) {
  require(p >= 0 && p <= 1, "[", op, "] The probability p must be in [0, 1], got ",
          static_cast<double>(p));
}

// 0 with probability p, else 1 / (1 - p); per sample.
Tensor random_mask(const Shape& shape, Real p) {
  Tensor mask = Tensor::per_sample(shape);
  const LaneRandom random;
  const Real kept = p < 1 ? 1 / (1 - p) : 0;
  const auto limit = static_cast<std::uint64_t>(static_cast<double>(p) * 0x1p32);
  if (limit > 0xFFFFFFFF) {  // p = 1
    mask.fill(0);
    return mask;
  }
  // The sign of a difference, not a comparison: see core/native.h. Half the numbers, so that it
  // cannot overflow.
  const auto half = static_cast<std::int32_t>(limit / 2);
  const auto kept_bits = std::bit_cast<LaneInts>(broadcast(kept));
  for (int i = 0; i < shape.size(); ++i) {
    using Signed = std::int32_t __attribute__((vector_size(sizeof(LaneBits))));
    const auto random_half = std::bit_cast<Signed>(random.bits(static_cast<std::uint32_t>(i)) >> 1);
    const LaneInts dropped = __builtin_convertvector((random_half - half) >> 31, LaneInts);
    mask[i] = std::bit_cast<Lanes>(kept_bits & ~dropped);
  }
  return mask;
}

Tensor apply(OpName op, const Tensor& x, Real p, const Shape& mask_shape) {
  const auto times = [](const Lanes& a, const Lanes& b) { return a * b; };
  return detail::binary(
      op, x, random_mask(mask_shape, p), times,
      [](const Lanes&, const Lanes& mask, const Lanes& dy) { return dy * mask; },
      [](const Lanes& a, const Lanes&, const Lanes& dy) { return dy * a; },
      [=] {
        return Attributes{{"p", p}};
      });
}

}  // namespace

Tensor dropout(const Tensor& x, Real p) {
  require_probability("dropout", p);
  return p == 0 ? x : apply("dropout", x, p, x.shape());
}

Tensor dropout2d(const Tensor& x, Real p) {
  require_probability("dropout2d", p);
  require(x.shape().rank() >= 1, "[dropout2d] The input must be [channels, ...], got shape ",
          x.shape());
  if (p == 0) return x;
  Shape mask = {x.shape()[0]};
  for (int d = 1; d < x.shape().rank(); ++d) mask.append(1);
  return apply("dropout2d", x, p, mask);
}

Dropout::Dropout(Real p) : p_(p) {
  require_probability("dropout", p);
}

std::string Dropout::describe() const {
  return cat("Dropout(p=", static_cast<double>(p_), ")");
}

Dropout2d::Dropout2d(Real p) : p_(p) {
  require_probability("dropout2d", p);
}

std::string Dropout2d::describe() const {
  return cat("Dropout2d(p=", static_cast<double>(p_), ")");
}

}  // namespace fovea
