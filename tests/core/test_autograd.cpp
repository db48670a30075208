#include "core/autograd.h"
#include "core/memory.h"
#include "layers/arithmetic.h"
#include "layers/matmul.h"
#include "layers/reduce.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Tensor leaf(Real value) {
  return Tensor::from({}, {value}).set_requires_grad();
}

double gradient(const Tensor& x) {
  return static_cast<double>(x.grad().item());
}

const Tensor* find(const GradientStore& store, const Tensor& leaf) {
  for (const GradientStore::Entry& entry : store.entries())
    if (entry.used && entry.leaf.node() == leaf.node()) return &entry.grad;
  return nullptr;
}

}  // namespace

TEST_CASE("a diamond of operations adds both ways", "[autograd]") {
  const Tensor x = leaf(3);
  const Tensor a = x * 2, b = x * x;
  backward(a * b + a);  // 2 x^3 + 2 x
  CHECK(gradient(x) == 6 * 9 + 2);
}

TEST_CASE("every use of a tensor counts", "[autograd]") {
  const Tensor x = leaf(2);
  Tensor y = x;
  for (int i = 0; i < 4; ++i) y = y * x;  // x^5
  backward(y);
  CHECK(gradient(x) == 5 * 16);
}

TEST_CASE("a wide and deep random graph has the gradients of its differences",
          "[autograd][gradcheck]") {
  check_gradients(
      "graph",
      [](std::span<const Tensor> in) {
        const Tensor h = matmul(in[0], in[1]) + in[2];
        const Tensor a = h.reshape({2, 2}), b = a * a - h.reshape({4, 1}).reshape({2, 2});
        return sum(matmul(b, a.reshape({4}).reshape({2, 2})) / 3, {0}) + mean(in[1]);
      },
      {random_tensor({4, 3}, Kind::shared, 1), random_tensor({3}, Kind::per_sample, 2),
       random_tensor({4}, Kind::shared, 3)});
}

TEST_CASE("gradients of leaves add up over backward passes", "[autograd]") {
  const Tensor x = leaf(3);
  backward(x * x);
  backward(x * 5);
  CHECK(gradient(x) == 11);
  x.set_grad({});
  CHECK(!x.grad());
}

TEST_CASE("the seed weighs elements and samples", "[autograd]") {
  Tensor x = random_tensor({2}, Kind::per_sample);
  x.set_requires_grad();
  const Tensor seed = random_tensor({2}, Kind::per_sample, 2);
  backward(x * 3, seed);
  for (int i = 0; i < 2; ++i)
    for (int lane = 0; lane < lane_count; ++lane)
      CHECK(x.grad()[i][lane] == Approx(static_cast<double>(3 * seed[i][lane])));
}

TEST_CASE("reshape shares values and gradient", "[autograd]") {
  Tensor x = Tensor::from({2, 3}, {1, 2, 3, 4, 5, 6});
  x.set_requires_grad();
  const Tensor flat = x.reshape({6});
  CHECK(flat.data() == x.data());
  CHECK(flat.requires_grad());
  backward(flat * flat + x.reshape({6}));
  REQUIRE(x.grad().shape() == Shape{2, 3});
  for (int i = 0; i < 6; ++i) CHECK(x.grad().data()[i] == 2 * x.data()[i] + 1);
}

TEST_CASE("a result that is only reshaped passes its gradient on", "[autograd]") {
  Tensor x = Tensor::from({2}, {1, 2});
  x.set_requires_grad();
  backward((x * 2).reshape({2, 1}), Tensor::from({2, 1}, {10, 20}));
  CHECK(x.grad().data()[0] == 20);
  CHECK(x.grad().data()[1] == 40);
}

TEST_CASE("nothing is recorded under NoGrad", "[autograd]") {
  const Tensor x = leaf(3);
  {
    const NoGrad guard;
    CHECK(!(x * x).requires_grad());
    { const NoGrad inner; }
    CHECK(!(x * x).requires_grad());
  }
  CHECK((x * x).requires_grad());
  CHECK(!(x.detach() * 2).requires_grad());
}

TEST_CASE("only inputs that want gradients are asked", "[autograd]") {
  const Tensor x = leaf(3), constant = Tensor::from({}, {5});
  backward(x * constant);
  CHECK(gradient(x) == 5);
  CHECK(!constant.grad());
  CHECK(!constant.requires_grad());
}

TEST_CASE("a long chain of operations is walked and destroyed without recursion", "[autograd]") {
  constexpr int length = 200'000;  // some 100 bytes of stack for each would be more than there are
  const Tensor x = leaf(1);
  {
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = scale(y, 1);
    backward(y);
    CHECK(gradient(x) == 1);
  }
  {
    Tensor z = x;
    for (int i = 0; i < length; ++i) z = scale(z, 1);  // destroyed without backward
  }
  CHECK(gradient(x) == 1);
}

TEST_CASE("a graph is used once", "[autograd]") {
  const Tensor x = leaf(3);
  const Tensor y = x * x;
  backward(y);
  CHECK(message_of([&] { backward(y); }) ==
        "[backward] the graph of multiply was used before; run the forward pass again");
  const Tensor shared_part = x * 2, a = shared_part * 3, b = shared_part * 4;
  backward(a);
  CHECK(message_of([&] { backward(b); }).find("[backward] the graph of scale was used") == 0);
}

TEST_CASE("backward says what it cannot do", "[autograd]") {
  const Tensor x = leaf(3), constant = Tensor::from({}, {1});
  CHECK(message_of([&] {
          backward(constant * 2);
        }).find("[backward] the result does not depend on anything that requires a gradient") == 0);
  CHECK(message_of([&] { backward(x); }) ==
        "[backward] the result is a leaf, not computed from one");
  CHECK(message_of([&] { backward(x * 2, Tensor::zeros({2})); }) ==
        "[backward] seed shared [2] does not match the result shared []");
}

TEST_CASE("graphs of different tapes do not mix", "[autograd]") {
  const Tensor x = leaf(3);
  const Tensor before = x * x;
  begin_tape();
  CHECK(message_of([&] {
          backward(before * x);
        }).find("[backward] multiply was computed outside this step") == 0);
}

TEST_CASE("a GradientStore keeps gradients apart from the leaves", "[autograd]") {
  const Tensor x = leaf(3), y = leaf(4);
  GradientStore store;
  store.begin();
  backward(x * y + x, Tensor::from({}, {1}), &store);
  CHECK(!x.grad());
  REQUIRE(find(store, x));
  CHECK(find(store, x)->item() == 5);
  CHECK(find(store, y)->item() == 3);
  backward(x * x, Tensor::from({}, {1}), &store);  // adds within a pass of the store
  CHECK(find(store, x)->item() == 11);
  store.begin();
  backward(x * 2, Tensor::from({}, {1}), &store);
  CHECK(find(store, x)->item() == 2);
  CHECK(!find(store, y));
}

TEST_CASE("a GradientStore grows while an operation holds gradients of it", "[autograd]") {
  // Many leaves in one operation: the array of the store moves between wanted(0) and wanted(1).
  std::vector<Tensor> leaves;
  for (int i = 0; i < 64; ++i) leaves.push_back(leaf(1));
  GradientStore store;
  store.begin();
  Tensor y = Tensor::from({}, {0});
  const std::vector<Tensor> inputs = {leaves[0], leaves[63], leaves[7], leaves[40]};
  const Tensor z = record("many", y, inputs, [](const Tensor& dy, GradSink& grad) {
    Tensor* all[4];
    for (int i = 0; i < 4; ++i) all[i] = grad.wanted(i);
    for (int i = 0; i < 4; ++i) all[i]->data()[0] += dy.item() * static_cast<Real>(i + 1);
  });
  backward(z, Tensor::from({}, {1}), &store);
  for (int i = 0; i < 4; ++i) CHECK(find(store, inputs[i])->item() == i + 1);
}

TEST_CASE("an optional input may be undefined", "[autograd]") {
  const Tensor x = leaf(2);
  const Tensor y = record("optional", Tensor::from({}, {2}), {x, Tensor()},
                          [](const Tensor& dy, GradSink& grad) {
                            if (Tensor* dx = grad.wanted(0)) dx->data()[0] += dy.item();
                            CHECK(grad.wanted(1) == nullptr);
                          });
  backward(y);
  CHECK(gradient(x) == 1);
}

// A graph keeps the names of its operations, and a store its gradients.
static_assert(!std::is_convertible_v<std::string, OpName>);
template <class T>
concept has_entries = requires(T&& t) {
  std::forward<T>(t).entries();
};
static_assert(has_entries<GradientStore&> && !has_entries<GradientStore>);

TEST_CASE("an operation with too many inputs is refused, whether a gradient is wanted or not",
          "[autograd]") {
  const auto operation = [](std::size_t count, const Tensor& input) {
    const std::vector<Tensor> inputs(count, input);
    return record("wide", Tensor::from({}, {2}), inputs, [count](const Tensor& dy, GradSink& grad) {
      for (std::size_t i = 0; i < count; ++i)
        grad.wanted(static_cast<int>(i))->data()[0] += dy.item();
    });
  };
  const Tensor x = leaf(2), constant = Tensor::from({}, {2});
  const std::string message = "[wide] has 9 inputs; an operation may record 8";
  CHECK(message_of([&] { operation(9, x); }) == message);
  CHECK(message_of([&] { operation(9, constant); }) == message);
  CHECK(message_of([&] {
          const NoGrad guard;
          operation(9, x);
        }) == message);
  CHECK(message_of([&] { Node("wide", x, std::vector<Tensor>(9, x)); }) == message);
  CHECK(!operation(8, constant).requires_grad());
  GradientStore store;
  store.begin();
  backward(operation(8, x), Tensor::from({}, {1}), &store);
  CHECK(find(store, x)->item() == 8);
}

TEST_CASE("backward may ask for the gradients of inputs only", "[autograd]") {
  const Tensor x = leaf(2);
  for (const int i : {-1, 1, 8, 1000}) {
    const auto ask = [i](const Tensor&, GradSink& grad) { grad.wanted(i); };
    const Tensor y = record("narrow", Tensor::from({}, {2}), {x}, ask);
    CHECK(message_of([&] { backward(y); }) ==
          cat("[narrow] backward asks for the gradient of input ", i, " of 1"));
  }
}

TEST_CASE("an exception in backward leaves the thread usable", "[autograd]") {
  const Tensor x = leaf(2);
  const Tensor y = record("bad", Tensor::from({}, {2}), {x},
                          [](const Tensor&, GradSink&) { fail("out of order"); });
  GradientStore store;
  store.begin();
  CHECK(message_of([&] { backward(y, Tensor::from({}, {1}), &store); }) == "out of order");
  backward(x * x);  // not into the store, and recorded
  CHECK(gradient(x) == 4);
}
