#include <cmath>

#include "core/autograd.h"
#include "layers/activations.h"
#include "layers/losses.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Labels labels_of(const GoldenCase& c) {
  Labels labels;
  for (int lane = 0; lane < lane_count; ++lane)
    labels.values[lane] = static_cast<int>(c.attributes.at("labels")[lane]);
  return labels;
}

Labels some_labels(int classes) {
  Labels labels;
  for (int lane = 0; lane < lane_count; ++lane) labels.values[lane] = lane * 7 % classes;
  return labels;
}

}  // namespace

TEST_CASE("losses give PyTorch's values and gradients", "[losses][golden]") {
  check_golden("layers.json", "nll_loss", [](const GoldenCase& c, std::span<const Tensor> x) {
    return nll_loss(x[0], labels_of(c));
  });
  check_golden("layers.json", "cross_entropy", [](const GoldenCase& c, std::span<const Tensor> x) {
    return cross_entropy(x[0], labels_of(c), static_cast<Real>(c.attribute("label_smoothing")));
  });
  check_golden("layers.json", "mse_loss",
               [](auto&, std::span<const Tensor> x) { return mse_loss(x[0], x[1]); });
}

TEST_CASE("losses have the gradients of their differences", "[losses][gradcheck]") {
  using In = std::span<const Tensor>;
  const Tensor x = random_tensor({6}, Kind::per_sample, 1, -2, 2);
  const Labels labels = some_labels(6);
  check_gradients("nll_loss", [&](In in) { return nll_loss(in[0], labels); }, {x});
  for (Real s : {Real(0), Real(0.1), Real(1)})
    check_gradients("cross_entropy", [&](In in) { return cross_entropy(in[0], labels, s); }, {x});
  const auto mse = [](In in) { return mse_loss(in[0], in[1]); };
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    check_gradients("mse_loss", mse, {x, random_tensor({6}, kind, 2)});
    check_gradients("mse_loss", mse, {random_tensor({6}, kind, 2), x});
  }
  check_gradients("mse_loss", [](In in) { return mse_loss(in[0], in[0]); }, {x});
}

TEST_CASE("cross_entropy is nll_loss after log_softmax", "[losses]") {
  const Tensor x = random_tensor({10}, Kind::per_sample, 1, -5, 5);
  const Labels labels = some_labels(10);
  const Tensor a = cross_entropy(x, labels), b = nll_loss(log_softmax(x), labels);
  for (int lane = 0; lane < lane_count; ++lane)
    CHECK(a[0][lane] == Approx(static_cast<double>(b[0][lane])).epsilon(1e-5));
}

TEST_CASE("cross_entropy survives huge and infinite scores", "[losses]") {
  Tensor x = Tensor::zeros({3}, true);
  x[0] = broadcast(10000);
  x[1] = broadcast(-10000);
  x[2] = broadcast(-static_cast<Real>(INFINITY));
  x.set_requires_grad();
  Labels labels;
  labels.values[1] = 1;
  const Tensor y = cross_entropy(x, labels);
  CHECK(y[0][0] == 0);
  CHECK(y[0][1] == 20000);
  backward(y);
  const Tensor dx = x.grad();
  for (Real value : dx.values()) CHECK(std::isfinite(value));
}

TEST_CASE("losses name the sample whose label does not exist", "[losses]") {
  const Tensor x = Tensor::zeros({10}, true);
  Labels labels;
  labels.values[3] = 12;
  CHECK(message_of([&] { nll_loss(x, labels); }) ==
        "[nll_loss] The label of sample 3 of this tile is 12, but an input of shape [10] has the "
        "classes 0 to 9");
  labels.values[3] = -1;
  CHECK(message_of([&] {
          cross_entropy(x, labels);
        }).find("[cross_entropy] The label of sample 3 of this tile is -1") == 0);
}

TEST_CASE("losses say what does not fit", "[losses]") {
  const Tensor x = Tensor::zeros({2, 5}, true);
  CHECK(message_of([&] { nll_loss(x, Labels()); }) ==
        "[nll_loss] The input must be one score for each class, per-sample [classes], got "
        "per-sample [2, 5]");
  CHECK(message_of([&] { cross_entropy(Tensor::zeros({5}), Labels()); }) ==
        "[cross_entropy] The input must be one score for each class, per-sample [classes], got "
        "shared [5]");
  CHECK(message_of([&] { cross_entropy(Tensor::zeros({5}, true), Labels(), 2); }) ==
        "[cross_entropy] The label smoothing must be in [0, 1], got 2");
  CHECK(message_of([&] {
          mse_loss(x, Tensor::zeros({5, 2}));
        }) == "[mse_loss] The shape [2, 5] of the input must equal the shape [5, 2] of the target");
  CHECK(message_of([&] { mse_loss(Tensor::zeros({2}), Tensor::zeros({2})); }) ==
        "[mse_loss] shared [2] and shared [2]: at least one must be per sample");
}
