#include "data/digits/ground.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace fovea {

bool is_dark_on_light(const Image& grey) {
  // What differs from the usual level around it, by its third power: noise cancels out.
  constexpr int most = 48;
  const double shrink = std::max(1.0, 1.0 * std::max(grey.width, grey.height) / most);
  const Image small = resize(grey, std::max(1, static_cast<int>(grey.width / shrink)),
                             std::max(1, static_cast<int>(grey.height / shrink)));
  const bool tiny = std::max(grey.width, grey.height) < tiny_side;
  const int reach = std::max(1, std::max(small.width, small.height) / (tiny ? 2 : 4));
  std::vector<std::uint8_t> around;
  double balance = 0;
  const int mx = tiny ? 0 : small.width / 6, my = tiny ? 0 : small.height / 6;
  for (int y = my; y < small.height - my; ++y)
    for (int x = mx; x < small.width - mx; ++x) {
      around.clear();
      for (int v = y - reach; v <= y + reach; ++v)
        for (int u = x - reach; u <= x + reach; ++u)
          around.push_back(small.pixels[static_cast<std::size_t>(
              std::clamp(v, 0, small.height - 1) * small.width +
              std::clamp(u, 0, small.width - 1))]);
      const auto middle = around.begin() + static_cast<std::ptrdiff_t>(around.size() / 2);
      std::nth_element(around.begin(), middle, around.end());
      const double off = small.pixels[static_cast<std::size_t>(y * small.width + x)] - *middle;
      balance += off * off * off;
    }
  return balance < 0;
}

namespace {

// The largest value within `reach` of each, along `count` values `step` apart.
void slide_maximum(float* first, int count, std::size_t step, int reach, std::vector<float>& line,
                   std::vector<int>& queue) {
  line.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) line[static_cast<std::size_t>(i)] = first[i * step];
  queue.assign(static_cast<std::size_t>(count), 0);
  std::size_t head = 0, tail = 0;  // indices of falling values
  for (int i = 0; i < count + reach; ++i) {
    if (i < count) {
      while (tail > head &&
             line[static_cast<std::size_t>(queue[tail - 1])] <= line[static_cast<std::size_t>(i)])
        --tail;
      queue[tail++] = i;
    }
    if (i < reach) continue;
    if (queue[head] < i - 2 * reach) ++head;
    first[(i - reach) * static_cast<std::ptrdiff_t>(step)] =
        line[static_cast<std::size_t>(queue[head])];
  }
}

void dilate(std::vector<float>& v, int width, int height, int reach) {
  std::vector<float> line;
  std::vector<int> queue;
  for (int y = 0; y < height; ++y)
    slide_maximum(&v[static_cast<std::size_t>(y * width)], width, 1, reach, line, queue);
  for (int x = 0; x < width; ++x)
    slide_maximum(&v[static_cast<std::size_t>(x)], height, static_cast<std::size_t>(width), reach,
                  line, queue);
}

// The mean of 3 x 3: the brightest grain is not the paper.
std::vector<float> smoothed(const std::vector<float>& values, int width, int height) {
  std::vector<float> out(values.size());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      float sum = 0, count = 0;
      for (int v = std::max(0, y - 1); v <= std::min(height - 1, y + 1); ++v)
        for (int u = std::max(0, x - 1); u <= std::min(width - 1, x + 1); ++u)
          sum += values[static_cast<std::size_t>(v * width + u)], ++count;
      out[static_cast<std::size_t>(y * width + x)] = sum / count;
    }
  return out;
}

}  // namespace

std::vector<float> off_paper(const Image& grey, bool dark_on_light, double& noise) {
  const int width = grey.width, height = grey.height;
  std::vector<float> own(grey.pixels.begin(), grey.pixels.end());
  if (!dark_on_light)
    for (float& v : own) v = 255 - v;
  const int side = std::max(width, height);
  const bool small = side < 48;  // has edges everywhere, but neither noise to measure nor shadows
  const int reach = std::max(2, side / (small ? 3 : 6));
  std::vector<float> paper = small ? own : smoothed(own, width, height);
  dilate(paper, width, height, reach);
  for (float& v : paper) v = -v;
  dilate(paper, width, height, reach);
  for (float& v : paper) v = -v;
  std::vector<float> off(own.size());
  for (std::size_t i = 0; i < own.size(); ++i)
    off[i] = (paper[i] - own[i]) * (dark_on_light ? 255 / std::max(60.0f, paper[i]) : 1.0f);
  // At least a tenth is bare paper, and a quarter of all neighbours differ by noise alone.
  const auto quantile = [](std::vector<float> values, double share) {
    const auto at = values.begin() +
                    static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return double{*at};
  };
  std::vector<float> steps{0};
  for (std::size_t i = 1; i < off.size(); ++i) steps.push_back(std::abs(off[i] - off[i - 1]));
  noise = small ? 0 : quantile(std::move(steps), 0.25) / 0.4506;
  const auto zero = static_cast<float>(quantile(off, 0.1) + 1.28 * noise);
  for (float& v : off) v = std::max(0.0f, v - zero);
  return off;
}

int otsu_threshold(const std::vector<float>& values) {
  std::array<double, 256> histogram = {};
  double total = 0;
  for (const float v : values) {
    ++histogram[static_cast<std::size_t>(std::min(v, 255.0f))];
    total += std::floor(std::min(v, 255.0f));
  }
  double below = 0, sum_below = 0, best = -1;
  int threshold = 0;
  const double count = static_cast<double>(values.size());
  for (int t = 0; t < 255; ++t) {
    below += histogram[static_cast<std::size_t>(t)];
    sum_below += t * histogram[static_cast<std::size_t>(t)];
    if (below == 0 || below == count) continue;
    const double gap = sum_below / below - (total - sum_below) / (count - below);
    const double spread = below * (count - below) * gap * gap;
    if (spread > best) best = spread, threshold = t + 1;
  }
  return threshold;
}

}  // namespace fovea
