// What the page must compute to the same bits: apps/web/engine.h called from a native program.
// tests/web/run.mjs makes the same calls in the browser.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "apps/web/engine.h"

namespace {

// FNV-1a, as web_checksum().
std::uint32_t checksum(const void* data, std::size_t size) {
  std::uint32_t sum = 2166136261u;
  for (std::size_t i = 0; i < size; ++i)
    sum = (sum ^ static_cast<const unsigned char*>(data)[i]) * 16777619u;
  return sum;
}

// Images with structure, the same here and there, without any file.
std::vector<std::uint8_t> images(int count, int side) {
  std::vector<std::uint8_t> pixels;
  for (int n = 0; n < count; ++n)
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        pixels.push_back(static_cast<std::uint8_t>((x * (y + n + 1) * 7 + n * 31) % 256));
  return pixels;
}

int forward(const char* options, int side) {
  WebNetwork* const network = web_network("tutorial", options, side, 5);
  const std::vector<std::uint8_t> pixels = images(20, side);
  if (!network || !web_look(network, pixels.data(), 20)) return 1;
  std::printf("forward %s %d: %u %u %u\n", options, side, web_checksum(network),
              checksum(web_probabilities(network), 20 * 10 * sizeof(float)),
              checksum(web_seen(network), pixels.size()));
  web_delete_network(network);
  return 0;
}

int training(const char* options, int steps) {
  WebNetwork* const network = web_network("tutorial", options, 28, 3);
  WebTrainer* const trainer = network ? web_trainer(network, 7) : nullptr;
  if (!trainer) return 1;
  const double loss = web_train(trainer, steps, 0.003);
  std::printf("train %s %d: %u %u %d\n", options, steps, checksum(&loss, sizeof loss),
              web_checksum(network), static_cast<int>(std::lround(1000 * web_accuracy(trainer))));
  web_delete_trainer(trainer);
  web_delete_network(network);
  return 0;
}

}  // namespace

int main() {
  const int failed = forward("warp=affine", 28) + forward("warp=pose conv1=12 conv2=24 fc=48", 42) +
                     training("warp=affine", 300) + training("warp=pose", 60);
  if (failed) std::fprintf(stderr, "reference: error: %s\n", web_error());
  return failed != 0;
}
