#include <cmath>
#include <limits>

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

Tensor extreme_scores() {
  Tensor x = Tensor::zeros({3}, true);
  x[0] = broadcast(10000);
  x[1] = broadcast(-10000);
  x[2] = broadcast(-static_cast<Real>(INFINITY));
  x.set_requires_grad();
  return x;
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

TEST_CASE("weighted, ignored and soft targets give PyTorch's values and gradients",
          "[losses][golden]") {
  const auto options = [](const GoldenCase& c, const Tensor& weight) {
    CrossEntropyOptions o;
    o.weight = weight;
    o.label_smoothing = static_cast<Real>(c.attribute("label_smoothing"));
    if (c.attributes.count("ignore_index")) o.ignore_index = c.integer("ignore_index");
    return o;
  };
  check_golden("losses.json", "cross_entropy", [&](const GoldenCase& c, std::span<const Tensor> x) {
    return cross_entropy(x[0], labels_of(c), options(c, x[1]));
  });
  check_golden("losses.json", "cross_entropy_soft",
               [&](const GoldenCase& c, std::span<const Tensor> x) {
                 return cross_entropy(x[0], x[1], options(c, x.size() > 2 ? x[2] : Tensor()));
               });
}

TEST_CASE("losses of values give PyTorch's values and gradients", "[losses][golden]") {
  using In = std::span<const Tensor>;
  const auto check = [](const char* op, auto f) { check_golden("losses.json", op, f); };
  const auto number = [](const GoldenCase& c, const char* name) {
    return static_cast<Real>(c.attribute(name));
  };
  check("l1_loss", [](auto&, In x) { return l1_loss(x[0], x[1]); });
  check("huber_loss", [&](auto& c, In x) { return huber_loss(x[0], x[1], number(c, "delta")); });
  check("smooth_l1_loss",
        [&](auto& c, In x) { return smooth_l1_loss(x[0], x[1], number(c, "beta")); });
  check("binary_cross_entropy_with_logits", [](auto&, In x) {
    return binary_cross_entropy_with_logits(x[0], x[1], {.weight = x[2], .pos_weight = x[3]});
  });
}

TEST_CASE("losses of values have the gradients of their differences", "[losses][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    const Tensor x = random_distinct({2, 4}, Kind::per_sample, 1);
    Tensor target = random_distinct({2, 4}, kind, 2);
    for (Real& value : target.values()) value += Real(0.025);  // away from the kinks
    for (const std::vector<Tensor>& in : {std::vector{x, target}, {target, x}}) {
      check_gradients(
          "l1_loss", [](In x) { return l1_loss(x[0], x[1]); }, in);
      check_gradients(
          "huber_loss", [](In x) { return huber_loss(x[0], x[1], Real(0.1)); }, in);
      check_gradients(
          "smooth_l1_loss", [](In x) { return smooth_l1_loss(x[0], x[1], Real(0.1)); }, in);
      const Tensor weight = random_tensor({4}, Kind::shared, 3, 0.2, 2);
      check_gradients(
          "binary_cross_entropy_with_logits",
          [&](In x) {
            return binary_cross_entropy_with_logits(x[0], x[1],
                                                    {.weight = weight, .pos_weight = weight});
          },
          in);
    }
  }
}

TEST_CASE("weighted and soft cross_entropy has the gradients of its differences",
          "[losses][gradcheck]") {
  using In = std::span<const Tensor>;
  const Tensor x = random_tensor({6}, Kind::per_sample, 1, -2, 2);
  const CrossEntropyOptions options{.weight = random_tensor({6}, Kind::shared, 2, 0.1, 2),
                                    .ignore_index = 3,
                                    .label_smoothing = Real(0.2)};
  check_gradients("cross_entropy",
                  [&](In in) { return cross_entropy(in[0], some_labels(6), options); }, {x});
  for (Kind kind : {Kind::shared, Kind::per_sample})
    check_gradients("cross_entropy", [&](In in) { return cross_entropy(in[0], in[1], options); },
                    {x, random_tensor({6}, kind, 3, 0, 1)});
}

TEST_CASE("losses with extreme scores and at kinks", "[losses]") {
  Tensor x = extreme_scores();
  Labels labels;
  labels.values[1] = 1;
  labels.values[2] = -100;
  // What has no share in the target counts nothing, even at -infinity.
  const Tensor weighted = cross_entropy(x, labels, {.weight = Tensor::from({3}, {1, 2, 3})});
  CHECK(weighted[0][0] == 0);
  CHECK(weighted[0][1] == 40000);
  CHECK(weighted[0][2] == 0);
  backward(weighted);
  for (int k = 0; k < 3; ++k) CHECK(x.grad()[k][2] == 0);
  const Tensor soft = cross_entropy(x, Tensor::from({3}, {Real(0.5), Real(0.5), 0}));
  CHECK(soft[0][7] == 10000);

  Tensor z = Tensor::zeros({2}, true);
  z[0] = broadcast(1000);
  z[1] = broadcast(-1000);
  z.set_requires_grad();
  const Tensor target = Tensor::from({2}, {0, 1});
  const Tensor bce = binary_cross_entropy_with_logits(z, target);
  CHECK(bce[0][3] == 1000);
  backward(bce);
  CHECK(z.grad()[0][3] == 0.5);
  CHECK(z.grad()[1][3] == -0.5);
  const Tensor one = z.detach();
  for (auto* loss : {&l1_loss, &mse_loss}) {
    z.set_grad({});
    backward((*loss)(z, one));
    const Tensor dz = z.grad();
    for (const Real value : dz.values()) CHECK(value == 0);
  }
}

TEST_CASE("losses of values at NaN and next to the largest number are PyTorch's", "[losses]") {
  const auto slope_at = [](Real difference, auto loss) {
    Tensor x = Tensor::zeros({2}, true).set_requires_grad();
    x[0] = broadcast(difference);
    backward(loss(x, Tensor::zeros({2})));
    return x.grad()[0][3];
  };
  const Real nan = std::numeric_limits<Real>::quiet_NaN(), most = std::numeric_limits<Real>::max();
  const auto smooth = [](Real beta) {
    return [beta](const Tensor& x, const Tensor& t) { return smooth_l1_loss(x, t, beta); };
  };
  const auto huber = [](const Tensor& x, const Tensor& t) { return huber_loss(x, t, 3); };
  CHECK(slope_at(nan, l1_loss) == 0);
  CHECK(slope_at(nan, smooth(0)) == 0);
  CHECK(std::isnan(slope_at(nan, smooth(1))));
  CHECK(std::isnan(slope_at(nan, huber)));
  CHECK(std::isnan(slope_at(nan, mse_loss)));
  CHECK(slope_at(most, l1_loss) == Real(0.5));
  CHECK(slope_at(-most, smooth(0)) == Real(-0.5));
  CHECK(slope_at(-most, huber) == Real(-1.5));
  CHECK(slope_at(most, mse_loss) == most);  // 2 d / 2
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
  Tensor x = extreme_scores();
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
  const Tensor scores = Tensor::zeros({5}, true);
  CHECK(message_of([&] { cross_entropy(scores, Labels(), {.weight = Tensor::zeros({4})}); }) ==
        "[cross_entropy] The weight of 5 classes must be shared [5], got shared [4]");
  Tensor learned = Tensor::shared({5});
  learned.set_requires_grad();
  CHECK_THROWS_WITH(
      cross_entropy(Tensor::per_sample({5}), Labels{}, {.weight = learned}),
      "[cross_entropy] The weight of the classes gets no gradient; give it detach()ed");
  CHECK(message_of([&] { cross_entropy(scores, Tensor::zeros({4})); }) ==
        "[cross_entropy] The target of an input of shape [5] must be a probability for each class, "
        "got shared [4]");
  Labels ignored;
  ignored.values[4] = -100;
  CHECK(message_of([&] {
          cross_entropy(scores, ignored, {.ignore_index = 9});
        }).find("[cross_entropy] The label of sample 4 of this tile is -100") == 0);
  CHECK(message_of([&] {
          binary_cross_entropy_with_logits(scores, scores, {.pos_weight = Tensor::zeros({2, 5})});
        }) ==
        "[binary_cross_entropy_with_logits] A weight of shape [2, 5] does not fit an input of "
        "shape [5]");
  CHECK(message_of([&] { mse_loss(Tensor::zeros({2}), Tensor::zeros({2})); }) ==
        "[mse_loss] shared [2] and shared [2]: at least one must be per sample");
}

TEST_CASE("losses of no values and with extreme options", "[losses][odd]") {
  const Tensor none = Tensor::zeros({0}, true), x = Tensor::zeros({2}, true);
  const auto begins = [](const std::string& text, auto f) { CHECK(message_of(f).find(text) == 0); };
  begins("[l1_loss] The mean over no elements", [&] { l1_loss(none, none); });
  begins("[huber_loss] The mean over no elements", [&] { huber_loss(none, none); });
  begins("[smooth_l1_loss] The mean over no elements", [&] { smooth_l1_loss(none, none); });
  begins("[binary_cross_entropy_with_logits] The mean over no",
         [&] { binary_cross_entropy_with_logits(none, none); });
  for (const Real bad : {Real(-1), std::numeric_limits<Real>::quiet_NaN()}) {
    begins("[huber_loss] delta must", [&] { huber_loss(x, x, bad); });
    begins("[smooth_l1_loss] beta must", [&] { smooth_l1_loss(x, x, bad); });
    begins("[cross_entropy] The label smoothing must",
           [&] { cross_entropy(x, x, {.label_smoothing = bad}); });
  }
  begins("[huber_loss] delta must", [&] { huber_loss(x, x, 0); });
}

TEST_CASE("cross_entropy with options that change nothing is the one without", "[losses]") {
  const Tensor scores = extreme_scores();
  const Tensor with = cross_entropy(scores, some_labels(3), {.label_smoothing = Real(0.1)});
  const Tensor without = cross_entropy(scores, some_labels(3), Real(0.1));
  for (int lane = 0; lane < lane_count; ++lane) CHECK(with[0][lane] == without[0][lane]);
}
