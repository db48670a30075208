#include <limits>

#include "core/autograd.h"
#include "core/trace.h"
#include "layers/activations.h"
#include "layers/conv2d.h"
#include "layers/sequential.h"
#include "tests/catch.h"
#include "tests/conv_way.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

struct Operands {
  explicit Operands(const Conv2dOptions& o, const Shape& input)
      : x(random_tensor(input, Kind::per_sample, 1)),
        w(random_tensor({o.out, o.in / o.groups, o.kernel.h, o.kernel.w}, Kind::shared, 2)),
        b(o.bias ? random_tensor({o.out}, Kind::shared, 3) : Tensor()) {
    for (Tensor* input : {&x, &w, &b})
      if (*input) input->set_requires_grad();
  }
  Tensor x, w, b;
};

// Values and gradients against both operations one after the other: the same sums in the same
// order, so to the last bit.
void check_same_bits(const Operands& a, const Operands& e, const Conv2dOptions& o) {
  const Tensor y = conv_relu(a.x, a.w, a.b, o);
  const Tensor expected = relu(conv2d(e.x, e.w, e.b, o));
  CHECK(difference(y, expected) == 0);
  const Tensor dy = random_tensor(y.shape(), Kind::per_sample, 4);
  backward(y, dy);
  backward(expected, dy);
  CHECK(difference(a.x.grad(), e.x.grad()) == 0);
  CHECK(difference(a.w.grad(), e.w.grad()) == 0);
  if (a.b) CHECK(difference(a.b.grad(), e.b.grad()) == 0);
}

}  // namespace

TEST_CASE("conv_relu equals its two operations, whatever way they are computed", "[conv_relu]") {
  for (const ConvWay way : {ConvWay::direct, ConvWay::winograd, ConvWay::costs}) {
    const UseConv use(way);
    for (const int kernel : {1, 3, 5, 7})
      for (const int groups : {1, 2})
        for (const bool bias : {true, false}) {
          const Conv2dOptions o{.in = 4,
                                .out = 6,
                                .kernel = kernel,
                                .padding = {kernel / 2, 1},
                                .groups = groups,
                                .bias = bias};
          INFO("way " << static_cast<int>(way) << ", kernel " << kernel << ", groups " << groups);
          check_same_bits(Operands(o, {4, 9, 10}), Operands(o, {4, 9, 10}), o);
        }
  }
  const Conv2dOptions odd{
      .in = 3, .out = 5, .kernel = {2, 3}, .stride = {2, 1}, .padding = 1, .dilation = {1, 2}};
  check_same_bits(Operands(odd, {3, 8, 7}), Operands(odd, {3, 8, 7}), odd);
}

TEST_CASE("conv_relu of so many taps that they are summed in pieces", "[conv_relu]") {
  const Conv2dOptions o{.in = 2, .out = 2, .kernel = 100};
  check_same_bits(Operands(o, {2, 100, 101}), Operands(o, {2, 100, 101}), o);
}

TEST_CASE("conv_relu passes a NaN on as its two operations do", "[conv_relu]") {
  const Conv2dOptions o{.in = 1, .out = 3, .kernel = 2};
  const Operands a(o, {1, 5, 5}), e(o, {1, 5, 5});
  for (const Operands* operands : {&a, &e}) {
    operands->x[7][3] = std::numeric_limits<Real>::quiet_NaN();
    operands->x[12][8] = std::numeric_limits<Real>::infinity();
  }
  check_same_bits(a, e, o);
}

TEST_CASE("conv_relu has the gradients of its differences", "[conv_relu][gradcheck]") {
#ifdef FOVEA_DOUBLE  // steps of single precision would cross kinks
  for (const ConvWay way : {ConvWay::direct, ConvWay::winograd}) {
    const UseConv use(way);
    const Conv2dOptions o{.in = 2, .out = 3, .kernel = 3, .padding = {0, 1}};
    check_gradients(
        "conv_relu", [&](std::span<const Tensor> t) { return conv_relu(t[0], t[1], t[2], o); },
        {random_tensor({2, 5, 4}, Kind::per_sample), random_tensor({3, 2, 3, 3}, Kind::shared, 2),
         random_tensor({3}, Kind::shared, 3)});
  }
#endif
}

TEST_CASE("a chain runs a convolution and its ReLU as one, a trace shows both", "[conv_relu]") {
  Random rng(1);
  Sequential net;
  net.add<Conv2d>({.in = 1, .out = 2, .kernel = 3}, rng).add<ReLU>();
  Tensor x = random_tensor({1, 6, 6}, Kind::per_sample);
  const Tensor y = net(x);
  CHECK(y.node()->op() == std::string("conv_relu"));
  const Trace trace;
  CHECK(difference(net(x), y) == 0);
  REQUIRE(trace.ops().size() == 2);
  CHECK(trace.ops()[0].op == "conv2d");
  CHECK(trace.ops()[1].op == "relu");
}
