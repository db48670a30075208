#include <cmath>
#include <cstdint>

#include "core/tensor.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("tensors are shared or per sample", "[tensor]") {
  const Tensor shared = Tensor::shared({2, 3}), lanes = Tensor::per_sample({2, 3});
  CHECK(!shared.is_per_sample());
  CHECK(shared.size() == 6);
  CHECK(shared.real_count() == 6);
  CHECK(lanes.is_per_sample());
  CHECK(lanes.size() == 6);
  CHECK(lanes.real_count() == 96);
  CHECK(cat(shared) == "shared [2, 3]");
  CHECK(cat(lanes) == "per-sample [2, 3]");
  CHECK(cat(Tensor()) == "(no tensor)");
  CHECK(Tensor::like(lanes).is_per_sample());
  CHECK(Tensor::like(shared).shape() == Shape{2, 3});
  CHECK(Tensor::shared({}).size() == 1);
  CHECK(Tensor::shared({0, 5}).real_count() == 0);
}

TEST_CASE("storage is aligned", "[tensor]") {
  for (int n : {1, 3, 17, 1000}) {
    CHECK(reinterpret_cast<std::uintptr_t>(Tensor::shared({n}).data()) % 64 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(Tensor::per_sample({n}).data()) % alignof(Lanes) == 0);
  }
}

TEST_CASE("tensors are made with values", "[tensor]") {
  const Tensor t = Tensor::from({2, 2}, {1, 2, 3, 4});
  CHECK(t.data()[3] == 4);
  CHECK(Tensor::filled({3}, 7).data()[2] == 7);
  CHECK(Tensor::zeros({2}, true)[1][15] == 0);
  CHECK(Tensor::from({}, {5}).item() == 5);
  CHECK(message_of([] {
          Tensor::from({2, 2}, {1, 2, 3});
        }) == "tensor: shape [2, 2] takes 4 values, got 3");
  CHECK(message_of([] { Tensor::zeros({2}).item(); }) ==
        "tensor: item() takes a shared tensor of one element, got shared [2]");
}

TEST_CASE("a shared tensor has Reals for elements", "[tensor]") {
  CHECK(Tensor::filled({10}, 1)[3] == 1);
  CHECK(Tensor::from({2, 2}, {1, 2, 3, 4})[2] == 3);
  CHECK(Tensor::zeros({2})[1] == 0);
  SharedTensor t = Tensor::from({2}, {1, 2});
  t[1] = 5;
  CHECK(t.data()[1] == 5);
  CHECK(t.clone().reshape({2, 1}).detach()[1] == 5);
  t.set_requires_grad();
  CHECK(!t.grad());
  t.set_grad(Tensor::like(t));
  t.grad()[1] = 7;
  CHECK(t.grad().data()[1] == 7);
  const Tensor handle = t;  // of the same tensor
  CHECK(handle.data() == t.data());
  CHECK(SharedTensor(handle)[1] == 5);
  CHECK(SharedTensor(handle).grad()[1] == 7);
  CHECK(!SharedTensor(Tensor()));
  CHECK(message_of([] { SharedTensor(Tensor::zeros({3}, true)); }) ==
        "tensor: per-sample [3] is not shared by all samples");
}

// What would compile and read elsewhere than it says.
template <class T>
concept has_lanes = requires(T t) {
  t.lanes();
};
template <class T>
concept zeros_takes = requires(T t) {
  Tensor::zeros(Shape{2}, t);
};
static_assert(has_lanes<Tensor> && !has_lanes<SharedTensor>);
static_assert(zeros_takes<bool> && !zeros_takes<int> && !zeros_takes<Real>);
static_assert(std::is_convertible_v<SharedTensor, Tensor>);
static_assert(!std::is_convertible_v<Tensor, SharedTensor>);
static_assert(!std::is_assignable_v<SharedTensor&, Tensor>);
static_assert(std::is_same_v<decltype(std::declval<SharedTensor>()[0]), Real&>);
static_assert(std::is_same_v<decltype(std::declval<Tensor>()[0]), Lanes&>);

// Views of a temporary.
template <class T>
concept has_values = requires(T&& t) {
  std::forward<T>(t).values();
};
static_assert(has_values<Tensor&> && has_values<const SharedTensor&>);
static_assert(!has_values<Tensor> && !has_values<SharedTensor>);
static_assert(std::is_same_v<decltype(std::declval<Tensor&>().shape()), const Shape&>);
static_assert(std::is_same_v<decltype(std::declval<Tensor>().shape()), Shape>);

TEST_CASE("handles share values, clone() does not", "[tensor]") {
  const Tensor a = Tensor::from({2}, {1, 2}), b = a, c = a.clone(), d = a.detach();
  a.data()[0] = 9;
  CHECK(b.data()[0] == 9);
  CHECK(d.data()[0] == 9);
  CHECK(c.data()[0] == 1);
  c.copy_from(a);
  CHECK(c.data()[0] == 9);
  CHECK(message_of([&] { c.copy_from(Tensor::zeros({3})); }) ==
        "tensor: cannot copy shared [3] to shared [2]");
  // As many numbers, but not the same ones.
  CHECK(message_of([] { Tensor::zeros({1}, true).copy_from(Tensor::zeros({16})); }) ==
        "tensor: cannot copy shared [16] to per-sample [1]");
  CHECK(message_of([] { Tensor::zeros({16}).copy_from(Tensor::zeros({1}, true)); }) ==
        "tensor: cannot copy per-sample [1] to shared [16]");
}

TEST_CASE("an empty tensor says so when it is used", "[tensor]") {
  const Tensor none;
  CHECK(!none);
  CHECK(!none.defined());
  CHECK(message_of([&] { static_cast<void>(none.shape()); }) ==
        "tensor: used before it was given a value");
  CHECK(message_of([&] { none.reshape({1}); }) == "tensor: used before it was given a value");
  CHECK(message_of([&] { none.clone(); }) == "tensor: used before it was given a value");
  CHECK(message_of([&] { none.detach(); }) == "tensor: used before it was given a value");
}

TEST_CASE("leaves have gradients of their own shape", "[tensor]") {
  Tensor t = Tensor::zeros({2, 3});
  CHECK(!t.requires_grad());
  CHECK(message_of([&] {
          t.set_grad(Tensor::zeros({2, 3}));
        }) == "tensor: shared [2, 3] does not require a gradient");
  t.set_requires_grad();
  CHECK(t.requires_grad());
  CHECK(!t.grad());
  t.set_grad(Tensor::filled({2, 3}, 1));
  CHECK(t.grad().data()[5] == 1);
  CHECK(message_of([&] {
          t.set_grad(Tensor::zeros({3, 2}));
        }) == "tensor: a gradient of shared [2, 3] cannot be shared [3, 2]");
  t.set_requires_grad(false);
  CHECK(!t.requires_grad());
}

TEST_CASE("shapes count and refuse", "[tensor]") {
  CHECK(Shape{2, 3, 4}.size() == 24);
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(!(Shape{2, 3} == Shape{3, 2}));
  CHECK(!(Shape{2} == Shape{2, 1}));
  CHECK(cat(Shape{1, 28, 28}) == "[1, 28, 28]");
  CHECK(cat(Shape{}) == "[]");
  CHECK(message_of([] { Shape{2, -1}; }) == "shape: negative extent -1");
  CHECK(message_of([] { Shape{65536, 65536}; }) == "shape: more than 2^31 elements");
  CHECK(message_of([] { Shape{1, 1, 1, 1, 1, 1, 1}; }) == "shape: at most 6 dimensions, got 7");
}

TEST_CASE("lanes compute sixteen samples at once", "[lanes]") {
  Lanes a, b;
  for (int lane = 0; lane < lane_count; ++lane) {
    a[lane] = static_cast<Real>(lane);
    b[lane] = static_cast<Real>(8);
  }
  CHECK(sum_lanes(a) == 120);
  CHECK(max(a, b)[3] == 8);
  CHECK(max(a, b)[12] == 12);
  CHECK(min(a, b)[12] == 8);
  CHECK(std::signbit(broadcast(Real(-0.0))[5]));
  CHECK(map_lanes(a, [](Real v) { return v * v; })[5] == 25);
}
