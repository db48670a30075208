#include "layers/conv_weights.h"

#include "core/autograd.h"
#include "layers/kernels/winograd.h"

namespace fovea {

ConvWeights::ConvWeights(const Tensor& weight)
    : weight_(weight.detach()), leaf_(weight.node() ? weight.node()->leaf_id() : 0) {}

SharedValues ConvWeights::winograd(const ConvGeometry& g, const WinogradForm& form,
                                   int group) const {
  const std::uint64_t kind =
      static_cast<std::uint64_t>(group) * 16 + static_cast<std::uint64_t>(form.outputs);
  const Real* w = data() + static_cast<long>(group) * g.out * g.taps();
  return once_a_step(leaf_, kind, static_cast<std::size_t>(winograd_weight_count(g, form)),
                     [&](Real* to) { winograd_weights(g, form, w, to); });
}

}  // namespace fovea
