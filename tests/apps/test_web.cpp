// The page's C interface, natively; tests/web/ has the page itself.
#include <cmath>
#include <cstring>

#include "apps/web/engine.h"
#include "core/workers.h"
#include "tests/catch.h"

namespace {

std::vector<std::uint8_t> stripes(int count, int side) {
  std::vector<std::uint8_t> out;
  for (int i = 0; i < count * side * side; ++i)
    out.push_back(static_cast<std::uint8_t>(i % 5 == 0 ? 255 : 0));
  return out;
}

}  // namespace

TEST_CASE("web: a fresh network looks at all of the image", "[web]") {
  WebNetwork* const network = web_network("tutorial", " warp=pose  output=28 ", 42, 1);
  REQUIRE(network);
  const auto images = stripes(18, 42);
  REQUIRE(web_look(network, images.data(), 18) == 1);
  CHECK(web_seen_side(network) == 28);
  for (int i = 0; i < 18; ++i) {
    double sum = 0;
    for (int c = 0; c < 10; ++c) sum += static_cast<double>(web_probabilities(network)[10 * i + c]);
    CHECK(std::abs(sum - 1) < 1e-5);
    const double* const reading = web_readings(network) + 5 * i;
    CHECK(std::abs(reading[0]) < 1e-4);
    CHECK(std::abs(reading[1] - 1) < 1e-6);
  }
  const int points = web_net_side();
  const float* const net = web_net(network);
  CHECK(std::abs(net[0]) < 1e-6f);
  CHECK(std::abs(net[2 * points * points - 1] - 1) < 1e-6f);
  web_delete_network(network);
}

TEST_CASE("web: errors are sentences", "[web][faults]") {
  CHECK(web_network("tutorial", "warp=nonsense", 28, 1) == nullptr);
  CHECK(std::strstr(web_error(), "nonsense"));
  WebNetwork* const network = web_network("tutorial-cnn", "", 42, 1);
  REQUIRE(network);
  CHECK(web_look(network, nullptr, 0) == 0);
  CHECK(std::strstr(web_error(), "no image"));
  CHECK(web_trainer(network, 1) == nullptr);
  CHECK(std::strstr(web_error(), "28 x 28"));
  web_delete_network(network);
  CHECK(web_strokes(10, 0) == nullptr);
  CHECK(web_strokes(3, 99) == nullptr);
  CHECK(web_strokes(3, 0) != nullptr);
  CHECK(web_stroke_size() > 4);
}

TEST_CASE("web: training learns, to the same bits for any number of threads", "[web]") {
  std::uint32_t sums[2] = {};
  double first = 0, last = 0;
  for (const int threads : {1, 2}) {
    fovea::set_threads(threads);
    WebNetwork* const network = web_network("tutorial", "", 28, 1);
    WebTrainer* const trainer = web_trainer(network, 1);
    REQUIRE(trainer);
    first = web_train(trainer, 10, 0.003);
    web_train(trainer, 80, 0.003);
    last = web_train(trainer, 10, 0.003);
    CHECK(web_accuracy(trainer) > 0.2);
    sums[threads - 1] = web_checksum(network);
    CHECK(std::isnan(web_train(trainer, 0, 0.003)));
    web_delete_trainer(trainer);
    web_delete_network(network);
  }
  fovea::set_threads(0);
  CHECK(last < first - 0.1);
  CHECK(sums[0] == sums[1]);
}
