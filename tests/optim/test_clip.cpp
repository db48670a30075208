// Gradient clipping against torch.nn.utils (tests/golden/optim.py).
#include <cmath>
#include <limits>
#include <vector>

#include "optim/clip.h"
#include "tests/catch.h"
#include "tests/golden/optim.h"

namespace {

using namespace fovea;
using Catch::Matchers::Equals;

constexpr double tolerance = sizeof(Real) == 4 ? 1e-6 : 1e-13;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor parameter(const std::vector<double>& gradient, int count) {
  const Tensor grad = Tensor::shared({count});
  for (int i = 0; i < count; ++i) grad.data()[i] = static_cast<Real>(gradient.at(i));
  Tensor p = Tensor::zeros({count}).set_requires_grad();
  p.set_grad(grad);
  return p;
}

// The gradients of optim.py: step 0 of the three parameters, and one of 1,003 values.
std::vector<Tensor> parameters() {
  std::vector<double> sines;
  for (int i = 0; i < 1003; ++i) sines.push_back(std::sin(1.0 + i * i));
  return {parameter(optim_golden("gradient.0"), 6), parameter(optim_golden("gradient.1"), 2),
          parameter(optim_golden("gradient.2"), 19), parameter(sines, 1003)};
}

void check_gradients(const std::vector<Tensor>& parameters, const std::string& name) {
  const std::vector<double>& expected = optim_golden(name);
  std::size_t at = 0;
  for (int p = 0; p < 3; ++p) {
    const Tensor grad = parameters[p].grad();
    for (const Real value : grad.values()) {
      INFO(name << ", parameter " << p << ", value " << at);
      CHECK(value == Approx(expected.at(at++)).epsilon(tolerance));
    }
  }
  CHECK(at == expected.size());
}

}  // namespace

TEST_CASE("gradients are clipped as PyTorch does", "[clip]") {
  for (const auto& [name, max_norm] :
       {std::pair("clip_tight", 0.5), std::pair("clip_loose", 1e3)}) {
    const std::vector<Tensor> p = parameters();
    const double expected = optim_golden(std::string(name) + ".norm")[0];
    CHECK(grad_norm(p) == Approx(expected).epsilon(tolerance));
    CHECK(clip_grad_norm(p, max_norm) == Approx(expected).epsilon(tolerance));
    check_gradients(p, name);
    CHECK(grad_norm(p) == Approx(std::min(expected, max_norm)).epsilon(2e-6));
  }
  const std::vector<Tensor> p = parameters();
  clip_grad_value(p, 0.4);
  check_gradients(p, "clip_value");
}

TEST_CASE("the norm takes every element of every size", "[clip]") {
  for (int size : {0, 1, 15, 16, 17, 31, 32, 33, 100}) {
    INFO("size " << size);
    const Tensor p = parameter(std::vector<double>(size, 3), size);
    CHECK(grad_norm({&p, 1}) == Approx(3 * std::sqrt(size)));
    for (int i = 0; i < size; ++i) {
      p.grad().fill(0);
      p.grad().data()[i] = 2;
      REQUIRE(grad_norm({&p, 1}) == 2);
    }
  }
}

TEST_CASE("clipping at the edges", "[clip]") {
  CHECK(grad_norm({}) == 0);
  Tensor none = Tensor::zeros({3}), unreached = Tensor::zeros({3}).set_requires_grad();
  CHECK(clip_grad_norm(std::vector{none, unreached}, 1) == 0);
  CHECK(!unreached.grad());

  std::vector<Tensor> p = {parameter({1, -2}, 2), parameter({5}, 1)};
  const auto gradient = [&] { return p[0].grad().data(); };
  CHECK(clip_grad_norm(p, infinity) == Approx(std::sqrt(30.0)));
  CHECK(gradient()[1] == -2);
  clip_grad_value(p, infinity);
  CHECK(gradient()[1] == -2);
  gradient()[1] = Real(2e19);  // its square is beyond float
  CHECK(grad_norm(p) == Approx(2e19));

  // Not finite: measured, not touched; only clip_grad_value limits an infinity.
  for (double bad : {not_a_number, infinity, -infinity}) {
    gradient()[1] = static_cast<Real>(bad);
    CHECK(!std::isfinite(clip_grad_norm(p, 1)));
    CHECK(gradient()[0] == 1);
    CHECK(p[1].grad().item() == 5);
  }
  clip_grad_value(p, 3);
  CHECK(gradient()[1] == -3);
  gradient()[1] = static_cast<Real>(not_a_number);
  clip_grad_value(p, 3);
  CHECK(std::isnan(gradient()[1]));

  // The 1e-6 of the formula matters for small norms: 5e-7 / (1e-6 + 1e-6).
  const Tensor small = parameter({1e-6}, 1);
  clip_grad_norm({&small, 1}, 5e-7);
  CHECK(small.grad().item() == Approx(0.25e-6));

  gradient()[1] = 1;
  clip_grad_norm(p, 0);
  CHECK(grad_norm(p) == 0);
  CHECK_THROWS_WITH(clip_grad_norm(p, -1),
                    Equals("[clip_grad_norm] max_norm must be zero or more, got -1"));
  CHECK_THROWS_WITH(clip_grad_value(p, not_a_number),
                    Equals("[clip_grad_value] limit must be zero or more, got nan"));
}

TEST_CASE("huge gradients are clipped by their true norm", "[clip]") {
  if (sizeof(Real) != 4) return;
  // PyTorch's norm is infinite here, and its gradients are all zero then.
  for (const double size : {2e19, 1e30, 3e38})
    for (const double max_norm : {1.0, 1e-3, 1e-6}) {
      INFO(size << " to " << max_norm);
      const Tensor p = parameter({size, -size, size, size}, 4);
      CHECK(clip_grad_norm({&p, 1}, max_norm) == Approx(2 * size).epsilon(tolerance));
      CHECK(p.grad().data()[1] == Approx(-max_norm / 2).epsilon(tolerance));
    }
  const Tensor tiny = parameter({1e-30, 1e-30}, 2);
  CHECK(grad_norm({&tiny, 1}) == Approx(std::sqrt(2.0) * 1e-30).epsilon(tolerance));
}
