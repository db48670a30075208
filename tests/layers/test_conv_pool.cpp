#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/debug.h"
#include "core/random.h"
#include "layers/activations.h"
#include "layers/conv_pool.h"
#include "layers/kernels/conv_pool_grads.h"
#include "tests/catch.h"
#include "tests/conv_way.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr MaxPool2dOptions two{.kernel = 2};

struct Operands {
  Operands(int height, int width, const Conv2dOptions& o)
      : x(random_integers({o.in, height, width}, true, 1)),
        w(random_integers({o.out, o.in / o.groups, o.kernel.h, o.kernel.w}, false, 2)),
        b(o.bias ? random_integers({o.out}, false, 3) : Tensor()) {
    for (Tensor* input : {&x, &w, &b})
      if (*input) input->set_requires_grad();
  }
  Tensor x, w, b;
};

// Whole numbers of which one in `rarity` is not 0.
Tensor sparse_integers(const Shape& shape, int rarity) {
  const Tensor t = random_integers(shape, true, 4);
  Random rng(9);
  for (Real& value : t.values())
    if (rng.below(static_cast<std::uint32_t>(rarity)) != 0) value = 0;
  return t;
}

// Values and gradients against the three operations one after the other, with gradients that are
// dense, sparse and all zero; whole numbers, so without tolerance.
void check_exact(int height, int width, const Conv2dOptions& o, const MaxPool2dOptions& p = two) {
  const UseConv direct(ConvWay::direct);  // Winograd rounds: test_winograd.cpp
  INFO("input " << o.in << "x" << height << "x" << width << ", out " << o.out << ", kernel "
                << o.kernel.h << "x" << o.kernel.w << ", stride " << o.stride.h << "x" << o.stride.w
                << ", padding " << o.padding.h << "x" << o.padding.w << ", dilation "
                << o.dilation.h << "x" << o.dilation.w << ", groups " << o.groups);
  for (int rarity : {1, 6, 50, 1 << 30}) {
    INFO("one gradient in " << rarity);
    const Operands a(height, width, o), e(height, width, o);
    const Tensor y = conv_pool_relu(a.x, a.w, a.b, o, p);
    const Tensor expected = relu(max_pool2d(conv2d(e.x, e.w, e.b, o), p));
    REQUIRE(difference(y, expected) == 0);
    const Tensor dy = sparse_integers(y.shape(), rarity);
    backward(y, dy);
    backward(expected, dy);
    CHECK(difference(a.x.grad(), e.x.grad()) == 0);
    CHECK(difference(a.w.grad(), e.w.grad()) == 0);
    if (o.bias) CHECK(difference(a.b.grad(), e.b.grad()) == 0);
  }
}

}  // namespace

TEST_CASE("conv_pool_relu equals its three operations for all numbers of channels", "[conv_pool]") {
  for (int in : {1, 2, 3, 7, 8, 9, 15, 16, 17, 33})
    for (int out : {1, 2, 5, 6, 7, 13}) check_exact(6, 8, {.in = in, .out = out, .kernel = 3});
}

TEST_CASE("conv_pool_relu equals its three operations for all output sizes", "[conv_pool]") {
  for (int in : {1, 9})
    for (int height = 2; height <= 6; ++height)
      for (int width = 2; width <= 11; ++width)
        check_exact(height + 1, width + 2, {.in = in, .out = 3, .kernel = {2, 3}});
}

TEST_CASE("conv_pool_relu equals its three operations for all kernels", "[conv_pool]") {
  const Extent2 kernels[] = {1, 2, 5, 7, {1, 3}, {4, 1}, {2, 11}};
  for (int in : {2, 10})
    for (const Extent2 kernel : kernels)
      for (int stride : {1, 2})
        for (int padding : {0, 2})
          for (int dilation : {1, 2})
            check_exact(dilation * (kernel.h - 1) + 1 + 2 * stride,
                        dilation * (kernel.w - 1) + 1 + 3 * stride,
                        {.in = in,
                         .out = 4,
                         .kernel = kernel,
                         .stride = {stride, 1},
                         .padding = {padding, 1},
                         .dilation = {1, dilation},
                         .bias = padding == 0});
}

TEST_CASE("conv_pool_relu equals its three operations on the tutorial's layers", "[conv_pool]") {
  check_exact(28, 28, {.in = 1, .out = 8, .kernel = 7});
  check_exact(11, 11, {.in = 8, .out = 10, .kernel = 5});
  check_exact(28, 28, {.in = 1, .out = 10, .kernel = 5});
  check_exact(12, 12, {.in = 10, .out = 20, .kernel = 5});
  check_exact(45, 44, {.in = 1, .out = 20, .kernel = 5});  // more than one band of rows
}

TEST_CASE("conv_pool_relu equals its three operations where it does not fuse", "[conv_pool]") {
  check_exact(6, 6, {.in = 4, .out = 6, .kernel = 3, .groups = 2});
  const Conv2dOptions plain{.in = 2, .out = 3, .kernel = 3};
  check_exact(8, 9, plain, {.kernel = 3});
  check_exact(8, 9, plain, {.kernel = 2, .stride = 1});
  check_exact(8, 9, plain, {.kernel = 2, .padding = 1});
  check_exact(8, 9, plain, {.kernel = {2, 1}});
}

TEST_CASE("few gradients take the sparse way, dilated ones do not", "[conv_pool]") {
  const auto ways = [](const Conv2dOptions& o, int rarity) {
    const Operands a(12, 12, o);
    const ConvGeometry g = conv2d_geometry(a.x, a.w, a.b, o);
    const Tensor dy = sparse_integers({o.out, g.out_h / 2, g.out_w / 2}, rarity);
    const Buffer<LaneInts> winners(static_cast<std::size_t>(dy.size()));
    for (int i = 0; i < dy.size(); ++i) winners[static_cast<std::size_t>(i)] = LaneInts{};
    return pooled_grad_ways(g, dy.lanes(), winners.data(), true, true);
  };
  const PooledGradWays wide = ways({.in = 16, .out = 6, .kernel = 5}, 50);
  CHECK((wide.sparse_weights && wide.input == PooledGradWays::sparse));
  const PooledGradWays dense = ways({.in = 1, .out = 6, .kernel = 1}, 1);
  CHECK((!dense.sparse_weights && dense.input == PooledGradWays::dense));
  const PooledGradWays dilated = ways({.in = 16, .out = 6, .kernel = 5, .dilation = 2}, 50);
  CHECK((!dilated.sparse_weights && dilated.input == PooledGradWays::dense));
}

TEST_CASE("all kernels add the same gradients, whichever is faster", "[conv_pool]") {
  for (const int in : {1, 3, 8, 17})
    for (const Extent2 kernel : {Extent2(1), Extent2(5), Extent2(7, 2), Extent2(2, 11)})
      for (const Extent2 stride : {Extent2(1), Extent2(2, 1), Extent2(1, 3)})
        for (const int rarity : {1, 3, 40}) {
          const Conv2dOptions o{
              .in = in, .out = 3, .kernel = kernel, .stride = stride, .bias = false};
          INFO("in " << in << ", kernel " << kernel.h << "x" << kernel.w << ", stride " << stride.h
                     << "x" << stride.w << ", one gradient in " << rarity);
          const Operands a(kernel.h + 4 * stride.h, kernel.w + 6 * stride.w, o);
          const ConvGeometry g = conv2d_geometry(a.x, a.w, a.b, o);
          const int windows_w = g.out_w / 2, windows = g.out_h / 2 * windows_w;
          const Tensor dy = sparse_integers({o.out, windows}, rarity);
          const Tensor unpooled = Tensor::zeros({o.out, g.out_h, g.out_w}, true);
          const Buffer<LaneInts> winners(static_cast<std::size_t>(dy.size()));
          Random rng(5);
          for (int i = 0; i < dy.size(); ++i)
            for (int lane = 0; lane < lane_count; ++lane) {
              const int winner = static_cast<int>(rng.below(5)), window = i % windows;
              winners[static_cast<std::size_t>(i)][lane] = winner;
              if (winner == dead_window) continue;
              const int row = window / windows_w * 2 + winner / 2;
              const int column = window % windows_w * 2 + winner % 2;
              unpooled[(i / windows * g.out_h + row) * g.out_w + column][lane] = dy[i][lane];
            }
          const Tensor dw = random_integers(a.w.shape(), false, 6), dw_expected = dw.clone();
          const Tensor dx = random_integers(a.x.shape(), true, 7), dx_expected = dx.clone();
          const Tensor dx_pooled = dx.clone();
          conv_sparse_weight_grad(g, a.x.lanes(), dy.lanes(), winners.data(), dw.data());
          conv_sparse_input_grad(g, a.w.data(), dy.lanes(), winners.data(), dx.lanes());
          conv_pool_input_grad(g, a.w.data(), dy.lanes(), winners.data(), dx_pooled.lanes());
          const Real* d = unpooled.data();
          conv_weight_grad(g, a.x.data(), d, g.positions(), 0, g.out_h, dw_expected.data());
          conv_input_grad(g, a.w.data(), d, g.positions(), 0, g.out_h, dx_expected.data());
          CHECK(difference(dw, dw_expected) == 0);
          CHECK(difference(dx, dx_expected) == 0);
          CHECK(difference(dx_pooled, dx_expected) == 0);
        }
}

TEST_CASE("conv_pool_relu passes a NaN on as its three operations do", "[conv_pool]") {
  const Conv2dOptions o{.in = 1, .out = 3, .kernel = 2};
  const Operands a(7, 7, o), e(7, 7, o);
  for (const Operands* operands : {&a, &e}) {
    operands->x[24][3] = std::numeric_limits<Real>::quiet_NaN();
    operands->x[10][8] = std::numeric_limits<Real>::infinity();
  }
  const Tensor y = conv_pool_relu(a.x, a.w, a.b, o, two);
  const Tensor expected = relu(max_pool2d(conv2d(e.x, e.w, e.b, o), two));
  CHECK(difference(y, expected) == 0);
  const Tensor dy = random_integers(y.shape(), true, 5);
  backward(y, dy);
  backward(expected, dy);
  CHECK(difference(a.x.grad(), e.x.grad()) == 0);
  CHECK(difference(a.b.grad(), e.b.grad()) == 0);
}

TEST_CASE("a window of zeros or less has no gradient", "[conv_pool]") {
  const Conv2dOptions o{.in = 1, .out = 1, .kernel = 1};
  const Operands a(2, 2, o);
  a.x.fill(0);
  a.b.fill(0);
  const Tensor y = conv_pool_relu(a.x, a.w, a.b, o, two);
  backward(y);
  CHECK(difference(y, Tensor::zeros({1, 1, 1}, true)) == 0);
  CHECK(a.b.grad().item() == 0);
}

TEST_CASE("conv_pool_relu has the gradients of its differences", "[conv_pool][gradcheck]") {
#ifdef FOVEA_DOUBLE  // steps of single precision would cross kinks
  for (int in : {1, 8}) {
    const Conv2dOptions o{.in = in, .out = 3, .kernel = 2, .padding = {0, 1}};
    check_gradients(
        "conv_pool_relu",
        [&](std::span<const Tensor> t) { return conv_pool_relu(t[0], t[1], t[2], o, two); },
        {random_tensor({in, 5, 4}, Kind::per_sample), random_tensor({3, in, 2, 2}, Kind::shared, 2),
         random_tensor({3}, Kind::shared, 3)});
  }
#endif
}

TEST_CASE("a trace shows the three operations of conv_pool_relu", "[conv_pool]") {
  const Conv2dOptions o{.in = 1, .out = 2, .kernel = 3};
  const Operands a(6, 6, o);
  const Tensor y = conv_pool_relu(a.x, a.w, a.b, o, two);
  const Trace trace;
  CHECK(difference(conv_pool_relu(a.x, a.w, a.b, o, two), y) == 0);
  REQUIRE(trace.ops().size() == 3);
  CHECK(trace.ops()[0].op == "conv2d");
  CHECK(trace.ops()[1].op == "max_pool2d");
  CHECK(trace.ops()[2].op == "relu");
}

TEST_CASE("conv_pool_relu says what does not fit", "[conv_pool]") {
  const Conv2dOptions o{.in = 1, .out = 2, .kernel = 3};
  const Operands a(3, 9, o);
  CHECK(message_of([&] { conv_pool_relu(a.x, a.w, a.b, o, two); }) ==
        "[conv_pool_relu] a 2x2 window does not fit the output 1x7 of the convolution");
  CHECK_THAT(message_of([&] {
               conv_pool_relu(Tensor::zeros({2, 9, 9}, true), a.w, a.b, o, two);
             }),
             contains("[conv2d] input must be per-sample [1, H, W], got per-sample [2, 9, 9]"));
}
