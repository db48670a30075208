#include "data/digits/prepare_digit.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/digits/find_ink.h"

namespace fovea {

namespace {

constexpr int working_side = 512;  // larger photos are shrunk first, which also averages noise out

struct Mass {
  double sum = 0, x = 0, y = 0;  // centre in pixels from 0
};

Mass centre_of_mass(const Image& image) {
  Mass mass;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const double value = image.pixels[std::size_t(y) * image.width + x];
      mass.sum += value, mass.x += value * x, mass.y += value * y;
    }
  if (mass.sum > 0) mass.x /= mass.sum, mass.y /= mass.sum;
  return mass;
}

// Grey, and in `notes` how. A drawing that shows in its alpha channel only is taken from there.
Image grey_of(const Image& image, std::string& notes) {
  Image grey = to_grey(image);
  const bool has_alpha = image.channels == 2 || image.channels == 4;
  const auto [low, high] = std::minmax_element(grey.pixels.begin(), grey.pixels.end());
  if (has_alpha && *high - *low < 24) {
    Image alpha = grey;
    for (std::size_t i = 0; i < alpha.pixels.size(); ++i)
      alpha.pixels[i] = image.pixels[(i + 1) * static_cast<std::size_t>(image.channels) - 1];
    const auto [lowest, highest] = std::minmax_element(alpha.pixels.begin(), alpha.pixels.end());
    if (*highest - *lowest >= 24) {
      notes = "grey from alpha";
      return alpha;
    }
  }
  if (image.channels >= 3) notes = "grey from RGB";
  if (has_alpha) notes += image.channels == 4 ? " over white" : "transparent over white";
  return grey;
}

// The box of the ink, with its longer side scaled to `extent` pixels.
Image scaled_ink(const Image& grey, const Ink& ink, const ImageStyle& style) {
  Image crop{ink.right - ink.left, ink.bottom - ink.top, 1, {}};
  for (int y = ink.top; y < ink.bottom; ++y)
    for (int x = ink.left; x < ink.right; ++x) {
      const float strength = ink.strength[std::size_t(y) * grey.width + x];
      crop.pixels.push_back(static_cast<std::uint8_t>(strength * 255 + 0.5f));
    }
  double scale = style.extent / std::max(crop.width, crop.height);
  scale = std::min({scale, 1.0 * style.width / crop.width, 1.0 * style.height / crop.height});
  return resize(crop, std::max(1, static_cast<int>(std::lround(crop.width * scale))),
                std::max(1, static_cast<int>(std::lround(crop.height * scale))));
}

// Brings the core of the strokes to full white. Returns whether that was much.
bool brighten(Image& digit) {
  std::vector<std::uint8_t> lit;
  for (const std::uint8_t value : digit.pixels)
    if (value > 16) lit.push_back(value);
  if (lit.empty()) return false;
  const auto bright = lit.begin() + static_cast<std::ptrdiff_t>(lit.size() * 9 / 10);
  std::nth_element(lit.begin(), bright, lit.end());
  const double gain = 255.0 / *bright;
  for (std::uint8_t& value : digit.pixels)
    value = static_cast<std::uint8_t>(std::min(255.0, value * gain + 0.5));
  return gain > 1.3;
}

// Ink of that strength (0..255) in the style's colours.
Image coloured(const Image& strength, const ImageStyle& style) {
  Image out{style.width, style.height, static_cast<int>(style.ground.size()), {}};
  for (const std::uint8_t s : strength.pixels)
    for (std::size_t c = 0; c < style.ground.size(); ++c)
      out.pixels.push_back(static_cast<std::uint8_t>(
          style.ground[c] + std::lround((style.ink[c] - style.ground[c]) * (s / 255.0))));
  return out;
}

}  // namespace

PreparedDigit prepare_digit(const Image& image, const ImageStyle& style) {
  PreparedDigit out;
  Image grey = grey_of(image, out.notes);
  const auto note = [&](const auto&... parts) {
    if (!out.notes.empty()) out.notes += "; ";
    out.notes += cat(parts...);
  };
  const bool mnist = style == ImageStyle{};
  Image as_is = style.ground.size() == 3 ? to_rgb(image) : grey;
  if (fits(style, as_is)) {
    note(mnist ? "28x28 on black already, left as it is"
               : "like the training images, left as it is");
    out.frame = {0, 0, 1.0 * image.width, 1.0 * image.height};
    out.ink = ink_box(style, as_is);
    out.image = std::move(as_is);
    return out;
  }
  const double side = std::max(grey.width, grey.height);
  const double shrink = std::max(1.0, side / working_side);
  if (shrink != 1)
    grey = resize(grey, std::max(1, static_cast<int>(std::lround(grey.width / shrink))),
                  std::max(1, static_cast<int>(std::lround(grey.height / shrink))));
  const Ink ink = find_ink(grey);
  Image strength{style.width, style.height, 1, {}};
  strength.pixels.resize(static_cast<std::size_t>(style.width) *
                         static_cast<std::size_t>(style.height));
  if (!ink.found) {
    out.blank = true;
    out.doubt = "no ink found (blank or too faint); the answer means nothing";
    out.image = coloured(strength, style);
    out.frame = {0, 0, 1.0 * image.width, 1.0 * image.height};
    note("no ink found (blank or too faint)");
    return out;
  }
  if (ink.only_lines)
    out.doubt = "nothing but straight lines found; the answer means little";
  else if (ink.digits > 1)
    out.doubt = cat("holds several digits or marks (", ink.digits, "); one answer cannot be right");
  else if (ink.cut_off)
    out.doubt = "the digit reaches the edge of the picture and may be cut off";
  if (ink.dark_on_light) note("inverted (light background)");
  if (ink.ignored > 0) note("ignored ", ink.ignored, ink.ignored == 1 ? " speck" : " specks");
  const auto original = [&](int length) { return static_cast<int>(std::lround(length * shrink)); };
  note("cropped to ", original(ink.right - ink.left), "x", original(ink.bottom - ink.top), " at (",
       original(ink.left), ", ", original(ink.top), ")");

  // Rounding has changed the two sides of what was shrunk by different factors.
  const double across = 1.0 * image.width / grey.width, down = 1.0 * image.height / grey.height;
  const PixelBox box = {ink.left * across, ink.top * down, (ink.right - ink.left) * across,
                        (ink.bottom - ink.top) * down};
  out.ink = box;

  Image digit = scaled_ink(grey, ink, style);
  note("scaled to ", digit.width, "x", digit.height);
  if (brighten(digit)) note("thin strokes brightened");
  const Mass mass = centre_of_mass(digit);
  const auto place = [](double target, double own, int length, int side) {
    return std::clamp(static_cast<int>(std::lround(target - own)), 0, side - length);
  };
  const int left =
      place(style.x, style.by_mass ? mass.x + 0.5 : digit.width / 2.0, digit.width, style.width);
  const int top =
      place(style.y, style.by_mass ? mass.y + 0.5 : digit.height / 2.0, digit.height, style.height);
  const double step_x = box.width / digit.width, step_y = box.height / digit.height;
  out.frame = {box.x - left * step_x, box.y - top * step_y, style.width * step_x,
               style.height * step_y};
  for (int y = 0; y < digit.height; ++y)
    std::copy_n(&digit.pixels[std::size_t(y * digit.width)], digit.width,
                &strength.pixels[std::size_t((top + y) * style.width + left)]);
  out.image = coloured(strength, style);
  const auto signed_text = [](int value) { return cat(value > 0 ? "+" : "", value); };
  note(style.by_mass ? "centred by mass (shift " : "centred by its box (shift ",
       signed_text(left - (style.width - digit.width) / 2), ",",
       signed_text(top - (style.height - digit.height) / 2), ")");
  return out;
}

}  // namespace fovea
