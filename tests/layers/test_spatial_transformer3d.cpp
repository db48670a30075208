#include "core/autograd.h"
#include "core/step.h"
#include "core/trace.h"
#include "data/loader.h"
#include "data/synthetic_volumes.h"
#include "layers/activations.h"
#include "layers/affine_grid3d.h"
#include "layers/linear.h"
#include "layers/losses.h"
#include "layers/reduce.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer3d.h"
#include "optim/adam.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr int edge = 12;

// Finds how a body lies, and turns it; its picture along the depth is read by one layer.
class Reader : public Module {
 public:
  explicit Reader(Random& rng)
      : transformer_(make_finder(rng)), read_({.in = edge * edge, .out = 10}, rng) {
    add_module("transformer", transformer_);
    add_module("read", read_);
  }
  Tensor forward(const Tensor& x) const override {
    return read_(mean(transformer_(x.reshape({1, edge, edge, edge})), {1}));
  }
  std::string describe() const override { return "Reader()"; }

  static std::unique_ptr<Module> make_finder(Random& rng) {
    auto finder = std::make_unique<Sequential>();
    finder->add<Linear>({.in = edge * edge * edge, .out = 32}, rng)
        .add<ReLU>()
        .add<Linear>({.in = 32, .out = 12}, rng);
    init_identity3d(*finder);
    return finder;
  }

 private:
  SpatialTransformer3d transformer_;
  Linear read_;
};

// Mean losses of the epochs.
std::vector<double> train(const Dataset& data, Module& net, int epochs) {
  Adam optimizer(net.parameters(), {.lr = 0.003});
  Loader loader(data, {.batch = 64});
  std::vector<double> losses;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    losses.push_back(0);
    for (const Batch& batch : loader) {
      losses.back() += batch.size / double(data.size()) * train_step(batch, [&](const Tile& t) {
                         return cross_entropy(net(t.images), t.labels);
                       });
      optimizer.step();
    }
  }
  return losses;
}

}  // namespace

TEST_CASE("a transformer of volumes starts from the identity", "[spatial_transformer3d]") {
  Random rng(1);
  const SpatialTransformer3d transformer(Reader::make_finder(rng));
  const Tensor x = random_tensor({1, edge, edge, edge}, Kind::per_sample);
  CHECK(difference(transformer(x), x) < 1e-5);
  CHECK(transformer.theta(x).shape() == Shape{3, 4});
  CHECK(transformer.describe() == "SpatialTransformer3d(affine)");
}

TEST_CASE("a volume's transform is the sampled affine grid", "[spatial_transformer3d]") {
  const Tensor x = random_tensor({2, 3, 4, 5}, Kind::per_sample);
  const Tensor theta = random_tensor({12}, Kind::per_sample, 2);
  for (bool align_corners : {false, true}) {
    const Tensor y = spatial_transform3d(
        x, theta, {.height = 2, .width = 6, .sampler = {.align_corners = align_corners}});
    const Tensor grid =
        affine_grid3d(theta, {.depth = 3, .height = 2, .width = 6, .align_corners = align_corners});
    CHECK(y.shape() == Shape{2, 3, 2, 6});
    CHECK(difference(y, grid_sample(x, grid, {.align_corners = align_corners})) == 0);
  }
}

TEST_CASE("traces show how a volume was sampled", "[spatial_transformer3d]") {
  const Trace trace;
  const Tensor x = Tensor::zeros({1, 2, 3, 4}, true), theta = Tensor::zeros({3, 4}, true);
  spatial_transform3d(x, theta, {.sampler = {.padding = Padding::border, .align_corners = true}});
  REQUIRE(trace.ops().size() == 2);
  const TracedOp &grid = trace.ops()[0], &sample = trace.ops()[1];
  CHECK(grid.op == "affine_grid3d");
  CHECK(grid.output.shape() == Shape{2, 3, 4, 3});
  CHECK(grid.attributes.flag("align_corners"));
  CHECK(sample.op == "grid_sample_volume");
  CHECK(sample.attributes.text("padding") == "border");
  CHECK(sample.attributes.flag("align_corners"));
}

TEST_CASE("a transformer of volumes learns how bodies lie, on any number of threads",
          "[spatial_transformer3d]") {
  const DataSplit data =
      synthetic_volumes({.train = 1024, .test = 64, .size = edge, .turn = 45, .seed = 3});
  const auto losses = [&](int epochs) {
    Random rng(1);
    Reader net(rng);
    return train(data.train, net, epochs);
  };
  const std::vector<double> all = losses(8);
  INFO("first " << all.front() << ", last " << all.back());
  CHECK(all.front() > 2);
  CHECK(all.back() < 1.2);
  set_threads(3);
  const std::vector<double> some = losses(2);
  set_threads(0);
  CHECK(std::equal(some.begin(), some.end(), all.begin()));
}

TEST_CASE("a transformer of volumes says what does not fit", "[spatial_transformer3d]") {
  Random rng(1);
  const Tensor x = Tensor::zeros({1, 2, 2, 2}, true);
  CHECK(message_of([&] {
          spatial_transform3d(Tensor::zeros({1, 2, 2}, true), x);
        }) ==
        "[spatial_transform3d] input must be per-sample [C, D, H, W], got per-sample [1, 2, 2]");
  const auto finder = [&](int outputs) {
    return std::make_unique<Linear>(LinearOptions{.in = 8, .out = outputs}, rng);
  };
  CHECK_THAT(message_of([&] { SpatialTransformer3d(finder(6)).theta(x); }),
             contains("has 6 outputs: give its last layer 12"));
  CHECK_THAT(message_of([&] { init_identity3d(*finder(6)); }), contains("12 outputs"));
  CHECK_THAT(message_of([&] { SpatialTransformer3d(nullptr); }),
             contains("needs a localisation network"));
}
