// What -DFOVEA_CHECKS adds, in a program that has it while the library may have been built without.
#ifndef FOVEA_CHECKS
#define FOVEA_CHECKS
#endif
#include "core/autograd.h"
#include "layers/module.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// A layer of the user's own, with a parameter of either declaration.
template <class Weight>
class Gain : public Module {
 public:
  Gain() { weight_ = add_parameter("weight", Tensor::filled({2}, 3)); }
  Tensor forward(const Tensor& x) const override {
    Tensor y = Tensor::like(x);
    for (int c = 0; c < 2; ++c) y[c] = x[c] * weight_[c];
    return y;
  }
  std::string describe() const override { return "Gain()"; }

 private:
  Weight weight_;
};

}  // namespace

TEST_CASE("access is checked: the kind", "[tensor][checks]") {
  const Tensor shared = Tensor::filled({10}, 1), lanes = Tensor::zeros({10}, true);
  const std::string message =
      "tensor: shared [10] was accessed as if it were per sample; SharedTensor(t)[i] is element i "
      "of a shared one";
  CHECK(message_of([&] { static_cast<void>(shared[3]); }) == message);
  CHECK(message_of([&] { static_cast<void>(shared.lanes()); }) == message);
  CHECK(message_of([&] { static_cast<void>(lanes.lanes()); }) == "");
  CHECK(message_of([&] { static_cast<void>(Tensor()[0]); }) ==
        "tensor: used before it was given a value");
  CHECK(message_of([&] { static_cast<void>(SharedTensor()[0]); }) ==
        "tensor: used before it was given a value");
  SharedTensor turned = Tensor::filled({10}, 1);
  static_cast<Tensor&>(turned) = lanes;
  CHECK(message_of([&] { static_cast<void>(turned[3]); }) ==
        "tensor: per-sample [10] was accessed as if it were shared");
}

TEST_CASE("access is checked: the bounds", "[tensor][checks]") {
  const Tensor lanes = Tensor::zeros({2, 3}, true);
  const SharedTensor shared = Tensor::zeros({2, 3});
  CHECK(lanes[5][15] == 0);
  CHECK(shared[5] == 0);
  CHECK(message_of([&] { lanes[6][0] = 1; }) == "tensor: per-sample [2, 3] has no element 6");
  CHECK(message_of([&] { lanes[-1][0] = 1; }) == "tensor: per-sample [2, 3] has no element -1");
  CHECK(message_of([&] { shared[6] = 1; }) == "tensor: shared [2, 3] has no element 6");
  CHECK(message_of([&] { static_cast<void>(shared.reshape({6})[-1]); }) ==
        "tensor: shared [6] has no element -1");
  CHECK(message_of([&] { static_cast<void>(Tensor::zeros({0}, true)[0]); }) ==
        "tensor: per-sample [0] has no element 0");
}

TEST_CASE("access is checked: a layer that takes its parameter for Lanes", "[module][checks]") {
  const Tensor x = Tensor::per_sample({2});
  x.fill(2);
  CHECK(Gain<SharedTensor>()(x)[1][7] == 6);
  CHECK(message_of([&] { Gain<Tensor>()(x); }).find("tensor: shared [2] was accessed") == 0);
}

TEST_CASE("access is checked: a gradient that is taken for Lanes", "[autograd][checks]") {
  SharedTensor w = Tensor::from({2}, {1, 2});
  w.set_requires_grad();
  const auto operation = [&](auto add) {
    return record("bad", Tensor::zeros({2}, true), {w},
                  [=](const Tensor& dy, GradSink& grad) { add(*grad.wanted(0), dy); });
  };
  CHECK(message_of([&] {
          backward(operation([](Tensor& dw, const Tensor& dy) { dw[1] += dy[1]; }));
        }).find("tensor: shared [2] was accessed") == 0);
  w.set_grad({});
  backward(operation([](Tensor& dw, const Tensor& dy) { SharedTensor(dw)[1] += dy[1][0]; }));
  CHECK(w.grad()[1] == 1);
}
