// The gradient check checked: every kind of wrong backward must be found.
#include "core/autograd.h"
#include "core/random.h"
#include "layers/activations.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

enum class Fault { none, factor, assigns, leaves_fresh, wrong_lane, one_element };

// y = x * x with a backward that has the fault.
Tensor square(const Tensor& x, Fault fault) {
  Tensor y = Tensor::per_sample(x.shape());
  for (int i = 0; i < x.size(); ++i) y[i] = x[i] * x[i];
  return record("square", y, {x}, [fault, x = x.detach()](const Tensor& dy, GradSink& grad) {
    bool fresh = false;
    Tensor* dx = grad.wanted(0, &fresh);
    if (fresh && fault != Fault::leaves_fresh) dx->fill(0);
    for (int i = 0; i < x.size(); ++i) {
      Lanes g = 2 * dy[i] * x[i];
      if (fault == Fault::factor) g *= Real(1.1);
      if (fault == Fault::wrong_lane) g[5] = g[6];
      if (fault == Fault::one_element && i == 3) g *= Real(1.1);
      if (fault == Fault::assigns)
        (*dx)[i] = g;
      else
        (*dx)[i] += g;
    }
  });
}

std::string error_with(Fault fault) {
  return gradient_error("square", [&](std::span<const Tensor> in) { return square(in[0], fault); },
                        {random_nonzero({4, 5}, Kind::per_sample)});
}

}  // namespace

TEST_CASE("a right gradient passes the gradient check", "[gradcheck]") {
  CHECK(error_with(Fault::none) == "");
}

TEST_CASE("wrong gradients fail the gradient check", "[gradcheck]") {
  for (Fault fault : {Fault::factor, Fault::assigns, Fault::leaves_fresh, Fault::wrong_lane,
                      Fault::one_element}) {
    CAPTURE(static_cast<int>(fault));
    CHECK(error_with(fault) != "");
  }
}

TEST_CASE("the message of the gradient check says where and what", "[gradcheck]") {
  const std::string error = error_with(Fault::one_element);
  CAPTURE(error);
  CHECK(error.find(
            "[square] gradient of input 0 (per-sample [4, 5]) at [0, 3], lane 5: analytic ") == 0);
  CHECK(error.find(", numeric ") != std::string::npos);
}

TEST_CASE("a gradient that backward leaves out fails the check", "[gradcheck]") {
  const auto forgetful = [](std::span<const Tensor> in) {
    Tensor y = Tensor::shared({});
    y.data()[0] = in[0].data()[0] * in[1].data()[0];
    return record("forgetful", y, {in[0], in[1]},
                  [b = in[1].detach()](const Tensor& dy, GradSink& grad) {
                    if (Tensor* da = grad.wanted(0)) da->data()[0] += dy.data()[0] * b.data()[0];
                    grad.wanted(1);
                  });
  };
  const std::string error =
      gradient_error("forgetful", forgetful, {Tensor::from({}, {2}), Tensor::from({}, {3})});
  CAPTURE(error);
  CHECK(error.find("[forgetful] gradient of input 1 (shared []) at []: analytic 0, numeric ") == 0);
}

TEST_CASE("layers pass the gradient check and are as before", "[gradcheck]") {
  Random rng(1);
  Sequential net;
  net.add<Linear>({.in = 6, .out = 4}, rng).add<SiLU>().add<Dropout>(0.5f);
  net.add<Linear>({.in = 4, .out = 2}, rng);
  std::vector<Tensor> before;
  for (const Tensor& p : net.parameters()) {
    before.push_back(p.clone());
    p.set_grad(Tensor::filled(p.shape(), 3));
  }
  const Tensor own_gradient = net.parameters()[0].grad();
  gradcheck(net, {2, 3});
  for (std::size_t k = 0; k < before.size(); ++k) {
    const Tensor after = net.parameters()[k];
    CHECK(std::ranges::equal(after.values(), before[k].values()));
    REQUIRE(after.requires_grad());
    const Tensor gradient = after.grad();
    for (const Real value : gradient.values()) CHECK(value == 3);
  }
  CHECK(net.parameters()[0].grad().data() == own_gradient.data());
}

TEST_CASE("the gradient check of a layer names the parameter", "[gradcheck]") {
  // y = (a + b) * x, with a gradient of b that is half of what it should be.
  struct Faulty : Module {
    SharedTensor a = add_parameter("a", Tensor::filled({}, 2));
    SharedTensor b = add_parameter("b", Tensor::filled({}, 3));
    Tensor forward(const Tensor& x) const override {
      Tensor y = Tensor::like(x);
      for (int i = 0; i < x.size(); ++i) y[i] = (a[0] + b[0]) * x[i];
      return record("faulty", y, {x, a, b},
                    [x = x.detach(), sum = a[0] + b[0]](const Tensor& dy, GradSink& grad) {
                      Tensor *dx = grad.wanted(0), *da = grad.wanted(1), *db = grad.wanted(2);
                      for (int i = 0; i < x.size(); ++i) {
                        if (dx) (*dx)[i] += sum * dy[i];
                        if (da) da->data()[0] += sum_lanes(x[i] * dy[i]);
                        if (db) db->data()[0] += sum_lanes(x[i] * dy[i]) / 2;
                      }
                    });
    }
    std::string describe() const override { return "Faulty"; }
  } faulty;
  CHECK_THAT(message_of([&] { gradcheck(faulty, {3}); }),
             contains("gradcheck: [Faulty] gradient of b (shared []) at []: analytic "));
}

TEST_CASE("the gradient check of a function throws what it found", "[gradcheck]") {
  const std::vector<Tensor> inputs = {random_nonzero({2, 3}, Kind::per_sample)};
  const auto of = [](Fault fault) {
    return [fault](std::span<const Tensor> in) { return square(in[0], fault); };
  };
  CHECK_NOTHROW(gradcheck("square", of(Fault::none), inputs));
  CHECK_THAT(message_of([&] { gradcheck("square", of(Fault::factor), inputs); }),
             contains("gradcheck: [square] gradient of input 0"));
}
