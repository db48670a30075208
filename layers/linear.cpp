#include "layers/linear.h"

#include "core/autograd.h"
#include "layers/init.h"
#include "layers/kernels/linear_kernels.h"

namespace fovea {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  require(!weight.is_per_sample() && weight.shape().rank() == 2,
          "[linear] weight must be shared [out, in], got ", weight);
  const int out = weight.shape()[0], in = weight.shape()[1];
  require(x.is_per_sample() && x.size() == in, "[linear] input must be per-sample with ", in,
          " elements to match weight ", weight.shape(), ", got ", x);
  require(!bias || (!bias.is_per_sample() && bias.shape() == Shape{out}),
          "[linear] bias must be shared [", out, "], got ", bias);
  Tensor y = Tensor::per_sample({out});
  lanes_forward(out, in, weight.data(), bias ? bias.data() : nullptr, x.data(), y.data());
  return record("linear", y, {x, weight, bias},
                [x = x.detach(), w = weight.detach(), in, out](const Tensor& dy, GradSink& grad) {
                  bool fresh = false;
                  if (Tensor* dx = grad.wanted(0, &fresh))
                    lanes_input_grad(out, in, w.data(), dy.data(), dx->data(), !fresh);
                  if (Tensor* dw = grad.wanted(1, &fresh))
                    lanes_weight_grad(out, in, x.data(), dy.data(), dw->data(), !fresh);
                  if (Tensor* db = grad.wanted(2))
                    for (int o = 0; o < out; ++o) db->data()[o] += sum_lanes(dy[o]);
                });
}

Linear::Linear(const LinearOptions& options, Random& rng) : options_(options) {
  require(options.in > 0 && options.out > 0, "[linear] in and out must be positive, got ",
          options.in, " and ", options.out);
  weight_ = add_parameter("weight", Shape{options.out, options.in});
  if (options.bias) bias_ = add_parameter("bias", Shape{options.out});
  init_default(weight_, bias_, rng);
}

std::string Linear::describe() const {
  return cat("Linear(in_features=", options_.in, ", out_features=", options_.out,
             ", bias=", options_.bias ? "True" : "False", ")");
}

}  // namespace fovea
