#include "apps/bench/bench.h"

namespace fovea::bench {

namespace {

// Multiply-adds of a convolution without padding.
double conv(int in, int out, int kernel, int height, int width) {
  return 1.0 * in * out * kernel * kernel * (height - kernel + 1) * (width - kernel + 1);
}
int after(int extent, int kernel) {
  return (extent - kernel + 1) / 2;
}

}  // namespace

Work work_of(const StnOptions& o) {
  const int c = o.input[0], h = o.input[1], w = o.input[2];
  const int h1 = after(h, 7), w1 = after(w, 7), h2 = after(h1, 5), w2 = after(w1, 5);
  const int h3 = after(h, 5), w3 = after(w, 5), h4 = after(h3, 5), w4 = after(w3, 5);
  Work work;
  work.localization1 = conv(c, o.localization1, 7, h, w);
  work.localization2 = conv(o.localization1, o.localization2, 5, h1, w1);
  work.fc_loc = 1.0 * o.localization2 * h2 * w2 * o.localization_fc + 6.0 * o.localization_fc;
  work.conv1 = conv(c, o.conv1, 5, h, w);
  work.conv2 = conv(o.conv1, o.conv2, 5, h3, w3);
  work.fc1 = 1.0 * o.conv2 * h4 * w4 * o.fc;
  work.fc2 = 1.0 * o.fc * o.classes;
  // Grid, coordinates, four weights and four taps of every pixel, forward and back: about 51.
  work.sampler = 51.0 * c * h * w;
  return work;
}

double Work::forward() const {
  return localization1 + localization2 + fc_loc + conv1 + conv2 + fc1 + fc2;
}

double Work::training_flop() const {
  return 2 * (3 * forward() - localization1 + sampler);
}

}  // namespace fovea::bench
