// Each layer of the network by itself: one tile of sixteen samples on one thread.
#include <functional>

#include "apps/bench/rig.h"
#include "apps/bench/timing.h"
#include "core/autograd.h"
#include "core/workers.h"
#include "layers/activations.h"
#include "layers/conv_pool.h"
#include "layers/dropout.h"
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

Case conv_case(const std::string& name, double multiply_adds, const Shape& input,
               const Conv2dOptions& o) {
  const Tensor w = random_tensor({o.out, o.in, o.kernel.h, o.kernel.w}, false);
  const Tensor b = random_tensor({o.out}, false);
  return {name, multiply_adds, random_tensor(input, true), {w, b}, [=](const Tensor& x) {
            return conv_pool_relu(x, w, b, o, {.kernel = 2});
          }};
}

Case linear_case(const std::string& name, double multiply_adds, int in, int out) {
  const Tensor w = random_tensor({out, in}, false), b = random_tensor({out}, false);
  return {name, multiply_adds, random_tensor({in}, true), {w, b}, [=](const Tensor& x) {
            return linear(x, w, b);
          }};
}

// Grid and sampler; what counts as input is theta, near the identity as in training.
Case sampler_case(const Work& work, const Shape& image_shape) {
  const Tensor image = random_tensor(image_shape, true);
  const Tensor theta = random_tensor({2, 3}, true);
  for (int i = 0; i < 6; ++i) theta[i] = Real(0.05) * theta[i] + Real(i % 4 == 0);
  return {"grid + sampler", work.sampler / 3, theta, {}, [=](const Tensor& t) {
            return spatial_transform(image, t);
          }};
}

std::vector<Case> cases(const StnOptions& o) {
  const Work work = work_of(o);
  const int c = o.input[0], h = o.input[1], w = o.input[2];
  const auto after = [](int extent, int kernel) { return (extent - kernel + 1) / 2; };
  const int h1 = after(h, 7), w1 = after(w, 7), h3 = after(h, 5), w3 = after(w, 5);
  const int found = o.localization2 * after(h1, 5) * after(w1, 5);
  const int features = o.conv2 * after(h3, 5) * after(w3, 5);
  std::vector<Case> all;
  all.push_back(conv_case("localization.0 +pool+relu", work.localization1, o.input,
                          {.in = c, .out = o.localization1, .kernel = 7}));
  all.back().input_grad = false;  // nobody wants the gradient of the image
  all.push_back(conv_case("localization.3 +pool+relu", work.localization2,
                          {o.localization1, h1, w1},
                          {.in = o.localization1, .out = o.localization2, .kernel = 5}));
  all.push_back(linear_case("fc_loc.0", 1.0 * found * o.localization_fc, found, o.localization_fc));
  all.push_back(linear_case("fc_loc.2", 6.0 * o.localization_fc, o.localization_fc, 6));
  all.push_back(sampler_case(work, o.input));
  all.push_back(
      conv_case("conv1 +pool+relu", work.conv1, o.input, {.in = c, .out = o.conv1, .kernel = 5}));
  all.push_back(conv_case("conv2 +pool+relu", work.conv2, {o.conv1, h3, w3},
                          {.in = o.conv1, .out = o.conv2, .kernel = 5}));
  all.push_back({"dropout2d",
                 0,
                 random_tensor({o.conv2, after(h3, 5), after(w3, 5)}, true),
                 {},
                 [](const Tensor& x) { return dropout2d(x, Real(0.5)); }});
  all.push_back(linear_case("fc1", work.fc1, features, o.fc));
  all.push_back({"relu + dropout", 0, random_tensor({o.fc}, true), {}, [](const Tensor& x) {
                   return dropout(relu(x), Real(0.5));
                 }});
  all.push_back(linear_case("fc2", work.fc2, o.fc, o.classes));
  all.push_back(
      {"log_softmax + nll_loss", 0, random_tensor({o.classes}, true), {}, [](const Tensor& x) {
         return nll_loss(log_softmax(x), Labels{});
       }});
  return all;
}

}  // namespace

std::vector<LayerTimes> layer_times(const StnOptions& options, double seconds_each) {
  set_threads(1);
  std::vector<LayerTimes> table;
  run_tasks(1, [&](int) {  // as inside a step: denormals are flushed
    for (Case& c : cases(options)) table.push_back(measure(c, seconds_each));
  });
  Rig rig(options, 64);
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
