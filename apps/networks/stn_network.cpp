#include "apps/networks/stn_network.h"

#include "layers/activations.h"
#include "layers/conv_pool.h"
#include "layers/dropout.h"
#include "layers/init.h"

namespace fovea {

namespace {

// Extent after a convolution without padding and a 2x2 pooling.
int after(int extent, int kernel) {
  return (extent - kernel + 1) / 2;
}

}  // namespace

StnOptions StnOptions::scaled(int factor) const {
  StnOptions o = *this;
  for (int* width :
       {&o.localization1, &o.localization2, &o.localization_fc, &o.conv1, &o.conv2, &o.fc})
    *width *= factor;
  return o;
}

StnNetwork::StnNetwork(const StnOptions& options, Random& rng) : options_(options) {
  const StnOptions& o = options_;
  require(o.input.rank() == 3 && o.input[1] >= 24 && o.input[2] >= 24,
          "this network takes images of at least 24x24 pixels, got ", o.input);
  const int features = add_convolutions(rng);
  fc1_ = std::make_unique<Linear>(LinearOptions{.in = features, .out = o.fc}, rng);
  fc2_ = std::make_unique<Linear>(LinearOptions{.in = o.fc, .out = o.classes}, rng);
  add_module("fc1", *fc1_);
  add_module("fc2", *fc2_);
  if (!o.transformer) return;
  const int found =
      o.localization2 * after(after(o.input[1], 7), 5) * after(after(o.input[2], 7), 5);
  localization_.add<Conv2d>({.in = o.input[0], .out = o.localization1, .kernel = 7}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Conv2d>({.in = o.localization1, .out = o.localization2, .kernel = 5}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>();
  fc_loc_.add<Linear>({.in = found, .out = o.localization_fc}, rng)
      .add<ReLU>()
      .add<Linear>({.in = o.localization_fc, .out = 6}, rng);
  add_module("localization", localization_);
  add_module("fc_loc", fc_loc_);
  const std::vector<Tensor> parameters = fc_loc_.parameters();
  init_identity(parameters[2], parameters[3]);
}

int StnNetwork::add_convolutions(Random& rng) {
  const StnOptions& o = options_;
  int height = o.input[1], width = o.input[2], channels = o.input[0];
  if (o.blocks.empty()) {
    conv1_ =
        std::make_unique<Conv2d>(Conv2dOptions{.in = channels, .out = o.conv1, .kernel = 5}, rng);
    conv2_ =
        std::make_unique<Conv2d>(Conv2dOptions{.in = o.conv1, .out = o.conv2, .kernel = 5}, rng);
    add_module("conv1", *conv1_);
    add_module("conv2", *conv2_);
    return o.conv2 * after(after(height, 5), 5) * after(after(width, 5), 5);
  }
  for (const int out : o.blocks) {
    features_.add<Conv2d>({.in = channels, .out = out, .kernel = 3, .padding = 1}, rng)
        .add<ReLU>()
        .add<Conv2d>({.in = out, .out = out, .kernel = 3, .padding = 1}, rng)
        .add<MaxPool2d>({.kernel = 2})
        .add<ReLU>()
        .add<Dropout2d>(Real(0.1));
    channels = out, height /= 2, width /= 2;
  }
  // PyTorch's default lets the signal shrink to a third from layer to layer.
  for (const Tensor& parameter : features_.parameters())
    if (parameter.shape().rank() > 1) kaiming_uniform(parameter, rng);
  add_module("features", features_);
  return channels * height * width;
}

Tensor StnNetwork::theta(const Tensor& x) const {
  require(options_.transformer, "this network has no transformer");
  return fc_loc_(localization_(x)).reshape({2, 3});
}

Tensor StnNetwork::transform(const Tensor& x) const {
  if (!options_.transformer) return x;
  return spatial_transform(x, theta(x), {.sampler = {.fill = options_.fill}});
}

Tensor StnNetwork::convolve(const Tensor& x) const {
  if (!conv1_) return features_(x);
  const MaxPool2dOptions pool{.kernel = 2};
  const Tensor y = conv_pool_relu(conv_pool_relu(x, *conv1_, pool), *conv2_, pool);
  // The tutorial drops channels before it pools: the same, since a channel's factor is not
  // negative.
  return training() ? dropout2d(y, Real(0.5)) : y;
}

Tensor StnNetwork::classify(const Tensor& x) const {
  Tensor y = convolve(x);
  y = relu((*fc1_)(y));
  if (training()) y = dropout(y, Real(0.5));
  return log_softmax((*fc2_)(y));
}

Tensor StnNetwork::forward(const Tensor& x) const {
  require(x.shape() == options_.input, "the network takes images ", options_.input, ", got ", x);
  return classify(transform(x));
}

std::vector<Tensor> StnNetwork::localization_parameters() const {
  std::vector<Tensor> out = localization_.parameters();
  for (Tensor& p : fc_loc_.parameters()) out.push_back(std::move(p));
  return out;
}

std::vector<Tensor> StnNetwork::classifier_parameters() const {
  std::vector<Tensor> out;
  for (const NamedTensor& parameter : named_parameters())
    if (!parameter.name.starts_with("localization.") && !parameter.name.starts_with("fc_loc."))
      out.push_back(parameter.tensor);
  return out;
}

}  // namespace fovea
