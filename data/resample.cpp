#include "data/resample.h"

#include <cstring>

#include "core/error.h"

namespace fovea {

namespace {

constexpr int max_side = 1024;

int whole_vectors(int count) {
  return (count + Resampler::lanes - 1) / Resampler::lanes * Resampler::lanes;
}

bool fits(int side) {
  return side >= 1 && side <= max_side;
}

}  // namespace

Resampler::Resampler(const Shape& in, int height, int width) : height_(height), width_(width) {
  require(
      in.rank() == 3 && in.size() > 0 && fits(in[1]) && fits(in[2]) && fits(height) && fits(width),
      "resampling: from images of shape ", in, " to ", height, "x", width,
      ", expected [C, H, W] and sides from 1 to ", max_side);
  channels_ = in[0], in_height_ = in[1], in_width_ = in[2];
  stride_ = whole_vectors(width);
  padded_stride_ = whole_vectors(in_width_ + 2);
  const auto row = static_cast<std::size_t>(stride_);
  const auto padded_row = static_cast<std::size_t>(padded_stride_);
  padded_.resize(static_cast<std::size_t>(in_height_ + 3) * padded_row + 1);
  quads_.resize(static_cast<std::size_t>(in_height_ + 2) * padded_row);
  x_.resize(static_cast<std::size_t>(height) * row), y_.resize(x_.size());
  index_.resize(row), weight_x_.resize(row), weight_y_.resize(row), quad_.resize(row);
  blend_.resize(row);
}

// One word of every 2 x 2 pixels, so that interpolation needs one load a pixel.
void Resampler::pack(const std::uint8_t* plane) {
  for (int i = 0; i < in_height_; ++i)
    std::memcpy(&padded_[static_cast<std::size_t>((i + 1) * padded_stride_ + 1)],
                plane + i * in_width_, static_cast<std::size_t>(in_width_));
  const int count = (in_height_ + 2) * padded_stride_ / lanes * lanes;
  const std::uint8_t* __restrict above = padded_.data();
  const std::uint8_t* __restrict below = above + padded_stride_;
  std::int32_t* __restrict quads = quads_.data();
  for (int k = 0; k < count; ++k)
    quads[k] = above[k] | above[k + 1] << 8 | below[k] << 16 |
               static_cast<std::int32_t>(std::uint32_t{below[k + 1]} << 24);
}

void Resampler::sample_row(int i, std::uint8_t* out) {
  const int columns = stride_ / lanes * lanes, padded_stride = padded_stride_;
  const float right = static_cast<float>(in_width_ + 1),
              bottom = static_cast<float>(in_height_ + 1);
  const float* __restrict xs = x(i);
  const float* __restrict ys = y(i);
  std::int32_t* __restrict index = index_.data();
  std::int32_t* __restrict weight_x = weight_x_.data();
  std::int32_t* __restrict weight_y = weight_y_.data();
  for (int j = 0; j < columns; ++j) {
    float px = xs[j] + 1, py = ys[j] + 1;        // the frame adds one
    px = px > 0 ? px : 0, py = py > 0 ? py : 0;  // also what is not a number
    px = px < right ? px : right, py = py < bottom ? py : bottom;
    const std::int32_t fx = static_cast<std::int32_t>(px * 256);
    const std::int32_t fy = static_cast<std::int32_t>(py * 256);
    index[j] = (fy >> 8) * padded_stride + (fx >> 8);
    weight_x[j] = fx & 255;
    weight_y[j] = fy & 255;
  }
  // Scattered loads on their own: not every compiler vectorises a loop that has them.
  const std::int32_t* __restrict quads = quads_.data();
  std::int32_t* __restrict quad = quad_.data();
  for (int j = 0; j < columns; ++j) quad[j] = quads[index[j]];
  std::uint8_t* __restrict blend = blend_.data();
  for (int j = 0; j < columns; ++j) {
    const int a = quad[j] & 255, b = quad[j] >> 8 & 255;
    const int c = quad[j] >> 16 & 255, d = quad[j] >> 24 & 255;
    const int top = a * 256 + (b - a) * weight_x[j], below = c * 256 + (d - c) * weight_x[j];
    blend[j] = static_cast<std::uint8_t>((top * 256 + (below - top) * weight_y[j] + 32768) >> 16);
  }
  std::memcpy(out, blend, static_cast<std::size_t>(width_));
}

void Resampler::operator()(const std::uint8_t* in, std::uint8_t* out) {
  for (int c = 0; c < channels_; ++c, in += in_height_ * in_width_) {
    pack(in);
    for (int i = 0; i < height_; ++i, out += width_) sample_row(i, out);
  }
}

}  // namespace fovea
