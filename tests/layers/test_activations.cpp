#include <cmath>

#include "core/autograd.h"
#include "layers/activations.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Real real(double value) {
  return static_cast<Real>(value);
}

}  // namespace

TEST_CASE("activations give PyTorch's values and gradients", "[activations][golden]") {
  using In = std::span<const Tensor>;
  const auto check = [](const char* op, auto f) { check_golden("activations.json", op, f); };
  check("relu", [](auto&, In x) { return relu(x[0]); });
  check("leaky_relu", [](auto& c, In x) { return leaky_relu(x[0], real(c.attribute("slope"))); });
  check("elu", [](auto& c, In x) { return elu(x[0], real(c.attribute("alpha"))); });
  check("gelu", [](auto&, In x) { return gelu(x[0]); });
  check("gelu_tanh", [](auto&, In x) { return gelu(x[0], GeluForm::tanh); });
  check("silu", [](auto&, In x) { return silu(x[0]); });
  check("softplus", [](auto& c, In x) {
    return softplus(x[0], real(c.attribute("beta")), real(c.attribute("threshold")));
  });
  check("logsigmoid", [](auto&, In x) { return logsigmoid(x[0]); });
  check("prelu", [](auto&, In x) { return prelu(x[0], x[1]); });
  check("softmax", [](auto& c, In x) { return softmax(x[0], c.integer("dim")); });
  check("log_softmax", [](auto& c, In x) { return log_softmax(x[0], c.integer("dim")); });
}

TEST_CASE("activations have the gradients of their differences", "[activations][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    const Tensor x = random_nonzero({3, 7}, kind);
    check_gradients("relu", [](In x) { return relu(x[0]); }, {x});
    check_gradients("leaky_relu", [](In x) { return leaky_relu(x[0], real(0.2)); }, {x});
    check_gradients("elu", [](In x) { return elu(x[0], real(0.7)); }, {x});
    check_gradients("gelu", [](In x) { return gelu(x[0]); }, {x});
    check_gradients("gelu_tanh", [](In x) { return gelu(x[0], GeluForm::tanh); }, {x});
    check_gradients("silu", [](In x) { return silu(x[0]); }, {x});
    check_gradients("softplus", [](In x) { return softplus(x[0], 2, real(0.3)); }, {x},
                    {.eps = 1e-3});
    check_gradients("logsigmoid", [](In x) { return logsigmoid(x[0]); }, {x});
    for (int slopes : {1, 3})
      check_gradients("prelu", [](In x) { return prelu(x[0], x[1]); },
                      {x, random_tensor({slopes}, Kind::shared, 2)});
    for (int dim : {0, 1, -1, -2}) {
      check_gradients("softmax", [&](In x) { return softmax(x[0], dim); }, {x});
      check_gradients("log_softmax", [&](In x) { return log_softmax(x[0], dim); }, {x});
    }
  }
}

TEST_CASE("softmax survives huge scores", "[activations]") {
  const Tensor x = Tensor::from({3}, {1000, 1000, -1000});
  const Tensor y = softmax(x), z = log_softmax(x);
  CHECK(y.data()[0] == Approx(0.5));
  CHECK(y.data()[2] == 0);
  CHECK(z.data()[1] == Approx(-std::log(2)));
  CHECK(z.data()[2] == Approx(-2000 - std::log(2)));
}

TEST_CASE("relu keeps NaN and has gradient 0 at 0", "[activations]") {
  Tensor x = Tensor::from({3}, {real(NAN), 0, 2});
  x.set_requires_grad();
  const Tensor y = relu(x);
  CHECK(std::isnan(y.data()[0]));
  backward(y);
  CHECK(x.grad().data()[1] == 0);
  CHECK(x.grad().data()[2] == 1);
}

TEST_CASE("elu: NaN passes its gradient on, as in PyTorch", "[activations]") {
  const Real infinity = std::numeric_limits<Real>::infinity();
  Tensor x = Tensor::from({5}, {real(NAN), infinity, -infinity, 0, real(-0.0)});
  x.set_requires_grad();
  const Tensor y = elu(x, 2);
  backward(y);
  CHECK(std::isnan(y.data()[0]));
  const Real values[] = {infinity, -2, 0, 0}, slopes[] = {1, 1, 0, 2, 2};
  for (int i = 0; i < 4; ++i) CHECK(y.data()[i + 1] == values[i]);
  CHECK(std::signbit(y.data()[4]));
  for (int i = 0; i < 5; ++i) CHECK(x.grad().data()[i] == slopes[i]);
}

TEST_CASE("softmax of a scalar is that of its one element", "[activations]") {
  Tensor x = Tensor::from({}, {3});
  for (int dim : {0, -1}) {
    const Tensor y = softmax(x.set_requires_grad(), dim);
    CHECK((y.shape() == Shape{} && y.item() == 1 && log_softmax(x, dim).item() == 0));
    x.set_grad({});
    backward(y);
    CHECK((x.grad().shape() == Shape{} && x.grad().item() == 0));
  }
}

TEST_CASE("activation modules compute and describe themselves as PyTorch", "[activations]") {
  const Tensor x = random_tensor({2, 3}, Kind::per_sample);
  const auto same = [&](const Module& module, const Tensor& expected) {
    const Tensor y = module(x);
    for (std::size_t i = 0; i < y.real_count(); ++i) CHECK(y.data()[i] == expected.data()[i]);
    return module.describe();
  };
  CHECK(same(ReLU(), relu(x)) == "ReLU()");
  CHECK(same(LeakyReLU(), leaky_relu(x)) == "LeakyReLU(negative_slope=0.01)");
  CHECK(same(ELU(), elu(x)) == "ELU(alpha=1)");
  CHECK(same(GELU(), gelu(x)) == "GELU(approximate='none')");
  CHECK(same(GELU(GeluForm::tanh), gelu(x, GeluForm::tanh)) == "GELU(approximate='tanh')");
  CHECK(same(SiLU(), silu(x)) == "SiLU()");
  CHECK(same(Softplus(2, 5), softplus(x, 2, 5)) == "Softplus(beta=2, threshold=5)");
  CHECK(same(PReLU(), leaky_relu(x, real(0.25))) == "PReLU(num_parameters=1)");
  CHECK(same(PReLU(2, 0), relu(x)) == "PReLU(num_parameters=2)");
  CHECK(PReLU(2).named_parameters().at(0).name == "weight");
  CHECK(same(Sigmoid(), sigmoid(x)) == "Sigmoid()");
  CHECK(same(Tanh(), tanh(x)) == "Tanh()");
  CHECK(same(LogSoftmax(), log_softmax(x)) == "LogSoftmax(dim=-1)");
}

TEST_CASE("softplus and logsigmoid at their ends", "[activations]") {
  Tensor x = Tensor::from({6}, {1000, -1000, 30, -30, 0, real(NAN)});
  x.set_requires_grad();
  const auto check = [&](const Tensor& y, const std::vector<double>& values,
                         const std::vector<double>& gradients) {
    x.set_grad({});
    backward(y);
    for (int i = 0; i < 5; ++i) {
      CHECK(y.data()[i] == Approx(values[i]).epsilon(1e-6).margin(1e-37));
      CHECK(x.grad().data()[i] == Approx(gradients[i]).epsilon(1e-6).margin(1e-37));
    }
    CHECK(std::isnan(y.data()[5]));
  };
  const double tiny = std::exp(-30);
  check(softplus(x), {1000, 0, 30, tiny, std::log(2)}, {1, 0, 1, tiny, 0.5});
  check(logsigmoid(x), {0, -1000, -tiny, -30, -std::log(2)}, {0, 1, tiny, 1, 0.5});
  // At 0 the slope is the weight.
  CHECK((x.set_grad({}), backward(prelu(x, Tensor::filled({1}, 3))), x.grad().data()[4]) == 3);
}

TEST_CASE("options of activations are checked", "[activations]") {
  const Tensor x = Tensor::zeros({2, 3}, true);
  for (Real beta : {Real(0), Real(-1), real(NAN), real(INFINITY)}) {
    CHECK(message_of([&] { softplus(x, beta); }).find("[softplus] beta must be positive") == 0);
    CHECK(message_of([&] { Softplus(beta, 20); }).find("[softplus] beta must be positive") == 0);
  }
  CHECK(message_of([&] { softplus(x, 1, real(NAN)); }).find("threshold nan") != std::string::npos);
  CHECK(message_of([&] { prelu(x, Tensor::zeros({3})); }) ==
        "[prelu] The weight must be shared [1], or [C] for an input of [C, ...], got shared [3] "
        "for per-sample [2, 3]");
  CHECK(message_of([&] { prelu(x, Tensor::zeros({1}, true)); }).find("[prelu] The weight") == 0);
  CHECK(message_of([] { PReLU(0); }).find("[PReLU] The number") == 0);
  CHECK(prelu(Tensor::zeros({}, true), Tensor::zeros({1})).shape() == Shape{});
}

TEST_CASE("softmax names a dimension that does not exist", "[activations]") {
  const Tensor x = Tensor::zeros({10}, true);
  CHECK(message_of([&] { log_softmax(x, 1); }) ==
        "[log_softmax] Dimension 1 does not exist in an input of shape [10] (of one sample; the "
        "batch is not a dimension)");
  CHECK(message_of([&] { softmax(Tensor::zeros({}), 1); }).find("[softmax] Dimension 1") == 0);
}
