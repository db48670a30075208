// Each layer of the network by itself: one tile of sixteen samples on one thread.
#include <functional>

#include "apps/bench/rig.h"
#include "apps/bench/timing.h"
#include "core/autograd.h"
#include "core/workers.h"
#include "layers/activations.h"
#include "layers/conv_pool.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/spatial_transformer.h"

namespace fovea::bench {

namespace {

Tensor random_tensor(const Shape& shape, bool per_sample) {
  static Random rng(2);
  Tensor t = Tensor::zeros(shape, per_sample);
  for (Real& value : t.values()) value = static_cast<Real>(rng.normal());
  return t;
}

/// An operation of `x` and parameters, as the network calls it.
struct Case {
  std::string name;
  double multiply_adds;
  Tensor x;
  std::vector<Tensor> parameters;
  std::function<Tensor(const Tensor& x)> run;
  bool input_grad = true;
};

// Median seconds of one call of `action`, which returns the seconds it took itself.
double median_seconds(double seconds, const std::function<double()>& action) {
  std::vector<double> times;
  const double end = now() + seconds;
  for (int i = 0; i < 8 || now() < end; ++i) times.push_back(action());
  return rate_of(std::move(times)).median;
}

double forward_seconds(const Case& c, double seconds) {
  return median_seconds(seconds, [&] {
    begin_tape();
    const double start = now();
    const Tensor y = c.run(c.x);
    return now() - start;
  });
}

// Times the way back alone, asking for one kind of gradient.
double backward_seconds(Case& c, bool of_input, double seconds) {
  c.x.set_requires_grad(of_input);
  for (Tensor& p : c.parameters) p.set_requires_grad(!of_input);
  GradientStore store;
  Tensor seed;
  return median_seconds(seconds, [&] {
    begin_tape();
    store.begin();
    const Tensor y = c.run(c.x);
    if (!seed) seed = random_tensor(y.shape(), true);
    const double start = now();
    backward(y, seed, &store);
    return now() - start;
  });
}

LayerTimes measure(Case& c, double seconds) {
  const double us_a_sample = 1e6 / lane_count;
  LayerTimes times{.name = c.name, .multiply_adds = c.multiply_adds};
  times.forward = forward_seconds(c, seconds) * us_a_sample;
  if (c.input_grad) times.input_grad = backward_seconds(c, true, seconds) * us_a_sample;
  if (!c.parameters.empty()) times.weight_grad = backward_seconds(c, false, seconds) * us_a_sample;
  return times;
}

Case conv_case(const std::string& name, const Shape& input, const Conv2dOptions& o) {
  const double multiply_adds = 1.0 * o.in * o.out * o.kernel.h * o.kernel.w *
                               window_count(input[1], o.kernel.h) *
                               window_count(input[2], o.kernel.w);
  const Tensor w = random_tensor({o.out, o.in, o.kernel.h, o.kernel.w}, false);
  const Tensor b = random_tensor({o.out}, false);
  return {name, multiply_adds, random_tensor(input, true), {w, b}, [=](const Tensor& x) {
            return conv_pool_relu(x, w, b, o, {.kernel = 2});
          }};
}

Case linear_case(const std::string& name, int in, int out) {
  const double multiply_adds = 1.0 * in * out;
  const Tensor w = random_tensor({out, in}, false), b = random_tensor({out}, false);
  return {name, multiply_adds, random_tensor({in}, true), {w, b}, [=](const Tensor& x) {
            return linear(x, w, b);
          }};
}

// Grid and sampler; what counts as input is theta, near the identity as in training.
Case sampler_case(const Shape& image_shape) {
  const Tensor image = random_tensor(image_shape, true);
  const Tensor theta = random_tensor({2, 3}, true);
  for (int i = 0; i < 6; ++i) theta[i] = Real(0.05) * theta[i] + Real(i % 4 == 0);
  return {"grid + sampler", 51.0 * image_shape.size() / 3, theta, {}, [=](const Tensor& t) {
            return spatial_transform(image, t);
          }};
}

// The tutorial network's, as it runs them on an image of 28x28.
std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back(
      conv_case("localization.0 +pool+relu", {1, 28, 28}, {.in = 1, .out = 8, .kernel = 7}));
  all.back().input_grad = false;  // nobody wants the gradient of the image
  all.push_back(
      conv_case("localization.3 +pool+relu", {8, 11, 11}, {.in = 8, .out = 10, .kernel = 5}));
  all.push_back(linear_case("fc_loc.0", 90, 32));
  all.push_back(linear_case("fc_loc.2", 32, 6));
  all.push_back(sampler_case({1, 28, 28}));
  all.push_back(conv_case("conv1 +pool+relu", {1, 28, 28}, {.in = 1, .out = 10, .kernel = 5}));
  all.push_back(conv_case("conv2 +pool+relu", {10, 12, 12}, {.in = 10, .out = 20, .kernel = 5}));
  all.push_back({"dropout2d", 0, random_tensor({20, 4, 4}, true), {}, [](const Tensor& x) {
                   return dropout2d(x, Real(0.5));
                 }});
  all.push_back(linear_case("fc1", 320, 50));
  all.push_back({"relu + dropout", 0, random_tensor({50}, true), {}, [](const Tensor& x) {
                   return dropout(relu(x), Real(0.5));
                 }});
  all.push_back(linear_case("fc2", 50, 10));
  all.push_back({"log_softmax + nll_loss", 0, random_tensor({10}, true), {}, [](const Tensor& x) {
                   return nll_loss(log_softmax(x), Labels{});
                 }});
  return all;
}

}  // namespace

std::vector<LayerTimes> layer_times(double seconds_each) {
  set_threads(1);
  std::vector<LayerTimes> table;
  run_tasks(1, [&](int) {  // as inside a step: denormals are flushed
    for (Case& c : cases()) table.push_back(measure(c, seconds_each));
  });
  Rig rig("tutorial", 64);
  rig.step();
  const double tile = median_seconds(seconds_each, [&] {
    const double start = now();
    make_tile(rig.view, 0);
    return now() - start;
  });
  table.push_back({.name = "images to tile", .forward = tile * 1e6 / lane_count});
  const double update = median_seconds(seconds_each, [&] {
    const double start = now();
    rig.optimizer.step();
    return now() - start;
  });
  table.push_back({.name = "SGD update, batch 64", .forward = update * 1e6 / 64});
  return table;
}

}  // namespace fovea::bench
