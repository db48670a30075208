// Layers that run together: the same values, and everybody still sees each.
#include <limits>
#include <optional>

#include "core/autograd.h"
#include "core/debug.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/max_pool2d.h"
#include "layers/sequential.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// The modules that ran, in order, by path.
struct Watch : ModuleObserver {
  void after(const Module& module, const Tensor&, const Tensor&) override {
    paths.push_back(module.path());
  }
  std::vector<std::string> paths;
};

class ShiftedConv : public Conv2d {
 public:
  using Conv2d::Conv2d;
  Tensor forward(const Tensor& x) const override { return scale(Conv2d::forward(x), 1, 5); }
};
class ShiftedPool : public MaxPool2d {
 public:
  using MaxPool2d::MaxPool2d;
  Tensor forward(const Tensor& x) const override { return scale(MaxPool2d::forward(x), 1, 5); }
};
class ShiftedReLU : public ReLU {
 public:
  Tensor forward(const Tensor& x) const override { return scale(ReLU::forward(x), 1, 5); }
};

std::unique_ptr<Conv2d> conv(const Conv2dOptions& o) {
  Random rng(4);
  return std::make_unique<Conv2d>(o, rng);
}

bool fuses(const Conv2dOptions& o, const MaxPool2dOptions& p) {
  const auto c = conv(o);
  const MaxPool2d pool(p);
  const ReLU relu;
  const Module* const followers[] = {&pool, &relu};
  return c->fuse(followers).followers == 2;
}

// What runs as one, unobserved, and module by module: values and gradients to the bit, all numbers
// being whole ones (sums are exact in any order). Returns the first output.
Tensor check_same(const Sequential& net, const Shape& shape) {
  for (const Tensor& p : net.parameters()) p.copy_from(random_integers(p.shape(), false, p.size()));
  Tensor results[2];
  std::vector<Tensor> gradients[2];
  for (const int observed : {0, 1}) {
    std::optional<Watch> watch;
    if (observed) watch.emplace();
    const Tensor x = random_integers(shape, true, 1).set_requires_grad();
    for (const Tensor& p : net.parameters()) p.set_grad({});
    results[observed] = net(x);
    backward(results[observed], random_integers(results[observed].shape(), true, 2));
    gradients[observed].push_back(x.grad());
    for (const Tensor& p : net.parameters()) gradients[observed].push_back(p.grad());
    if (observed) CHECK(watch->paths.size() == net.children().size() + 1);
  }
  CHECK(difference(results[0], results[1]) == 0);
  for (std::size_t i = 0; i < gradients[0].size(); ++i)
    CHECK(difference(gradients[0][i], gradients[1][i]) == 0);
  return results[0];
}

struct CheckFinite {
  CheckFinite() { set_check_finite(true); }
  ~CheckFinite() { set_check_finite(false); }
};

struct Net : Sequential {
  Net() {
    append(conv({.in = 1, .out = 3, .kernel = 3}));
    add<MaxPool2d>({.kernel = 2}).add<ReLU>();
    append(conv({.in = 3, .out = 4, .kernel = 2, .padding = 1}));
    add<MaxPool2d>({.kernel = 2}).add<ReLU>().add<Dropout>(Real(0.5));
    eval();
  }
};

// A network as a part of another, under a name.
struct Outer : Module {
  Outer() { add_module("inner", inner); }
  Tensor forward(const Tensor& x) const override { return inner(x); }
  std::string describe() const override { return "Outer"; }
  void take(const std::string& name, Module& module) { add_module(name, module); }
  Net inner;
};

const std::vector<std::string> all_paths = {"inner.0", "inner.1", "inner.2", "inner.3", "inner.4",
                                            "inner.5", "inner.6", "inner",   ""};

}  // namespace

TEST_CASE("what fuses has the bits of what does not", "[chain]") {
  for (const Extent2 size : {Extent2(6), Extent2(9, 14), Extent2(28), Extent2(31, 7)})
    check_same(Net(), {1, size.h, size.w});
}

TEST_CASE("a convolution fuses with ReLU, and with plain 2x2 pooling before it", "[chain]") {
  const Conv2dOptions c{.in = 2, .out = 2, .kernel = 3};
  CHECK(fuses(c, {.kernel = 2}));
  CHECK(fuses(c, {.kernel = 2, .stride = 2}));
  CHECK(fuses({.in = 2, .out = 4, .kernel = 3, .stride = 2, .padding = 1, .bias = false},
              {.kernel = 2}));
  CHECK_FALSE(fuses(c, {.kernel = 2, .stride = 1}));
  CHECK_FALSE(fuses(c, {.kernel = 2, .padding = 1}));
  CHECK_FALSE(fuses(c, {.kernel = 3}));
  CHECK_FALSE(fuses(c, {.kernel = {2, 1}}));
  CHECK_FALSE(fuses({.in = 2, .out = 2, .kernel = 3, .groups = 2}, {.kernel = 2}));
  const auto first = conv(c);
  const MaxPool2d pool({.kernel = 2});
  const ReLU relu;
  const Flatten flatten;
  using Modules = std::vector<const Module*>;
  for (const Modules& others :
       {Modules{}, Modules{&pool}, Modules{&pool, &flatten}, Modules{&pool, &pool, &relu}})
    CHECK(first->fuse(others).followers == 0);
  for (const Modules& others : {Modules{&relu}, Modules{&relu, &pool}, Modules{&relu, &relu}})
    CHECK(first->fuse(others).followers == 1);
}

TEST_CASE("layers derived from those that fuse run as they say", "[chain]") {
  Random rng(3);
  const Conv2dOptions o{.in = 1, .out = 2, .kernel = 3};
  for (const int derived : {0, 1, 2, 3}) {
    INFO(derived);
    Sequential net;
    if (derived == 1)
      net.append(std::make_unique<ShiftedConv>(o, rng));
    else
      net.append(conv(o));
    if (derived == 2)
      net.append(std::make_unique<ShiftedPool>(MaxPool2dOptions{.kernel = 2}));
    else
      net.add<MaxPool2d>({.kernel = 2});
    if (derived == 3)
      net.append(std::make_unique<ShiftedReLU>());
    else
      net.add<ReLU>();
    check_same(net, {1, 8, 8});
  }
}

TEST_CASE("followers that come later fuse, and what stands between them does not", "[chain]") {
  Sequential grown;
  const Tensor x = random_integers({1, 8, 8}, true, 1);
  grown.append(conv({.in = 1, .out = 2, .kernel = 3}));
  CHECK(grown(x).shape() == Shape{2, 6, 6});
  grown.add<MaxPool2d>({.kernel = 2});
  CHECK(grown(x).shape() == Shape{2, 3, 3});
  grown.add<ReLU>();
  CHECK(check_same(grown, {1, 8, 8}).node()->op() == std::string("conv_pool_relu"));
  grown.add<ReLU>();
  check_same(grown, {1, 8, 8});
  const Chain chain{grown.children()[0].second};
  CHECK(chain(x).shape() == Shape{2, 6, 6});
  CHECK(Chain()(x).data() == x.data());
}

TEST_CASE("observers, traces and checks see each module by its path", "[chain]") {
  const Outer net;
  const Tensor x = random_tensor({1, 10, 10}, Kind::per_sample);
  {
    Watch watch;
    net(x);
    CHECK(watch.paths == all_paths);
  }
  {
    const Trace trace;
    net(x);
    std::vector<std::string> seen;
    for (const TracedOp& op : trace.ops()) seen.push_back(op.op + " " + op.module);
    CHECK(seen == std::vector<std::string>{"conv2d inner.0", "max_pool2d inner.1", "relu inner.2",
                                           "conv2d inner.3", "max_pool2d inner.4", "relu inner.5"});
  }
  for (const int bad : {0, 3}) {
    const Outer poisoned;
    const Conv2d& layer = dynamic_cast<const Conv2d&>(
        *poisoned.inner.children()[static_cast<std::size_t>(bad)].second);
    layer.weight().data()[0] = std::numeric_limits<Real>::quiet_NaN();
    const CheckFinite guard;
    CHECK(message_of([&] { poisoned(x); }) ==
          cat("the result of conv2d in inner.", bad, " is not finite (nan)"));
  }
}

TEST_CASE("an error in a fused run names the convolution", "[chain]") {
  const Outer net;
  const std::string wrong_channels =
      "[conv2d] input must be per-sample [1, H, W], got per-sample [2, 8, 8] (in inner.0)";
  CHECK(message_of([&] { net(Tensor::zeros({2, 8, 8}, true)); }) == wrong_channels);
  const Watch watch;
  CHECK(message_of([&] { net(Tensor::zeros({2, 8, 8}, true)); }) == wrong_channels);
}

TEST_CASE("modules go in any order", "[chain]") {
  auto child = std::make_unique<Sequential>();
  {
    Outer parent;
    parent.take("child", *child);
    CHECK(child->path() == "child");
    CHECK(message_of([&] { parent.take("again", *child); }) ==
          "[module] \"again\" is registered already, as \"child\"; a module has one parent");
    CHECK(message_of([&] { Outer().take("other", *child); }) ==
          "[module] \"other\" is registered already, as \"child\"; a module has one parent");
    CHECK(parent.children().size() == 2);
  }
  CHECK(child->path().empty());  // its parent is gone
  Outer parent;
  parent.take("anew", *child);
  CHECK(child->path() == "anew");
  child.reset();
  CHECK(parent.children().size() == 1);
  CHECK(parent.parameter_count() == parent.inner.parameter_count());
  auto middle = std::make_unique<Outer>();
  Sequential leaf;
  middle->take("leaf", leaf);
  parent.take("middle", *middle);
  CHECK(leaf.path() == "middle.leaf");
  middle.reset();
  CHECK(leaf.path().empty());
  CHECK(parent.children().size() == 1);
}
