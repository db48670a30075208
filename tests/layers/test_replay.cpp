// Ten training steps of the tutorial's network give PyTorch's losses. Needs no data: the images and
// the initial weights are made here as in tests/golden/replay.py.
#include <algorithm>
#include <cmath>
#include <fstream>

#include "tests/catch.h"
#include "tests/replay.h"

using namespace fovea;
using namespace fovea::testing;
using nlohmann::json;

namespace {

constexpr int samples = 64;

#ifdef FOVEA_DOUBLE
constexpr double tolerance = 1e-8;
#else
constexpr double tolerance = 1e-4;
#endif

json read_replay() {
  std::string path = __FILE__;
  path.replace(path.rfind("layers/test_replay.cpp"), std::string::npos, "golden/replay.json");
  std::ifstream in(path);
  require(in.good(), "cannot open ", path, ": run the tests from the repository's root");
  return json::parse(in);
}

// The linear congruential generator of Numerical Recipes; the upper 16 bits count.
class Sequence {
 public:
  explicit Sequence(std::uint32_t seed) : state_(seed) {}
  int next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<int>(state_ >> 16);
  }

 private:
  std::uint32_t state_;
};

struct Data {
  Data() {
    Sequence sequence(1);
    for (int i = 0; i < samples; ++i) {
      const int label = i % 10;
      const int centre_x = 8 + sequence.next() % 12;
      const int wide = 1 + sequence.next() % 5, tall = 1 + sequence.next() % 5;
      for (int y = 0; y < 28; ++y)
        for (int x = 0; x < 28; ++x) {
          const int dx = x - centre_x, dy = y - 4 - 2 * label;
          const int spot = std::max(0, 170 - wide * dx * dx - tall * dy * dy);
          pixels.push_back(static_cast<std::uint8_t>(spot + x + 2 * y));
        }
      labels.push_back(label);
    }
    batch = {.size = samples,
             .image_shape = {1, 28, 28},
             .pixels = pixels,
             .labels = labels,
             .mean = mean,
             .stddev = stddev};
  }
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<float> mean = {0.125f}, stddev = {0.25f};
  Batch batch;
};

void initialise(const Module& net) {
  Sequence sequence(7);
  for (const NamedTensor& p : net.named_parameters()) {
    const Shape& shape = p.tensor.shape();
    double bound = shape.rank() > 1 ? 1 / std::sqrt(shape.size() / shape[0]) : 0.125;
    if (p.name.starts_with("fc_loc.2")) bound = 0.0625;  // near the identity
    for (int i = 0; i < shape.size(); ++i) {
      const double one = p.name == "fc_loc.2.bias" && (i == 0 || i == 4) ? 1 : 0;
      p.tensor.data()[i] = static_cast<Real>((sequence.next() / 32768.0 - 1) * bound + one);
    }
  }
}

struct Replay {
  Replay() { net.eval(); }  // no dropout
  json expected = read_replay();
  Data data;
  Random rng{1};
  std::unique_ptr<Module> owned = tutorial_network(rng);
  Module& net = *owned;
};

// `expected`: the norm of `values` and their product with 1, 2, ..., 7, 1, 2, ...
void check_summary(const std::string& name, const Tensor& values, const json& expected) {
  REQUIRE(values.defined());
  double squares = 0, product = 0, weights = 0;
  for (int i = 0; i < values.size(); ++i) {
    const double value = values.data()[i], weight = i % 7 + 1;
    squares += value * value;
    product += value * weight;
    weights += weight * weight;
  }
  const double norm = expected.at(0);
  INFO(name << ": norm " << std::sqrt(squares) << ", product " << product << "; PyTorch has "
            << expected.dump());
  CHECK(std::abs(std::sqrt(squares) - norm) <= tolerance * norm);
  // An error of `tolerance` of the norm changes the product by this at most (Cauchy-Schwarz).
  CHECK(std::abs(product - expected.at(1).get<double>()) <= tolerance * norm * std::sqrt(weights));
}

// `y` of the first samples against the numbers in the file, sample by sample.
void check_first(const Tensor& y, const json& expected) {
  REQUIRE(expected.size() % static_cast<std::size_t>(y.size()) == 0);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const int element = static_cast<int>(i) % y.size(), lane = static_cast<int>(i) / y.size();
    INFO("element " << element << ", sample " << lane);
    CHECK(std::abs(y[element][lane] - expected[i].get<double>()) <= tolerance);
  }
}

}  // namespace

TEST_CASE("the tutorial's network computes what PyTorch does", "[replay]") {
  Replay r;
  initialise(r.net);
  const Tile tile = make_tile(r.data.batch, 0);
  check_first(transformation_of(r.net, tile.images).theta, r.expected.at("theta"));
  check_first(r.net(tile.images), r.expected.at("log_probs"));
  replay_gradients(r.net, r.data.batch);
  for (const NamedTensor& p : r.net.named_parameters())
    check_summary(p.name, p.tensor.grad(), r.expected.at("gradients").at(p.name));
}

TEST_CASE("ten training steps give PyTorch's losses and weights", "[replay]") {
  Replay r;
  REQUIRE(r.expected.at("optimisers").size() == 6);
  for (const auto& [name, expected] : r.expected.at("optimisers").items()) {
    initialise(r.net);
    const auto optimizer = make_optimizer(name, expected.at("options"), r.net.parameters());
    const json& losses = expected.at("losses");
    REQUIRE(losses.size() == 10);
    for (std::size_t step = 0; step < losses.size(); ++step) {
      const double loss = replay_step(r.net, r.data.batch, *optimizer);
      INFO(name << ", step " << step << ": loss " << loss << ", PyTorch has " << losses[step]);
      CHECK(std::abs(loss / losses[step].get<double>() - 1) <= tolerance);
    }
    for (const NamedTensor& p : r.net.named_parameters())
      check_summary(name + ": " + p.name, p.tensor, expected.at("weights").at(p.name));
  }
}
