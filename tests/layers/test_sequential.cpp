#include "core/autograd.h"
#include "layers/activations.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "layers/summary.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// conv -> pool -> ReLU, the pattern that may run as one operation, then conv -> ReLU -> linear.
struct Net {
  Net() {
    net.add<Conv2d>({.in = 2, .out = 3, .kernel = 3}, rng)
        .add<MaxPool2d>({.kernel = 2})
        .add<ReLU>()
        .add<Conv2d>({.in = 3, .out = 4, .kernel = 2, .padding = 1, .bias = false}, rng)
        .add<ReLU>()
        .add<Linear>({.in = 64, .out = 5}, rng);
  }
  Random rng{1};
  Sequential net;
};

// The same by hand.
Tensor by_hand(const std::vector<Tensor>& p, const Tensor& x) {
  Tensor y = conv2d(x, p[0], p[1], {.in = 2, .out = 3, .kernel = 3});
  y = relu(max_pool2d(y, {.kernel = 2}));
  y = relu(conv2d(y, p[2], {}, {.in = 3, .out = 4, .kernel = 2, .padding = 1, .bias = false}));
  return linear(y, p[3], p[4]);
}

}  // namespace

TEST_CASE("a Sequential runs its layers in order, forward and back", "[sequential]") {
  const Net n;
  const std::vector<Tensor> parameters = n.net.parameters();
  REQUIRE(parameters.size() == 5);
  for (const Tensor& p : parameters)
    p.copy_from(random_integers(p.shape(), false, p.size()));  // exact in any order
  Tensor x = random_integers({2, 8, 8}, true, 1, 2);
  x.set_requires_grad();
  const Tensor y = n.net(x);
  REQUIRE(y.shape() == Shape{5});
  const Tensor dy = random_integers(y.shape(), true, 2, 1);
  backward(y, dy);
  Tensor other_x = x.clone();
  other_x.set_requires_grad();
  std::vector<Tensor> others;
  for (const Tensor& p : parameters) others.push_back(p.clone().set_requires_grad());
  const Tensor expected = by_hand(others, other_x);
  backward(expected, dy);
  CHECK(difference(y, expected) == 0);
  CHECK(difference(x.grad(), other_x.grad()) == 0);
  for (std::size_t i = 0; i < parameters.size(); ++i)
    CHECK(difference(parameters[i].grad(), others[i].grad()) == 0);
}

TEST_CASE("a Sequential has the same values without gradients", "[sequential]") {
  const Net n;
  const Tensor x = random_tensor({2, 8, 8}, Kind::per_sample);
  const Tensor y = n.net(x);
  const NoGrad guard;
  CHECK(difference(n.net(x), y) == 0);
}

TEST_CASE("layers of a Sequential are named by number as in PyTorch", "[sequential]") {
  Net n;
  const std::vector<NamedTensor> all = n.net.named_parameters();
  const char* names[] = {"0.weight", "0.bias", "3.weight", "5.weight", "5.bias"};
  REQUIRE(all.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(all[i].name == names[i]);
  CHECK(architecture(n.net) ==
        "Sequential(\n"
        "  (0): Conv2d(2, 3, kernel_size=(3, 3), stride=(1, 1))\n"
        "  (1): MaxPool2d(kernel_size=2, stride=2, padding=0)\n"
        "  (2): ReLU()\n"
        "  (3): Conv2d(3, 4, kernel_size=(2, 2), stride=(1, 1), padding=(1, 1), bias=False)\n"
        "  (4): ReLU()\n"
        "  (5): Linear(in_features=64, out_features=5, bias=True)\n"
        ")\n");
  CHECK(n.net.parameter_count() == 57 + 48 + 325);
}

TEST_CASE("training mode reaches the layers of nested Sequentials", "[sequential]") {
  Sequential outer;
  auto inner = std::make_unique<Sequential>();
  inner->add<Dropout>(Real(0.5));
  outer.append(std::move(inner)).add<ReLU>();
  const Tensor x = Tensor::zeros({100}, true);
  x.fill(1);
  CHECK(difference(outer(x), x) > 0);
  outer.eval();
  CHECK(difference(outer(x), x) == 0);
}

TEST_CASE("an empty Sequential returns its input", "[sequential]") {
  const Sequential empty;
  const Tensor x = Tensor::zeros({3}, true);
  CHECK(empty(x).data() == x.data());
  CHECK(empty.parameter_count() == 0);
}

TEST_CASE("the layer that does not fit says so", "[sequential]") {
  const Net n;
  const std::string message = message_of([&] { n.net(Tensor::zeros({2, 6, 8}, true)); });
  CAPTURE(message);
  CHECK_THAT(message, contains("[linear] input must be per-sample with 64 elements"));
  CHECK_THAT(message_of([&] {
               n.net(Tensor::zeros({1, 8, 8}, true));
             }),
             contains("[conv2d] input must be per-sample [2, H, W], got per-sample [1, 8, 8]"));
}
