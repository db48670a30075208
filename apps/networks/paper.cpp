// The networks of Jaderberg et al. 2015, "Spatial Transformer Networks", on distorted digits: FCN
// and CNN, and both behind one spatial transformer or, for the sum of two digits, two.
#include "apps/networks/paper.h"

#include <limits>

#include "layers/activations.h"
#include "layers/avg_pool2d.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"
#include "layers/shape_ops.h"

namespace fovea {

namespace {

int option(const NetworkSpec& spec, const char* name) {
  return static_cast<int>(spec.options.integer(name));
}

// Transformers that all see the input; what they make of it, one behind the other in channels.
class SideBySide : public Module {
 public:
  void append(std::unique_ptr<SpatialTransformer> transformer) {
    add_module(std::to_string(transformers_.size()), *transformer);
    transformers_.push_back(std::move(transformer));
  }
  Tensor forward(const Tensor& x) const override {
    std::vector<Tensor> outputs;
    for (const auto& transformer : transformers_) outputs.push_back((*transformer)(x));
    return concatenate(outputs);
  }
  std::string describe() const override { return "SideBySide"; }

 private:
  std::vector<std::unique_ptr<SpatialTransformer>> transformers_;
};

// Three layers of 32 units, and the regression.
std::unique_ptr<Sequential> fully_connected_finder(const Shape& in, const Warp& warp, int pool,
                                                   Random& rng) {
  auto net = std::make_unique<Sequential>();
  if (pool > 1) net->add<AvgPool2d>({.kernel = pool});
  int features = in[0] * (in[1] / pool) * (in[2] / pool);
  for (int layer = 0; layer < 3; ++layer, features = 32)
    net->add<Linear>({.in = features, .out = 32}, rng).add<ReLU>();
  net->add<Linear>({.in = 32, .out = warp.theta_size()}, rng);
  return net;
}

// Of the input downsampled: two convolutions 5x5, 20 filters each, pooling between, 20 units.
std::unique_ptr<Sequential> convolutional_finder(const Shape& in, const Warp& warp, int pool,
                                                 Random& rng) {
  auto net = std::make_unique<Sequential>();
  if (pool > 1) net->add<AvgPool2d>({.kernel = pool});
  const auto left = [&](int extent) { return (extent / pool - 4) / 2 - 4; };
  net->add<Conv2d>({.in = in[0], .out = 20, .kernel = 5}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Conv2d>({.in = 20, .out = 20, .kernel = 5}, rng)
      .add<ReLU>()
      .add<Linear>({.in = 20 * left(in[1]) * left(in[2]), .out = 20}, rng)
      .add<ReLU>()
      .add<Linear>({.in = 20, .out = warp.theta_size()}, rng);
  return net;
}

void add_fcn(Sequential& net, const Shape& in, int classes, int units, Random& rng) {
  net.add<Linear>({.in = in.size(), .out = units}, rng)
      .add<ReLU>()
      .add<Linear>({.in = units, .out = units}, rng)
      .add<ReLU>()
      .add<Linear>({.in = units, .out = classes}, rng)
      .add<LogSoftmax>();
}

void add_cnn(Sequential& net, const Shape& in, int classes, int filters, Random& rng) {
  const auto left = [](int extent) { return ((extent - 8) / 2 - 6) / 2; };
  net.add<Conv2d>({.in = in[0], .out = filters, .kernel = 9}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Conv2d>({.in = filters, .out = 2 * filters, .kernel = 7}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Linear>({.in = 2 * filters * left(in[1]) * left(in[2]), .out = classes}, rng)
      .add<LogSoftmax>();
}

// What a kind of network is made of.
struct Plan {
  decltype(&add_fcn) classifier;
  decltype(&fully_connected_finder) finder;  // null: no transformer
  int widest, step;                          // units or filters
};

std::unique_ptr<Module> build(const Plan& plan, const NetworkSpec& spec, int width, Random& rng) {
  auto net = std::make_unique<Sequential>();
  Shape seen = spec.input;
  if (plan.finder) {
    seen = add_transformers(*net, spec, [&](const Warp& warp) {
      const int pool = std::max(1, option(spec, "localization_pool"));
      return plan.finder(spec.input, warp, pool, rng);
    });
  } else if (const int pool = option(spec, "pool"); pool > 1) {
    net->add<AvgPool2d>({.kernel = pool});
    seen = {seen[0], seen[1] / pool, seen[2] / pool};
  }
  plan.classifier(*net, seen, spec.classes, width, rng);
  return net;
}

// The widest network that has at most as many parameters as options say.
std::unique_ptr<Module> widest(const Plan& plan, const NetworkSpec& spec, Random& rng) {
  require(spec.input[1] >= 28 && spec.input[2] >= 28,
          "this network takes images of at least 28x28 pixels, got ", spec.input,
          "; features takes 16x16");
  const std::size_t budget = 1000 * static_cast<std::size_t>(option(spec, "budget"));
  int low = 1, high = plan.widest / plan.step;  // in steps; low is taken even if it is too much
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    Random unused(0);
    const ParameterLimit none(std::numeric_limits<std::int64_t>::max());  // they do not stay
    const auto tried = build(plan, spec, middle * plan.step, unused);
    if (tried->parameter_count() <= budget)
      low = middle;
    else
      high = middle - 1;
  }
  return build(plan, spec, low * plan.step, rng);
}

template <const Plan& plan>
std::unique_ptr<Module> make(const NetworkSpec& spec, Random& rng) {
  return widest(plan, spec, rng);
}

constexpr Plan fcn{add_fcn, nullptr, 256, 4}, cnn{add_cnn, nullptr, 64, 4};
constexpr Plan st_fcn{add_fcn, fully_connected_finder, 256, 4};
constexpr Plan st_cnn{add_cnn, convolutional_finder, 64, 4};

}  // namespace

Attributes transformer_options() {
  return {
      {"warp", "affine"}, {"transformers", 1}, {"output", 28}, {"oversample", 0}, {"fill", 0.0}};
}

Shape add_transformers(Sequential& net, const NetworkSpec& spec, const MakeFinder& finder) {
  const int side = option(spec, "output"), count = option(spec, "transformers");
  const int chosen = option(spec, "oversample");
  require(
      count <= 8 && side >= 28 && side <= 256 && chosen >= 0 && chosen <= 8,
      "this network has 1 to 8 transformers, an output of 28 to 256 and an oversample of 0 to 8");
  const bool larger = spec.input[1] > side || spec.input[2] > side;
  const int factor = chosen > 0 ? chosen : larger ? 2 : 1;
  const SpatialTransformOptions options{
      .height = side * factor,
      .width = side * factor,
      .sampler = {.fill = static_cast<Real>(spec.options.number("fill"))}};
  const auto transformer = [&] {
    const auto warp = make_warp(spec.options.text("warp"));
    std::unique_ptr<Module> localization = finder(*warp);
    init_identity(*localization, *warp);
    return std::make_unique<SpatialTransformer>(std::move(localization), warp, options);
  };
  if (count == 1) {
    net.append(transformer());
  } else {
    auto all = std::make_unique<SideBySide>();
    for (int i = 0; i < count; ++i) all->append(transformer());
    net.append(std::move(all));
  }
  if (factor > 1) net.add<AvgPool2d>({.kernel = factor});
  return {count * spec.input[0], side, side};
}

std::vector<NetworkKind> paper_networks() {
  const Attributes plain = {{"budget", 400}, {"pool", 1}};
  Attributes full = transformer_options(), convolutional = full;
  for (Attributes* options : {&full, &convolutional}) options->set({"budget", 400});
  full.set({"localization_pool", 1});
  convolutional.set({"localization_pool", 2});
  return {{"fcn", "two hidden layers, as Jaderberg et al. had", plain, make<fcn>},
          {"cnn", "convolutions 9x9 and 7x7, as Jaderberg et al. had", plain, make<cnn>},
          {"st-fcn", "their fcn behind a transformer", full, make<st_fcn>},
          {"st-cnn", "their cnn behind a transformer", convolutional, make<st_cnn>}};
}

}  // namespace fovea
