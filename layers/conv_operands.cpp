#include "layers/conv_operands.h"

#include <algorithm>

#include "core/autograd.h"
#include "layers/kernels/winograd.h"

namespace fovea {

Tensor ConvInput::padded_zeros() const {
  const Shape& shape = plain_.shape();
  return Tensor::zeros({shape[0], shape[1] + 2 * padding_.h, shape[2] + 2 * padding_.w}, true);
}

const Tensor& ConvInput::padded() const {
  if (padding_ == Extent2(0)) return plain_;
  if (padded_) return padded_;
  padded_ = padded_zeros();
  const int channels = plain_.shape()[0], height = plain_.shape()[1], width = plain_.shape()[2];
  const int wide = width + 2 * padding_.w, high = height + 2 * padding_.h;
  for (int c = 0; c < channels; ++c)
    for (int row = 0; row < height; ++row)
      std::copy_n(plain_.lanes() + (c * height + row) * width, width,
                  padded_.lanes() + (c * high + row + padding_.h) * wide + padding_.w);
  return padded_;
}

void add_unpadded(const Tensor& from, Extent2 p, const Tensor& dx) {
  const int channels = dx.shape()[0], height = dx.shape()[1], width = dx.shape()[2];
  const int wide = width + 2 * p.w, high = height + 2 * p.h;
  for (int c = 0; c < channels; ++c)
    for (int row = 0; row < height; ++row) {
      const Lanes* source = from.lanes() + (c * high + row + p.h) * wide + p.w;
      Lanes* target = dx.lanes() + (c * height + row) * width;
      for (int i = 0; i < width; ++i) target[i] += source[i];
    }
}

ConvWeights::ConvWeights(const Tensor& weight)
    : weight_(weight.detach()), leaf_(weight.node() ? weight.node()->leaf_id() : 0) {}

SharedValues ConvWeights::winograd(const ConvGeometry& g, const WinogradForm& form,
                                   int group) const {
  const std::uint64_t kind =
      static_cast<std::uint64_t>(group) * 16 + static_cast<std::uint64_t>(form.outputs);
  return once_a_step(leaf_, kind, static_cast<std::size_t>(winograd_weight_count(g, form)),
                     [&](Real* to) { winograd_weights(g, form, of_group(g, group), to); });
}

}  // namespace fovea
