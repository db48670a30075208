#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/random.h"
#include "tests/catch.h"

using namespace fovea;

TEST_CASE("the generator is Philox4x32-10", "[random]") {
  // Random123 1.14, kat_vectors: counter 0, key 0; the other vectors have counters beyond 64 bits.
  Random zero(0);
  CHECK(zero.bits() == 0x6627e8d5);
  CHECK(zero.bits() == 0xe169c58d);
  CHECK(zero.bits() == 0xbc57ac4c);
  CHECK(zero.bits() == 0x9b00dbd8);
}

TEST_CASE("mix is splitmix64", "[random]") {
  // The published outputs for the seed 0: the state advances by the golden ratio each time.
  CHECK(mix(0) == 0xE220A8397B1DCDAFu);
  CHECK(mix(0x9E3779B97F4A7C15u) == 0x6E789E6AA1B965F4u);
  CHECK(mix(1, 2) != mix(2, 1));
}

TEST_CASE("a stream continues from its seed and position", "[random]") {
  Random a(42);
  for (int i = 0; i < 7; ++i) a.bits();
  a.uniform();
  a.normal();
  Random b(a.seed(), a.position());
  for (int i = 0; i < 20; ++i) CHECK(a.bits() == b.bits());
}

TEST_CASE("different seeds give different streams", "[random]") {
  Random a(1), b(2);
  int same = 0;
  for (int i = 0; i < 1000; ++i) same += a.bits() == b.bits();
  CHECK(same == 0);
}

TEST_CASE("uniform numbers have their moments and range", "[random]") {
  Random rng(5);
  constexpr int n = 200000;
  double sum = 0, squares = 0, low = 1, high = 0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    sum += u, squares += u * u;
    low = std::min(low, u), high = std::max(high, u);
  }
  CHECK(low >= 0);
  CHECK(high < 1);
  CHECK(sum / n == Approx(0.5).margin(0.003));  // 4.6 sigma
  CHECK(squares / n == Approx(1 / 3.0).margin(0.003));
  for (int i = 0; i < 1000; ++i) {
    const double u = rng.uniform(-3, 5);
    CHECK((u >= -3 && u < 5));
  }
}

TEST_CASE("normal numbers have their moments", "[random]") {
  Random rng(6);
  constexpr int n = 200000;
  double moments[4] = {};
  int beyond = 0;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    double power = 1;
    for (double& moment : moments) moment += (power *= x) / n;
    beyond += std::abs(x) > 1.959963985;
  }
  CHECK(moments[0] == Approx(0).margin(0.01));
  CHECK(moments[1] == Approx(1).margin(0.015));
  CHECK(moments[2] == Approx(0).margin(0.04));
  CHECK(moments[3] == Approx(3).margin(0.1));
  CHECK(beyond / static_cast<double>(n) == Approx(0.05).margin(0.0025));
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += rng.normal(10, 2);
  CHECK(sum / 10000 == Approx(10).margin(0.1));
}

TEST_CASE("below() is uniform", "[random]") {
  Random rng(7);
  constexpr int n = 70000, bins = 7;
  int counts[bins] = {};
  for (int i = 0; i < n; ++i) {
    const std::uint32_t k = rng.below(bins);
    REQUIRE(k < bins);
    ++counts[k];
  }
  double chi2 = 0;
  for (int count : counts) chi2 += std::pow(count - n / bins, 2) / (n / bins);
  CHECK(chi2 < 27.9);  // six degrees of freedom: exceeded once in ten thousand
  CHECK(rng.below(1) == 0);
  // Without the redraws, values below 2^32 mod n would come up once more in every 2^32.
  const std::uint32_t large = 3u << 30;
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += rng.below(large) < (1u << 30);
  CHECK(low == Approx(10000).margin(370));  // would be 15000; 4.5 sigma
}

TEST_CASE("shuffle gives every order alike and loses nothing", "[random]") {
  int first_of[4] = {};
  Random rng(8);
  for (int round = 0; round < 8000; ++round) {
    std::vector<int> items = {0, 1, 2, 3};
    rng.shuffle(std::span(items));
    ++first_of[items[0]];
    std::sort(items.begin(), items.end());
    REQUIRE(items == std::vector<int>{0, 1, 2, 3});
  }
  for (int count : first_of) CHECK(count == Approx(2000).margin(175));  // 4.5 sigma
  std::vector<int> a(100), b(100);
  std::iota(a.begin(), a.end(), 0);
  b = a;
  Random rng_a(9), rng_b(9);
  rng_a.shuffle(std::span(a));
  rng_b.shuffle(std::span(b));
  CHECK(a == b);
}

TEST_CASE("the first values of seed 1 never change", "[random]") {
  // From a second implementation, in Python.
  Random rng(1);
  CHECK(rng.bits() == 0xe3e80670u);
  CHECK(rng.bits() == 0xe50a0ebcu);
  CHECK(Random(1).uniform() == 0xe3e80670u * 0x1p-32);
}
