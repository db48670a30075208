// Optimisers: PyTorch's trajectories (tests/golden/optim.py), and every size of parameter.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/optim_test.h"

namespace {

using namespace optim_test;

const std::vector<int> saved_after = {1, 2, 3, 7, 12};

void check_trajectory(const std::string& name, const Make& make,
                      const Missing& missing = none_missing, int halve_before = -1) {
  INFO("trajectory " << name);
  const std::vector<Tensor> parameters = initial_parameters();
  const std::unique_ptr<Optimizer> optimizer = make(parameters);
  const std::vector<double>& expected = optim_golden(name);
  std::size_t at = 0;
  for (int step = 0; step < step_count; ++step) {
    set_gradients(parameters, step, missing);
    if (step == halve_before) optimizer->set_learning_rate(optimizer->learning_rate() / 2);
    optimizer->step();
    if (std::find(saved_after.begin(), saved_after.end(), step + 1) == saved_after.end()) continue;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      for (int k = 0; k < parameters[i].size(); ++k, ++at) {
        INFO("after step " << step + 1 << ", parameter " << i << ", index " << k);
        REQUIRE(parameters[i].data()[k] ==
                Approx(expected.at(at)).epsilon(tolerance).margin(tolerance));
      }
  }
  CHECK(at == expected.size());
  CHECK(optimizer->steps() == step_count);
}

// The formula of adam.h, one value after the other, in double.
struct AdamReference {
  double p, m = 0, v = 0;
  void step(double g, int t, double lr, double eps) {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p -= lr / (1 - std::pow(0.9, t)) * m / (std::sqrt(v) / std::sqrt(1 - std::pow(0.999, t)) + eps);
  }
};

// One parameter, from 1, after each of these gradients.
template <class Kind, class Options>
std::vector<double> path(const Options& options, const std::vector<double>& gradients) {
  const Tensor p = leaf({1});
  Kind optimizer(std::vector<Tensor>{p}, options);
  std::vector<double> out;
  for (const double g : gradients) {
    p.set_grad(Tensor::filled({1}, static_cast<Real>(g)));
    optimizer.step();
    out.push_back(static_cast<double>(p.item()));
  }
  return out;
}

void check_path(const std::vector<double>& path, const std::vector<double>& expected) {
  REQUIRE(path.size() == expected.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    INFO("after step " << i + 1);
    CHECK(path[i] == Approx(expected[i]).epsilon(2e-6));
  }
}

}  // namespace

TEST_CASE("sgd follows PyTorch", "[optim]") {
  check_trajectory("sgd", one_group<Sgd>(SgdOptions{.lr = 0.01}));
  check_trajectory("sgd_nesterov",
                   one_group<Sgd>(SgdOptions{
                       .lr = 0.01, .momentum = 0.9, .weight_decay = 0.0005, .nesterov = true}));
  check_trajectory("sgd_momentum_dampening",
                   one_group<Sgd>(SgdOptions{.lr = 0.01, .momentum = 0.9, .dampening = 0.1}));
  check_trajectory("sgd_decay", one_group<Sgd>(SgdOptions{.lr = 0.1, .weight_decay = 0.3}));
  check_trajectory("sgd_all",
                   one_group<Sgd>(SgdOptions{
                       .lr = 0.1, .momentum = 0.7, .dampening = 0.6, .weight_decay = 0.2}));
}

TEST_CASE("adam follows PyTorch", "[optim]") {
  check_trajectory("adam", one_group<Adam>(AdamOptions{}));
  check_trajectory("adam_decay", one_group<Adam>(AdamOptions{
                                     .betas = {0.8, 0.99}, .eps = 1e-7, .weight_decay = 0.0001}));
  check_trajectory("adam_fast",
                   one_group<Adam>(AdamOptions{
                       .lr = 0.02, .betas = {0.3, 0.6}, .eps = 0.05, .weight_decay = 0.4}));
  check_trajectory("adam_no_memory",
                   one_group<Adam>(AdamOptions{.lr = 0.02, .betas = {0, 0}, .eps = 0.1}));
}

TEST_CASE("adamw follows PyTorch", "[optim]") {
  check_trajectory("adamw", one_group<AdamW>(AdamWOptions{.lr = 0.002, .weight_decay = 0.02}));
  check_trajectory("adamw_fast",
                   one_group<AdamW>(AdamWOptions{
                       .lr = 0.03, .betas = {0.5, 0.8}, .eps = 0.01, .weight_decay = 0.5}));
}

TEST_CASE("amsgrad follows PyTorch", "[optim]") {
  check_trajectory("adam_amsgrad",
                   one_group<Adam>(AdamOptions{
                       .lr = 0.02, .betas = {0.5, 0.6}, .weight_decay = 0.1, .amsgrad = true}));
  check_trajectory("adamw_amsgrad", one_group<AdamW>(AdamWOptions{
                                        .lr = 0.02, .betas = {0.9, 0.7}, .amsgrad = true}));
}

TEST_CASE("rmsprop follows PyTorch", "[optim]") {
  check_trajectory("rmsprop", one_group<RmsProp>(RmsPropOptions{}));
  check_trajectory("rmsprop_momentum",
                   one_group<RmsProp>(RmsPropOptions{
                       .alpha = 0.8, .eps = 1e-3, .weight_decay = 0.1, .momentum = 0.9}));
  check_trajectory("rmsprop_centered",
                   one_group<RmsProp>(RmsPropOptions{.alpha = 0.7, .centered = true}));
  check_trajectory("rmsprop_all", one_group<RmsProp>(RmsPropOptions{.lr = 0.02,
                                                                    .alpha = 0.4,
                                                                    .eps = 0.01,
                                                                    .weight_decay = 0.2,
                                                                    .momentum = 0.6,
                                                                    .centered = true}));
}

TEST_CASE("parameters without a gradient stay as they are", "[optim]") {
  check_trajectory("missing_sgd",
                   one_group<Sgd>(SgdOptions{.lr = 0.05, .momentum = 0.9, .dampening = 0.5}),
                   some_missing);
  check_trajectory("missing_adam", one_group<Adam>(AdamOptions{.lr = 0.01}), some_missing);
  check_trajectory("missing_rmsprop",
                   one_group<RmsProp>(RmsPropOptions{.momentum = 0.5, .centered = true}),
                   some_missing);

  Tensor frozen = Tensor::filled({3}, 2), trained = leaf({2});
  Adam adam({frozen, trained});
  trained.set_grad(Tensor::filled({2}, 1));
  adam.step();
  CHECK(frozen.data()[0] == 2);
  CHECK(trained.data()[0] < 1);
}

TEST_CASE("groups have their own rate and decay", "[optim]") {
  // And the rate is halved before step 4.
  check_trajectory("groups_sgd",
                   two_groups<Sgd>(SgdOptions{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.1}),
                   none_missing, 4);
  check_trajectory("groups_adamw", two_groups<AdamW>(AdamWOptions{.lr = 0.01, .weight_decay = 0.1}),
                   none_missing, 4);
}

TEST_CASE("an optimiser leaves gradients alone and handles every size", "[optim]") {
  for (int size : {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 1000}) {
    INFO("size " << size);
    Tensor sgd_value = leaf({size}), adam_value = leaf({size});
    const Tensor grad = Tensor::shared({size});
    for (int i = 0; i < size; ++i) grad.data()[i] = static_cast<Real>(std::sin(1 + i));
    const Tensor before = grad.clone();
    sgd_value.set_grad(grad), adam_value.set_grad(grad);
    Sgd sgd({sgd_value}, {.lr = 0.1, .momentum = 0.5});
    Adam adam({adam_value}, {.lr = 0.1, .eps = 0.01});
    for (int t = 0; t < 3; ++t) sgd.step(), adam.step();
    CHECK(same_bits(grad, before));
    for (int i = 0; i < size; ++i) {
      const double g = grad.data()[i];
      REQUIRE(sgd_value.data()[i] ==
              Approx(1 - 0.1 * g * (1 + 1.5 + 1.75)).epsilon(10 * tolerance));
      AdamReference reference{.p = 1};
      for (int t = 1; t <= 3; ++t) reference.step(g, t, 0.1, 0.01);
      REQUIRE(adam_value.data()[i] == Approx(reference.p).epsilon(10 * tolerance));
    }
  }
}

TEST_CASE("momentum may change between steps, as one_cycle_momentum wants it", "[optim]") {
  const auto after_two_steps = [](auto&& make) {
    Tensor value = leaf({1}), grad = Tensor::shared({1});
    grad.data()[0] = 1;
    value.set_grad(grad);
    auto optimizer = make(value);
    optimizer.step();
    optimizer.set_momentum(0.5);
    optimizer.step();
    return value.data()[0];
  };
  const double sgd =
      after_two_steps([](Tensor& p) { return Sgd({p}, {.lr = 0.1, .momentum = 0.9}); });
  CHECK(sgd == Approx(1 - 0.1 * (1 + (0.5 * 1 + 1))).epsilon(10 * tolerance));
  // Squares average 0.01 and 0.0199 of a gradient of 1.
  const double rmsprop =
      after_two_steps([](Tensor& p) { return RmsProp({p}, {.lr = 0.01, .momentum = 0.9}); });
  const double first = 1 / std::sqrt(0.01), second = 1 / std::sqrt(0.0199);
  CHECK(rmsprop == Approx(1 - 0.01 * (first + (0.5 * first + second))).epsilon(10 * tolerance));
}

TEST_CASE("adam goes on after gradients whose squares overflow", "[optim]") {
  if (sizeof(Real) != 4) return;
  const AdamOptions options{.lr = 0.1};
  // PyTorch's float32, as long as its v is finite: up to 5e20.
  for (const double g : {1e15, 1.8e19, 2e19, 1e20, 5e20})
    check_path(path<Adam>(options, {g, 1, 1, 1}), {0.9, 0.832994, 0.781199, 0.738771});
  for (const double g : {1e15, 2e19, 1e20})
    check_path(path<Adam>(options, {g, -g, g, g}), {0.9, 0.905263, 0.871684, 0.818790});
  check_path(path<Adam>(options, {1e20, 1e19, 3e19, -2e20}), {0.9, 0.825919, 0.752762, 0.776443});
  check_path(path<AdamW>(AdamWOptions{.lr = 0.1}, {2e19, 1, 1, 1}),
             {0.899, 0.831095, 0.778468, 0.735262});
  // Beyond, PyTorch stands still for good.
  for (const double g : {6e20, 1e25, 3e38}) {
    check_path(path<Adam>(options, {g, 1, 1, 1}), {0.9, 0.832994, 0.781199, 0.738771});
    check_path(path<Adam>(options, {-g, 1, 1, 1}), {1.1, 1.167006, 1.218801, 1.261229});
    for (const double p : path<Adam>(options, std::vector<double>(50, g))) CHECK(std::abs(p) < 50);
  }
  // By way of the weight decay, and with a beta1 of the other formula.
  check_path(path<Adam>(AdamOptions{.lr = 0.1, .weight_decay = 1e25}, {0}), {0.9});
  check_path(path<Adam>(AdamOptions{.lr = 0.1, .betas = {0, 0}}, {3e38, 1}), {0.9, 0.8});
}

TEST_CASE("adam: one huge gradient changes no other parameter's bits", "[optim]") {
  const auto trained = [](Real huge) {
    const Tensor p = leaf({2000}), grad = Tensor::shared({2000});
    for (int i = 0; i < 2000; ++i) grad.data()[i] = static_cast<Real>(std::sin(i));
    grad.data()[600] = huge;
    p.set_grad(grad);
    Adam adam({p});
    for (int t = 0; t < 3; ++t) adam.step();
    return p;
  };
  const Tensor usual = trained(1), with_huge = trained(Real(1e30));
  for (int i = 0; i < 2000; ++i)
    if (i != 600) REQUIRE(with_huge.data()[i] == usual.data()[i]);
  CHECK(with_huge.data()[600] == Approx(0.996).epsilon(1e-3));
  // An infinite gradient is still one to be seen.
  CHECK_FALSE(std::isfinite(trained(std::numeric_limits<Real>::infinity()).data()[600]));
  CHECK_FALSE(std::isfinite(trained(std::numeric_limits<Real>::quiet_NaN()).data()[600]));
}

TEST_CASE("adam: squares too small for a float", "[optim]") {
  const AdamOptions no_eps{.lr = 0.1, .eps = 0};
  check_path(path<Adam>(no_eps, {0, 0}), {1, 1});
  check_path(path<Adam>(no_eps, {1e-10, 1e-10}), {0.9, 0.8});
  for (const double g : {1e-18, 1e-20, 1e-23, 1e-38})
    for (const double p : path<Adam>(no_eps, {g, g, g})) CHECK(std::abs(p - 1) <= 0.4);
  check_path(path<Adam>(AdamOptions{.lr = 0.1}, {1e-10, 1e-10}), {0.999010, 0.998020});
}

TEST_CASE("rmsprop and amsgrad go on after extreme gradients", "[optim]") {
  if (sizeof(Real) != 4) return;
  for (const double g : {1e25, 3e38, -3e38}) {
    for (const bool centered : {false, true}) {
      const auto way = path<RmsProp>(RmsPropOptions{.lr = 0.1, .centered = centered}, {g, 1, 1, 1});
      for (const double p : way) CHECK(std::abs(p) < 3);
    }
    const auto way = path<Adam>(AdamOptions{.lr = 0.1, .amsgrad = true}, {g, 1, 1, 1});
    for (const double p : way) CHECK(std::abs(p) < 3);
  }
  // Equal gradients have no spread: its root is 0, not that of what rounding left.
  const std::vector<double> equal(20, 0.1);
  for (const double p : path<RmsProp>(RmsPropOptions{.alpha = 0, .centered = true}, equal))
    CHECK(std::isfinite(p));
  for (const double p : path<RmsProp>(RmsPropOptions{.eps = 0}, {0, 0, 1e-30}))
    CHECK(p == Approx(1).margin(0.2));
}

TEST_CASE("sgd overflows where PyTorch does, not earlier", "[optim]") {
  if (sizeof(Real) != 4) return;
  const SgdOptions momentum{.lr = 1e-37, .momentum = 0.9};
  check_path(path<Sgd>(momentum, {1e38, 1e38, 1, 1}), {-9, -28, -45.1, -60.49});
  check_path(path<Sgd>(SgdOptions{.lr = 1e-37}, {3e38, 3e38, 1}), {-29, -59, -59});
  CHECK(std::isinf(path<Sgd>(momentum, {3e38, 3e38})[1]));
}
