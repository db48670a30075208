// Optimisers: PyTorch's trajectories (tests/golden/optim.py), and every size of parameter.
#include <algorithm>
#include <cmath>

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

TEST_CASE("parameters without a gradient stay as they are", "[optim]") {
  check_trajectory("missing_sgd",
                   one_group<Sgd>(SgdOptions{.lr = 0.05, .momentum = 0.9, .dampening = 0.5}),
                   some_missing);
  check_trajectory("missing_adam", one_group<Adam>(AdamOptions{.lr = 0.01}), some_missing);

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
