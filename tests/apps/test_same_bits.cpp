// The same seed gives the same weights, whatever the number of threads.
#include <algorithm>
#include <cmath>

#include "apps/networks/network.h"
#include "core/random.h"
#include "layers/losses.h"
#include "optim/adam.h"
#include "tests/catch.h"
#include "tests/replay.h"

using namespace fovea;

namespace {

// Random images; `batch(first, size)` views some of them.
class Images {
 public:
  explicit Images(int count) {
    Random rng(5);
    for (int i = 0; i < count * 784; ++i)
      pixels_.push_back(static_cast<std::uint8_t>(rng.below(256)));
    for (int i = 0; i < count; ++i) labels_.push_back(static_cast<int>(rng.below(10)));
  }
  Batch batch(int first, int size, std::uint64_t seed = 1) const {
    const auto from = static_cast<std::size_t>(first), count = static_cast<std::size_t>(size);
    return {.size = size,
            .image_shape = {1, 28, 28},
            .pixels = std::span(pixels_).subspan(from * 784, count * 784),
            .labels = std::span(labels_).subspan(from, count),
            .mean = mean_,
            .stddev = stddev_,
            .seed = seed};
  }

 private:
  std::vector<std::uint8_t> pixels_;
  std::vector<std::int32_t> labels_;
  std::vector<float> mean_ = {0.5f}, stddev_ = {0.25f};
};

struct Threads {
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(0); }
};

double step(const Module& net, const Batch& batch) {
  return train_step(batch,
                    [&](const Tile& tile) { return nll_loss(net(tile.images), tile.labels); });
}

void append(std::vector<Real>& to, const Tensor& values) {
  to.insert(to.end(), values.values().begin(), values.values().end());
}

// Losses and weights of a run with dropout, three steps with batches of this size and a partial
// one at the end.
std::vector<Real> run(const Images& images, int threads, int batch_size) {
  const Threads guard(threads);
  Random rng(3);
  const auto owned = testing::tutorial_network(rng);
  const Module& net = *owned;  // in training mode: dropout is on
  Adam optimizer(net.parameters());
  std::vector<Real> out;
  for (int i = 0; i < 4; ++i) {
    const int size = i < 3 ? batch_size : (batch_size + 1) / 2;
    const auto seed = static_cast<std::uint64_t>(10 + i);
    out.push_back(static_cast<Real>(step(net, images.batch(i, size, seed))));
    optimizer.step();
  }
  for (const Tensor& p : net.parameters()) append(out, p);
  return out;
}

std::vector<Real> gradients(const Module& net, const Batch& batch) {
  step(net, batch);
  std::vector<Real> out;
  for (const Tensor& p : net.parameters()) append(out, p.grad());
  return out;
}

}  // namespace

TEST_CASE("training has the same bits for any number of threads", "[same_bits]") {
  const Images images(120);
  for (int batch_size : {1, 15, 16, 17, 33, 100}) {
    INFO("batches of " << batch_size);
    const std::vector<Real> one = run(images, 1, batch_size);
    REQUIRE(one.size() == 27360 + 4);
    REQUIRE(std::all_of(one.begin(), one.end(), [](Real v) { return std::isfinite(v); }));
    for (int threads : {2, 3, 7}) {
      INFO(threads << " threads");
      const bool same = run(images, threads, batch_size) == one;
      CHECK(same);
    }
    const bool repeated = run(images, 1, batch_size) == one;
    CHECK(repeated);
  }
}

TEST_CASE("another seed draws another dropout", "[same_bits]") {
  const Images images(33);
  Random rng(3);
  const auto owned = testing::tutorial_network(rng);
  const Module& net = *owned;
  CHECK(step(net, images.batch(0, 33, 1)) == step(net, images.batch(0, 33, 1)));
  CHECK(step(net, images.batch(0, 33, 1)) != step(net, images.batch(0, 33, 2)));
}

TEST_CASE("the gradient of a batch is the mean of its samples' gradients", "[same_bits]") {
  constexpr double tolerance = sizeof(Real) == 4 ? 1e-5 : 1e-13;
  const Images images(33);
  Random rng(3);
  const auto owned = testing::tutorial_network(rng);
  const Module& net = *owned;
  owned->eval();
  std::vector<std::vector<Real>> single;
  for (int i = 0; i < 33; ++i) single.push_back(gradients(net, images.batch(i, 1)));
  for (int size : {1, 15, 16, 17, 33}) {
    const std::vector<Real> together = gradients(net, images.batch(0, size));
    double worst = 0;
    for (std::size_t k = 0; k < together.size(); ++k) {
      double sum = 0;
      for (int i = 0; i < size; ++i)
        sum += static_cast<double>(single[static_cast<std::size_t>(i)][k]);
      worst = std::fmax(worst, std::abs(sum / size - static_cast<double>(together[k])));
    }
    INFO("batch of " << size << ": off by " << worst);
    CHECK(worst <= tolerance);
  }
}
