// Every operation that bench times has the gradients of its differences, in a random direction.
#include <cmath>

#include "apps/bench/cases.h"
#include "core/autograd.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  const auto va = a.values(), vb = b.values();
  for (std::size_t i = 0; i < va.size(); ++i) sum += static_cast<double>(va[i]) * vb[i];
  return sum;
}

Tensor moved(const Tensor& x, const Tensor& direction, double by) {
  Tensor y = x.clone();
  const auto to = y.values();
  const auto along = direction.values();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += static_cast<Real>(by * along[i]);
  return y;
}

}  // namespace

TEST_CASE("bench times operations whose gradients are right", "[bench][gradcheck]") {
  auto cases = bench::operation_cases();
  REQUIRE(cases.size() >= 9);
  for (bench::Case& c : cases) {
    INFO(c.name);
    c.x.set_requires_grad();
    for (Tensor& p : c.parameters) p.set_requires_grad();
    const Tensor y = c.run(c.x);
    const Tensor seed = random_tensor(y.shape(), Kind::per_sample, 4);
    backward(y, seed);
    const Tensor along = random_tensor(c.x.shape(), Kind::per_sample, 5);
    const double eps = sizeof(Real) == 8 ? 1e-6 : 1e-3;
    const double numeric =
        (dot(c.run(moved(c.x, along, eps)), seed) - dot(c.run(moved(c.x, along, -eps)), seed)) /
        (2 * eps);
    const double norm = std::sqrt(dot(c.x.grad(), c.x.grad()) * dot(along, along));
    CHECK(std::abs(dot(c.x.grad(), along) - numeric) <= (sizeof(Real) == 8 ? 1e-7 : 1e-3) * norm);
    for (Tensor& p : c.parameters) {
      REQUIRE(p.grad().defined());
      // All of these are linear in their parameters: y = <grad, p> summed over them.
      double total = 0;
      for (const Tensor& q : c.parameters) total += dot(q.grad(), q);
      CHECK(total == Approx(dot(y, seed)).epsilon(sizeof(Real) == 8 ? 1e-9 : 1e-3).margin(1));
    }
  }
}
