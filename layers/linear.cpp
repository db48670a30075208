#include "layers/linear.h"

#include "core/autograd.h"
#include "core/blas.h"
#include "layers/init.h"

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
  for (int o = 0; o < out; ++o)
    y[o] = broadcast(bias ? bias.data()[o] : 0);
  gemm(false, false, out, lane_count, in, 1, weight.data(), in, x.data(), lane_count, 1, y.data(),
       lane_count);
  return record("linear", y, {x, weight, bias},
                [x = x.detach(), w = weight.detach(), in, out](const Tensor& dy, GradSink& grad) {
                  bool fresh = false;
                  if (Tensor* dx = grad.wanted(0, &fresh))
                    gemm(true, false, in, lane_count, out, 1, w.data(), in, dy.data(), lane_count,
                         fresh ? 0 : 1, dx->data(), lane_count);
                  if (Tensor* dw = grad.wanted(1, &fresh))
                    gemm(false, true, out, in, lane_count, 1, dy.data(), lane_count, x.data(),
                         lane_count, fresh ? 0 : 1, dw->data(), in);
                  if (Tensor* db = grad.wanted(2))
                    for (int o = 0; o < out; ++o)
                      db->data()[o] += sum_lanes(dy[o]);
                });
}

Linear::Linear(const LinearOptions& options, Random& rng) : options_(options) {
  require(options.in > 0 && options.out > 0, "[linear] in and out must be positive, got ",
          options.in, " and ", options.out);
  weight_ = add_parameter("weight", Tensor::shared({options.out, options.in}));
  if (options.bias) bias_ = add_parameter("bias", Tensor::shared({options.out}));
  init_default(weight_, bias_, rng);
}

std::string Linear::describe() const {
  return cat("Linear(in_features=", options_.in, ", out_features=", options_.out,
             ", bias=", options_.bias ? "True" : "False", ")");
}

}  // namespace fovea
