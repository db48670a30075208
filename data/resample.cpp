#include "data/resample.h"

#include <algorithm>
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
  padded_.resize(static_cast<std::size_t>(channels_ * (in_height_ + 3)) * padded_row + 1);
  quads_.resize(static_cast<std::size_t>(channels_ * (in_height_ + 2)) * padded_row);
  columns_.resize(padded_row / 8);
  spans_.assign(static_cast<std::size_t>(height), {0, stride_});
  x_.resize(static_cast<std::size_t>(height) * row), y_.resize(x_.size());
  index_.resize(row), weight_x_.resize(row), weight_y_.resize(row), quad_.resize(row);
  blend_.resize(row);
}

void Resampler::look_at(const std::uint8_t* in) {
  frame(in);
  find_ink();
  pack();
  knows_ink_ = true;
}

void Resampler::operator()(const std::uint8_t* in, std::uint8_t* out) {
  if (!knows_ink_) {
    frame(in);
    left_ = top_ = 0, right_ = in_width_, bottom_ = in_height_;
    pack();
  }
  if (knows_ink_) std::memset(out, 0, static_cast<std::size_t>(channels_ * height_ * width_));
  for (int c = 0; c < channels_; ++c)
    for (int i = 0; i < height_; ++i, out += width_)
      sample_row(i, &quads_[static_cast<std::size_t>(c * (in_height_ + 2) * padded_stride_)], out);
  knows_ink_ = false;
  std::fill(spans_.begin(), spans_.end(), std::array{0, stride_});
}

void Resampler::frame(const std::uint8_t* in) {
  const int rows = in_height_ + 3;  // with those of the frame, and one that 2 x 2 pixels reach
  for (int c = 0; c < channels_; ++c)
    for (int i = 0; i < in_height_; ++i, in += in_width_)
      std::memcpy(&padded_[static_cast<std::size_t>((c * rows + i + 1) * padded_stride_ + 1)], in,
                  static_cast<std::size_t>(in_width_));
}

void Resampler::pack() {
  for (int c = 0; c < channels_; ++c)
    pack_plane(&padded_[static_cast<std::size_t>(c * (in_height_ + 3) * padded_stride_)],
               &quads_[static_cast<std::size_t>(c * (in_height_ + 2) * padded_stride_)]);
}

// The box of what is not 0 in any channel: most of a digit's image is. Eight pixels at once.
void Resampler::find_ink() {
  const int words = padded_stride_ / 8;
  std::fill(columns_.begin(), columns_.end(), 0);
  left_ = right_ = bottom_ = 0, top_ = in_height_;
  for (int c = 0; c < channels_; ++c)
    for (int i = 0; i < in_height_; ++i) {
      const std::uint8_t* row =
          &padded_[static_cast<std::size_t>((c * (in_height_ + 3) + i + 1) * padded_stride_)];
      std::uint64_t any = 0;
      for (int k = 0; k < words; ++k) {
        std::uint64_t word;
        std::memcpy(&word, row + 8 * k, 8);
        any |= word;
        columns_[static_cast<std::size_t>(k)] |= word;
      }
      if (any == 0) continue;
      top_ = std::min(top_, i);
      bottom_ = std::max(bottom_, i + 1);
    }
  if (bottom_ == 0) {
    top_ = 0;
    return;
  }
  const auto blank = [&](int column) {
    return reinterpret_cast<const std::uint8_t*>(columns_.data())[column + 1] == 0;
  };
  while (blank(left_)) ++left_;
  for (right_ = in_width_; blank(right_ - 1);) --right_;
}

// One word of every 2 x 2 pixels around the ink, so that interpolation needs one load a pixel.
void Resampler::pack_plane(const std::uint8_t* plane, std::int32_t* words) {
  const int first = top_ * padded_stride_;
  const int count = (bottom_ + 2 - top_) * padded_stride_ / lanes * lanes;
  const std::uint8_t* __restrict above = plane + first;
  const std::uint8_t* __restrict below = above + padded_stride_;
  std::int32_t* __restrict quads = words + first;
  for (int k = 0; k < count; ++k)
    quads[k] = above[k] | above[k + 1] << 8 | below[k] << 16 |
               static_cast<std::int32_t>(std::uint32_t{below[k + 1]} << 24);
}

void Resampler::locate_only(int i, double first, double last) {
  const auto column = [&](double at) {
    return static_cast<int>(std::clamp(at, 0.0, static_cast<double>(stride_)));
  };
  const int from = column(first) / lanes * lanes, to = whole_vectors(column(last + 1));
  spans_[static_cast<std::size_t>(i)] = {from, std::max(from, last < first ? from : to)};
}

void Resampler::sample_row(int i, const std::int32_t* words, std::uint8_t* out) {
  const int start = first(i), padded_stride = padded_stride_;
  const int columns = (last(i) - start) / lanes * lanes;
  if (columns == 0) return;
  // In the frame, which adds one; at these limits, and beyond, there is nothing but 0.
  const float left = static_cast<float>(left_), right = static_cast<float>(right_ + 1);
  const float top = static_cast<float>(top_), bottom = static_cast<float>(bottom_ + 1);
  const float* __restrict xs = x(i) + start;
  const float* __restrict ys = y(i) + start;
  std::int32_t* __restrict index = index_.data();
  std::int32_t* __restrict weight_x = weight_x_.data();
  std::int32_t* __restrict weight_y = weight_y_.data();
  for (int j = 0; j < columns; ++j) {
    float px = xs[j] + 1, py = ys[j] + 1;
    px = px > left ? px : left, py = py > top ? py : top;  // also what is not a number
    px = px < right ? px : right, py = py < bottom ? py : bottom;
    const std::int32_t fx = static_cast<std::int32_t>(px * 256);
    const std::int32_t fy = static_cast<std::int32_t>(py * 256);
    index[j] = (fy >> 8) * padded_stride + (fx >> 8);
    weight_x[j] = fx & 255;
    weight_y[j] = fy & 255;
  }
  // Scattered loads on their own: not every compiler vectorises a loop that has them.
  const std::int32_t* __restrict quads = words;
  std::int32_t* __restrict quad = quad_.data();
  for (int j = 0; j < columns; ++j) quad[j] = quads[index[j]];
  std::uint8_t* __restrict blend = blend_.data();
  for (int j = 0; j < columns; ++j) {
    const int a = quad[j] & 255, b = quad[j] >> 8 & 255;
    const int c = quad[j] >> 16 & 255, d = quad[j] >> 24 & 255;
    const int above = a * 256 + (b - a) * weight_x[j], below = c * 256 + (d - c) * weight_x[j];
    blend[j] =
        static_cast<std::uint8_t>((above * 256 + (below - above) * weight_y[j] + 32768) >> 16);
  }
  std::memcpy(out + start, blend, static_cast<std::size_t>(std::min(columns, width_ - start)));
}

}  // namespace fovea
