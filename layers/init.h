// Initial values of parameters, as PyTorch's torch.nn.init defines them.
#pragma once

#include "core/random.h"
#include "core/tensor.h"

namespace fovea {

/// What fills a layer's weights unless it says otherwise: PyTorch's default for convolutions and
/// linear layers. weight ~ kaiming_uniform(a = sqrt(5)) = U(-1/sqrt(fan_in), 1/sqrt(fan_in)), and
/// the same for `bias`, which may be undefined.
void init_default(const Tensor& weight, const Tensor& bias, Random& rng);

/// Inputs to one output, and outputs of one input, of a weight [out, in, ...]. Throws for fewer
/// than two dimensions.
struct Fans {
  double in = 0;
  double out = 0;
};
Fans fans(const Tensor& weight);

enum class Fan { in, out };

/// sqrt(2 / (1 + slope^2)): what keeps the variance through a leaky ReLU of this slope (0: ReLU).
double leaky_relu_gain(double slope = 0);

/// He et al. 2015: U(-b, b) with b = gain * sqrt(3 / fan), and N(0, gain^2 / fan).
void kaiming_uniform(const Tensor& weight, Random& rng, double slope = 0, Fan fan = Fan::in);
void kaiming_normal(const Tensor& weight, Random& rng, double slope = 0, Fan fan = Fan::in);

/// Glorot and Bengio 2010: U(-b, b) with b = gain * sqrt(6 / (fan_in + fan_out)), and the normal
/// distribution of the same variance.
void xavier_uniform(const Tensor& weight, Random& rng, double gain = 1);
void xavier_normal(const Tensor& weight, Random& rng, double gain = 1);

/// Fills any tensor.
void fill_uniform(const Tensor& values, Random& rng, double low, double high);
void fill_normal(const Tensor& values, Random& rng, double mean, double stddev);

}  // namespace fovea
