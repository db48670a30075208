#include "data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "core/workers.h"
#include "data/strokes.h"

namespace fovea {

namespace {

constexpr int side = 28, area = side * side;
constexpr double pi = 3.14159265358979323846;

// Draws digits one after the other; keeps its memory between them.
class Painter {
 public:
  void draw(int digit, Random& random, std::uint8_t* out);

 private:
  void write(const DigitStyle& style, Random& random);
  void write_stroke(const Stroke& stroke, Random& random);
  PenPoint tremble(PenPoint point, Random& random);
  void place(double radius, Random& random);
  void ink(double radius, Random& random, std::uint8_t* out);

  std::vector<PenPoint> known_, trembled_;  // a point that strokes share stays shared
  std::vector<PenPoint> line_;              // the strokes as short straight pieces
  std::vector<std::size_t> ends_;           // where in line_ each stroke ends
  float depth_[area];                       // how deep inside the ink a pixel is, in pixels
};

// The control points of a stroke move a little at random, for the shaking of a hand.
PenPoint Painter::tremble(PenPoint point, Random& random) {
  const auto found = std::find(known_.begin(), known_.end(), point);
  if (found != known_.end()) return trembled_[static_cast<std::size_t>(found - known_.begin())];
  known_.push_back(point);
  const double x = random.normal(0, 0.026), y = random.normal(0, 0.026);
  return trembled_.emplace_back(PenPoint{point.x + x, point.y + y});
}

// A Catmull-Rom spline through the points.
void Painter::write_stroke(const Stroke& stroke, Random& random) {
  std::vector<PenPoint> p;
  p.reserve(stroke.size() + 2);
  p.push_back({});
  for (const PenPoint& point : stroke) p.push_back(tremble(point, random));
  const std::size_t last = p.size() - 1;
  if (stroke.front() == stroke.back()) {
    // Hands rarely close a loop exactly.
    p[last].x += random.normal(0, 0.02), p[last].y += random.normal(0, 0.02);
    p[0] = p[last - 1];
    p.push_back(p[2]);
  } else {
    p[0] = {2 * p[1].x - p[2].x, 2 * p[1].y - p[2].y};
    p.push_back({2 * p[last].x - p[last - 1].x, 2 * p[last].y - p[last - 1].y});
  }
  constexpr int pieces = 6;
  for (std::size_t i = 1; i < last; ++i)
    for (int k = 0; k < pieces + (i + 1 == last); ++k) {
      const double t = static_cast<double>(k) / pieces, t2 = t * t, t3 = t2 * t;
      const double a = -t3 + 2 * t2 - t, b = 3 * t3 - 5 * t2 + 2, c = -3 * t3 + 4 * t2 + t;
      const double d = t3 - t2;
      line_.push_back({(a * p[i - 1].x + b * p[i].x + c * p[i + 1].x + d * p[i + 2].x) / 2,
                       (a * p[i - 1].y + b * p[i].y + c * p[i + 1].y + d * p[i + 2].y) / 2});
    }
  ends_.push_back(line_.size());
}

void Painter::write(const DigitStyle& style, Random& random) {
  known_.clear(), trembled_.clear(), line_.clear(), ends_.clear();
  for (const Stroke& stroke : style) write_stroke(stroke, random);

  // A slow wave bends the whole digit: stems bow, loops swell.
  const double amplitude_x = random.normal(0, 0.03), amplitude_y = random.normal(0, 0.02);
  const double phase_x = random.uniform(), phase_y = random.uniform();
  const double waves = random.uniform(0.5, 1.1);
  for (PenPoint& p : line_) {
    const double x = p.x + amplitude_x * std::sin(2 * pi * (waves * p.y + phase_x));
    p.y += amplitude_y * std::sin(2 * pi * (waves * p.x + phase_y));
    p.x = x;
  }
}

// From paper to pixels: width, slant, size, turn and place.
void Painter::place(double radius, Random& random) {
  const double width = random.uniform(0.78, 1.22), slant = random.normal(0.12, 0.15);
  const double size = 20 * random.uniform(0.75, 1.1), angle = random.uniform(-22, 22) * pi / 180;
  const double c = std::cos(angle) * size, s = std::sin(angle) * size;
  double low_x = 1e9, low_y = 1e9, high_x = -1e9, high_y = -1e9;
  for (PenPoint& p : line_) {
    const double y = p.y - 0.5, x = (p.x - 0.35) * width - slant * y;
    p = {c * x - s * y, s * x + c * y};
    low_x = std::min(low_x, p.x), high_x = std::max(high_x, p.x);
    low_y = std::min(low_y, p.y), high_y = std::max(high_y, p.y);
  }
  // The ink stays inside the image; what is too large for that is centred.
  const auto offset = [radius](double low, double high, double shift) {
    const double room = std::max(0.0, (side - 1 - (high - low)) / 2 - radius - 0.5);
    return (side - 1 - low - high) / 2 + std::clamp(shift, -room, room);
  };
  const double x = offset(low_x, high_x, random.uniform(-3, 3));
  const double y = offset(low_y, high_y, random.uniform(-3, 3));
  for (PenPoint& p : line_) p.x += x, p.y += y;
}

void Painter::ink(double radius, Random& random, std::uint8_t* out) {
  const double pressure = random.uniform(0, 0.2);
  const double pressure_phase = random.uniform();
  const float soft = static_cast<float>(random.uniform(0.9, 1.5));  // width of the grey edge
  const float reach = 1.0f;
  std::fill(depth_, depth_ + area, -reach);
  std::size_t at = 0;
  for (const std::size_t end : ends_) {
    for (; at + 1 < end; ++at) {
      const PenPoint p = line_[at], q = line_[at + 1];
      const double wave = std::sin(2 * pi * (p.y / side + p.x / (2 * side) + pressure_phase));
      const float r = static_cast<float>(radius * (1 + pressure * wave));
      const float px = static_cast<float>(p.x), py = static_cast<float>(p.y);
      const float dx = static_cast<float>(q.x) - px, dy = static_cast<float>(q.y) - py;
      const float scale = 1 / std::max(dx * dx + dy * dy, 1e-6f), far = r + reach;
      const auto first = [&](double a, double b) {
        return std::clamp(static_cast<int>(std::ceil(std::min(a, b) - far)), 0, side);
      };
      const auto last = [&](double a, double b) {
        return std::clamp(static_cast<int>(std::floor(std::max(a, b) + far)), -1, side - 1);
      };
      const int left = first(p.x, q.x), right = last(p.x, q.x), bottom = last(p.y, q.y);
      for (int y = first(p.y, q.y); y <= bottom; ++y)
        for (int x = left; x <= right; ++x) {
          const float vx = static_cast<float>(x) - px, vy = static_cast<float>(y) - py;
          const float t = std::clamp((vx * dx + vy * dy) * scale, 0.0f, 1.0f);
          const float ex = vx - t * dx, ey = vy - t * dy;
          float& depth = depth_[y * side + x];
          depth = std::max(depth, r - std::sqrt(ex * ex + ey * ey));
        }
    }
    at = end;
  }
  for (int i = 0; i < area; ++i)
    out[i] =
        static_cast<std::uint8_t>(std::clamp(depth_[i] / soft + 0.5f, 0.0f, 1.0f) * 255 + 0.5f);
}

void Painter::draw(int digit, Random& random, std::uint8_t* out) {
  const std::span<const DigitStyle> styles = digit_styles(digit);
  write(styles[random.below(static_cast<std::uint32_t>(styles.size()))], random);
  const double radius = random.uniform(0.8, 1.75);  // half the thickness, in pixels
  place(radius, random);
  ink(radius, random, out);
}

Dataset draw_set(const std::string& name, int count, std::uint64_t seed) {
  Dataset set;
  set.name = name;
  set.image_shape = {1, side, side};
  set.pixels.resize(static_cast<std::size_t>(count) * area);
  set.labels.resize(static_cast<std::size_t>(count));
  for (char digit = '0'; digit <= '9'; ++digit) set.class_names.emplace_back(1, digit);

  constexpr int share = 256;
  run_tasks((count + share - 1) / share, [&](int task) {
    Painter painter;
    for (int i = task * share; i < std::min((task + 1) * share, count); ++i) {
      Random random(mix(seed, static_cast<std::uint64_t>(i)));
      const std::size_t at = static_cast<std::size_t>(i);
      set.labels[at] = static_cast<std::int32_t>(random.below(10));
      painter.draw(set.labels[at], random, &set.pixels[at * area]);
    }
  });
  return set;
}

}  // namespace

DataSplit synthetic_digits(const SyntheticOptions& options) {
  constexpr int limit = 1'000'000;
  require(
      options.train >= 1 && options.train <= limit && options.test >= 1 && options.test <= limit,
      "synthetic digits: 1 to ", limit, " images a set, not ", options.train, " and ",
      options.test);
  DataSplit split;
  split.train = draw_set("synthetic digits", options.train, mix(options.seed, 0));
  split.test = draw_set("synthetic digits", options.test, mix(options.seed, 1));
  set_statistics(split);
  return split;
}

}  // namespace fovea
