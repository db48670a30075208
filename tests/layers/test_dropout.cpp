#include "core/autograd.h"
#include "core/step.h"
#include "core/trace.h"
#include "layers/dropout.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("dropout zeroes about p of all elements and scales the others", "[dropout]") {
  seed_lane_random(3);
  const Tensor x = Tensor::filled({5000}, 1);
  for (const Real p : {Real(0.1), Real(0.5), Real(0.9)}) {
    const Tensor y = dropout(x, p);
    REQUIRE(y.is_per_sample());  // every sample has its own draws
    int zeros = 0;
    for (Real value : y.values()) {
      if (value == 0) ++zeros;
      CHECK((value == 0 || value == 1 / (1 - p)));
    }
    CHECK(zeros / 80000.0 == Approx(static_cast<double>(p)).margin(0.008));  // 4.5 sigma
  }
}

TEST_CASE("samples, elements and draws of dropout differ", "[dropout]") {
  seed_lane_random(4);
  const Tensor x = Tensor::filled({64}, 1);
  const Tensor a = dropout(x, Real(0.5)), b = dropout(x, Real(0.5));
  const auto agreeing = [](auto first, auto second) {
    int same = 0;
    for (int i = 0; i < 64; ++i) same += first(i) == second(i);
    return same;
  };
  const auto lane = [](const Tensor& t, int l) { return [t, l](int i) { return t[i][l]; }; };
  CHECK(agreeing(lane(a, 0), lane(a, 1)) < 50);
  CHECK(agreeing(lane(a, 0), lane(b, 0)) < 50);
  seed_lane_random(4);
  const Tensor again = dropout(x, Real(0.5));
  for (std::size_t i = 0; i < a.real_count(); ++i) CHECK(a.data()[i] == again.data()[i]);
}

TEST_CASE("dropout2d drops whole channels", "[dropout]") {
  seed_lane_random(5);
  const Tensor y = dropout2d(Tensor::filled({50, 3, 2}, 1), Real(0.5));
  int dropped = 0;
  for (int c = 0; c < 50; ++c)
    for (int lane = 0; lane < lane_count; ++lane) {
      dropped += y[c * 6][lane] == 0;
      for (int i = 1; i < 6; ++i) CHECK(y[c * 6 + i][lane] == y[c * 6][lane]);
    }
  CHECK(dropped == Approx(400).margin(65));  // 4.6 sigma
}

TEST_CASE("dropout with p = 0 and p = 1", "[dropout]") {
  Tensor x = random_tensor({4}, Kind::per_sample);
  CHECK(dropout(x, 0).data() == x.data());
  CHECK(dropout2d(x, 0).data() == x.data());
  x.set_requires_grad();
  const Tensor y = dropout(x, 1);
  for (Real value : y.values()) CHECK(value == 0);
  backward(y);
  const Tensor dx = x.grad();
  for (Real value : dx.values()) CHECK(value == 0);
}

TEST_CASE("dropout has the gradients of its differences", "[dropout][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    const Tensor x = random_tensor({3, 2, 2}, kind);
    check_gradients("dropout", [](In x) { return seed_lane_random(1), dropout(x[0], Real(0.4)); },
                    {x});
    check_gradients("dropout2d",
                    [](In x) { return seed_lane_random(1), dropout2d(x[0], Real(0.4)); }, {x});
  }
}

TEST_CASE("dropout modules act in training only", "[dropout]") {
  const Tensor x = random_tensor({8, 2}, Kind::per_sample);
  Dropout all(Real(0.3));
  Dropout2d channels;
  CHECK(all(x).data() != x.data());
  CHECK(channels(x).data() != x.data());
  all.eval();
  channels.eval();
  CHECK(all(x).data() == x.data());
  CHECK(channels(x).data() == x.data());
  CHECK(all.describe() == "Dropout(p=0.3)");
  CHECK(channels.describe() == "Dropout2d(p=0.5)");
}

TEST_CASE("dropout refuses what is no probability", "[dropout]") {
  const Tensor x = Tensor::zeros({2}, true);
  CHECK(message_of([&] { dropout(x, Real(1.5)); }) ==
        "[dropout] The probability p must be in [0, 1], got 1.5");
  CHECK(message_of([&] { dropout2d(x, -1); }) ==
        "[dropout2d] The probability p must be in [0, 1], got -1");
  CHECK(message_of([&] { Dropout module(2); }) ==
        "[dropout] The probability p must be in [0, 1], got 2");
  CHECK(message_of([&] { dropout(x, static_cast<Real>(NAN)); }).find("[dropout] The prob") == 0);
  CHECK(message_of([&] { dropout2d(Tensor::zeros({}, true), Real(0.5)); }) ==
        "[dropout2d] The input must be [channels, ...], got shape []");
}

TEST_CASE("traces show with which probability elements were dropped", "[dropout]") {
  const Trace trace;
  const Tensor x = Tensor::zeros({3, 2}, true);
  dropout(x, Real(0.25));
  dropout2d(x, Real(0.5));
  REQUIRE(trace.ops().size() == 2);
  CHECK(trace.ops()[0].op == "dropout");
  CHECK(trace.ops()[0].attributes.number("p") == 0.25);
  CHECK(trace.ops()[1].op == "dropout2d");
  CHECK(trace.ops()[1].attributes.number("p") == 0.5);
}
