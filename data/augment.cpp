#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace fovea {

namespace {

constexpr int one = 1 << 16;  // 1.0 in fixed point
// Rows are padded to whole vectors. `/ lanes * lanes` tells the compiler, which then leaves out
// the code for a remainder.
constexpr int lanes = 16;
constexpr int max_side = 1024;  // keeps coordinates within 32 bits
constexpr int grid = 7, grid_stride = 8, cells = grid - 3;

std::int32_t fixed(double value) {
  return static_cast<std::int32_t>(std::lround(value * one));
}

void check(const char* name, double value, double limit) {
  require(value >= 0 && value <= limit, "augmentation: ", name, " must be between 0 and ", limit,
          ", not ", value);
}

// Weights of the uniform cubic B-splines at the centre of pixel `i` of `size`.
void spline_weights(int i, int size, float* out, std::size_t step) {
  const double t = (i + 0.5) / size * cells;
  const int cell = std::min(static_cast<int>(t), cells - 1);
  const double f = t - cell, g = 1 - f;
  const double weights[4] = {g * g * g / 6, (3 * f * f * f - 6 * f * f + 4) / 6,
                             (3 * g * g * g - 6 * g * g + 4) / 6, f * f * f / 6};
  for (int k = 0; k < 4; ++k)
    out[static_cast<std::size_t>(cell + k) * step] = static_cast<float>(weights[k]);
}

}  // namespace

bool Augmentation::any() const {
  return shift != 0 || rotation != 0 || scale != 0 || shear != 0 || elastic != 0 || erase != 0 ||
         flip;
}

Augmenter::Augmenter(const Augmentation& augmentation, Shape image_shape) : options_(augmentation) {
  require(image_shape.rank() == 3 && image_shape.size() > 0 && image_shape[1] <= max_side &&
              image_shape[2] <= max_side,
          "augmentation: images must be [C, H, W] with sides up to ", max_side, ", not ",
          image_shape);
  check("shift", options_.shift, max_side);
  check("rotation", options_.rotation, 180);
  check("scale", options_.scale, 0.5);
  check("shear", options_.shear, 45);
  check("elastic", options_.elastic, 100);
  check("erase", options_.erase, 1);
  channels_ = image_shape[0], height_ = image_shape[1], width_ = image_shape[2];
  columns_ = (width_ + lanes - 1) / lanes * lanes;
  stride_ = (width_ + 2 + lanes - 1) / lanes * lanes;
  const std::size_t stride = static_cast<std::size_t>(stride_);
  const std::size_t height = static_cast<std::size_t>(height_);
  padded_.resize((height + 3) * stride + 1);
  quads_.resize((height + 2) * stride * static_cast<std::size_t>(channels_));
  band_ = std::max(1, 1024 / columns_);
  const std::size_t band = static_cast<std::size_t>(band_ * columns_);
  index_.resize(band), weight_x_.resize(band), weight_y_.resize(band);
  quad_.resize(band), blend_.resize(band);
  move_x_.resize(stride), move_y_.resize(stride);
  field_.resize(2 * grid_stride * grid_stride);
  spline_x_.resize(grid_stride * stride), spline_y_.resize(height * grid_stride);
  for (int j = 0; j < width_; ++j)
    spline_weights(j, width_, &spline_x_[static_cast<std::size_t>(j)], stride);
  for (int i = 0; i < height_; ++i)
    spline_weights(i, height_, &spline_y_[static_cast<std::size_t>(i * grid_stride)], 1);
}

// The inverse of: scale, slant, turn about the centre, shift.
Augmenter::Affine Augmenter::draw_affine(Random& random) const {
  const auto draw = [&](double range) { return range > 0 ? random.uniform(-range, range) : 0.0; };
  constexpr double radians = 3.14159265358979323846 / 180;
  const bool flip = options_.flip && random.bits() >> 31;
  const double scale = 1 + draw(options_.scale);
  const double angle = draw(options_.rotation) * radians;
  const double slant = std::tan(draw(options_.shear) * radians);
  const double shift_x = draw(options_.shift), shift_y = draw(options_.shift);

  const double c = std::cos(angle) / scale, s = std::sin(angle) / scale;
  const double xj = c + slant * s, xi = s - slant * c, yj = -s, yi = c;
  const double centre_x = (width_ - 1) * 0.5, centre_y = (height_ - 1) * 0.5;
  const double from_x = -centre_x - shift_x, from_y = -centre_y - shift_y;
  Affine a = {fixed(xj * from_x + xi * from_y + centre_x), fixed(xj), fixed(xi),
              fixed(yj * from_x + yi * from_y + centre_y), fixed(yj), fixed(yi)};
  if (flip) a.x = (width_ - 1) * one - a.x, a.xj = -a.xj, a.xi = -a.xi;
  return a;
}

void Augmenter::draw_field(Random& random) {
  const float unit = static_cast<float>(options_.elastic * one / 32768);
  for (int i = 0; i < grid; ++i)
    for (int j = 0; j < grid; ++j) {
      const std::uint32_t bits = random.bits();  // 16 for each axis
      float* x = &field_[static_cast<std::size_t>(i * grid_stride + j)];
      x[0] = static_cast<float>(static_cast<int>(bits >> 16) - 32768) * unit;
      x[grid_stride * grid_stride] =
          static_cast<float>(static_cast<int>(bits & 65535) - 32768) * unit;
    }
}

void Augmenter::displacement_of_row(int row) {
  // The splines are separable: first along y, for the grid's columns, then along x.
  float knots[2][grid_stride] = {};
  const float* weights = &spline_y_[static_cast<std::size_t>(row * grid_stride)];
  for (int axis = 0; axis < 2; ++axis)
    for (int i = 0; i < grid; ++i)
      for (int j = 0; j < grid_stride; ++j)
        knots[axis][j] +=
            weights[i] *
            field_[static_cast<std::size_t>((axis * grid_stride + i) * grid_stride + j)];
  const float* __restrict splines = spline_x_.data();
  std::int32_t* __restrict move_x = move_x_.data();
  std::int32_t* __restrict move_y = move_y_.data();
  const int stride = stride_, columns = columns_ / lanes * lanes;
  for (int j = 0; j < columns; ++j) {
    float x = 0, y = 0;
    for (int k = 0; k < grid; ++k) {
      x += knots[0][k] * splines[k * stride + j];
      y += knots[1][k] * splines[k * stride + j];
    }
    move_x[j] = static_cast<std::int32_t>(x);
    move_y[j] = static_cast<std::int32_t>(y);
  }
}

// Makes a word of every 2 x 2 pixels, so that interpolation needs one load a pixel.
void Augmenter::pack(const std::uint8_t* in) {
  const std::size_t plane = static_cast<std::size_t>(height_ * width_);
  for (int c = 0; c < channels_; ++c, in += plane) {
    for (int i = 0; i < height_; ++i)
      std::memcpy(&padded_[static_cast<std::size_t>((i + 1) * stride_ + 1)], in + i * width_,
                  static_cast<std::size_t>(width_));
    const int count = (height_ + 2) * stride_ / lanes * lanes;
    const std::uint8_t* __restrict above = padded_.data();
    const std::uint8_t* __restrict below = above + stride_;
    std::int32_t* __restrict quads = quads_.data() + c * count;
    for (int k = 0; k < count; ++k)
      quads[k] = above[k] | above[k + 1] << 8 | below[k] << 16 |
                 static_cast<std::int32_t>(std::uint32_t{below[k + 1]} << 24);
  }
}

// Where the pixels of an output row come from.
void Augmenter::locate_row(const Affine& affine, int row, int slot) {
  // The frame adds one pixel. A grey image fades into it, a colour image stops at its edge.
  const int low = channels_ == 1 ? 0 : one;
  const int high_x = (channels_ == 1 ? width_ + 1 : width_) * one;
  const int high_y = (channels_ == 1 ? height_ + 1 : height_) * one;
  const int start_x = affine.x + affine.xi * row + one, step_x = affine.xj;
  const int start_y = affine.y + affine.yi * row + one, step_y = affine.yj;
  const int stride = stride_, columns = columns_ / lanes * lanes;
  std::int32_t* __restrict index = index_.data() + slot * columns;
  std::int32_t* __restrict weight_x = weight_x_.data() + slot * columns;
  std::int32_t* __restrict weight_y = weight_y_.data() + slot * columns;
  const std::int32_t* __restrict move_x = move_x_.data();
  const std::int32_t* __restrict move_y = move_y_.data();
  for (int j = 0; j < columns; ++j) {
    int x = start_x + step_x * j + move_x[j], y = start_y + step_y * j + move_y[j];
    x = x < low ? low : x > high_x ? high_x : x;
    y = y < low ? low : y > high_y ? high_y : y;
    index[j] = (y >> 16) * stride + (x >> 16);
    weight_x[j] = x >> 8 & 255;
    weight_y[j] = y >> 8 & 255;
  }
}

// Writes the `rows` output rows that have been located.
void Augmenter::resample_rows(std::uint8_t* out, int rows) {
  const int plane = height_ * width_, padded_plane = (height_ + 2) * stride_;
  const int count = rows * columns_ / lanes * lanes;
  const std::int32_t* __restrict index = index_.data();
  const std::int32_t* __restrict weight_x = weight_x_.data();
  const std::int32_t* __restrict weight_y = weight_y_.data();
  std::int32_t* __restrict quad = quad_.data();
  std::uint8_t* __restrict blend = blend_.data();
  for (int c = 0; c < channels_; ++c, out += plane) {
    const std::int32_t* __restrict quads = quads_.data() + c * padded_plane;
    // Scattered loads on their own: not every compiler vectorises a loop that has them.
    for (int k = 0; k < count; ++k) quad[k] = quads[index[k]];
    for (int k = 0; k < count; ++k) {
      const int a = quad[k] & 255, b = quad[k] >> 8 & 255;
      const int d = quad[k] >> 16 & 255, e = quad[k] >> 24 & 255;
      const int top = a * 256 + (b - a) * weight_x[k], bottom = d * 256 + (e - d) * weight_x[k];
      blend[k] =
          static_cast<std::uint8_t>((top * 256 + (bottom - top) * weight_y[k] + 32768) >> 16);
    }
    for (int i = 0; i < rows; ++i)
      std::memcpy(out + i * width_, blend + i * columns_, static_cast<std::size_t>(width_));
  }
}

void Augmenter::erase(std::uint8_t* out, Random& random) const {
  const double area = random.uniform(0.02, 0.2) * height_ * width_;
  const double aspect = std::exp(random.uniform(std::log(0.3), std::log(1 / 0.3)));
  const auto side = [](double length, int limit) {
    return std::clamp(static_cast<int>(std::lround(length)), 1, limit);
  };
  const int height = side(std::sqrt(area * aspect), height_);
  const int width = side(std::sqrt(area / aspect), width_);
  const int top = static_cast<int>(random.below(static_cast<std::uint32_t>(height_ - height + 1)));
  const int left = static_cast<int>(random.below(static_cast<std::uint32_t>(width_ - width + 1)));
  for (int c = 0; c < channels_; ++c, out += height_ * width_) {
    const int fill = channels_ == 1 ? 0 : static_cast<int>(random.bits() >> 24);
    for (int i = top; i < top + height; ++i)
      std::memset(out + i * width_ + left, fill, static_cast<std::size_t>(width));
  }
}

void Augmenter::operator()(const std::uint8_t* in, std::uint8_t* out, Random random) {
  const Affine affine = draw_affine(random);
  const Affine identity = {0, one, 0, 0, 0, one};
  if (options_.elastic > 0) draw_field(random);
  if (options_.elastic > 0 || affine != identity) {
    pack(in);
    for (int first = 0; first < height_; first += band_) {
      const int rows = std::min(band_, height_ - first);
      for (int i = 0; i < rows; ++i) {
        if (options_.elastic > 0) displacement_of_row(first + i);
        locate_row(affine, first + i, i);
      }
      resample_rows(out + first * width_, rows);
    }
  } else {
    std::memcpy(out, in, static_cast<std::size_t>(channels_ * height_ * width_));
  }
  if (options_.erase > 0 && random.uniform() < options_.erase) erase(out, random);
}

}  // namespace fovea
