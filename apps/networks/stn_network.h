// The spatial-transformer classifier of the well-known tutorial, in any size.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"

namespace fovea {

/// Widths of the network. The defaults are the tutorial's: 27,360 parameters on MNIST.
struct StnOptions {
  Shape input{1, 28, 28};
  int classes = 10;
  int localization1 = 8;   ///< channels of the localisation network's 7x7 convolution
  int localization2 = 10;  ///< and of its 5x5 convolution
  int localization_fc = 32;
  int conv1 = 10;  ///< channels of the classifier's 5x5 convolutions
  int conv2 = 20;
  /// Not empty: the classifier has these blocks instead of conv1 and conv2, each of two padded 3x3
  /// convolutions of so many channels and a 2x2 pooling (VGG, Simonyan and Zisserman 2015).
  std::vector<int> blocks{};
  int fc = 50;
  bool transformer = true;  ///< false: the classifier alone, as a control
  Real fill = 0;            ///< value sampled outside the image

  StnOptions scaled(int factor) const;  ///< every width times `factor`
};

/// localization (conv 7x7, pool, ReLU, conv 5x5, pool, ReLU), fc_loc -> theta -> sampler -> conv1,
/// conv2 (or features), fc1, fc2 -> log-probabilities. Parameter names and order are PyTorch's.
class StnNetwork : public Module {
 public:
  StnNetwork(const StnOptions& options, Random& rng);

  Tensor forward(const Tensor& x) const override;  ///< log-probabilities, per sample [classes]
  Tensor theta(const Tensor& x) const;             ///< per sample [2, 3]
  Tensor transform(const Tensor& x) const;         ///< the warped image; x without a transformer
  Tensor classify(const Tensor& x) const;          ///< log-probabilities of a warped image
  std::string describe() const override { return "Net"; }

  const StnOptions& options() const { return options_; }
  /// Parameters of the localisation network (which wants a smaller learning rate) and of the rest.
  std::vector<Tensor> localization_parameters() const;
  std::vector<Tensor> classifier_parameters() const;

 private:
  int add_convolutions(Random& rng);  // returns how many numbers they leave of a sample
  Tensor convolve(const Tensor& x) const;

  StnOptions options_;
  Sequential localization_, fc_loc_, features_;
  std::unique_ptr<Conv2d> conv1_, conv2_;  // null when there are features
  std::unique_ptr<Linear> fc1_, fc2_;
};

}  // namespace fovea
