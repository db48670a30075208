#include "data/prepare_digit.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/find_ink.h"

namespace fovea {

namespace {

constexpr int side = 28, ink_side = 20;
constexpr double centre = 14;      // where MNIST has its centres of mass, counted in pixels from 0
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

// Whether the picture could be MNIST's own: the right size, on black, fitting and near the centre.
bool is_prepared(const Image& grey) {
  if (grey.width != side || grey.height != side) return false;
  int left = side, right = -1, top = side, bottom = -1, lit_border = 0;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      if (grey.pixels[std::size_t(y * side + x)] <= 16) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
      lit_border += x == 0 || y == 0 || x == side - 1 || y == side - 1;
    }
  const int extent = std::max(right - left, bottom - top) + 1;
  const Mass mass = centre_of_mass(grey);
  return lit_border <= side && extent >= 14 && extent <= 24 &&
         *std::max_element(grey.pixels.begin(), grey.pixels.end()) >= 160 &&
         std::max(std::abs(mass.x - centre), std::abs(mass.y - centre)) <= 4;
}

// The box of the ink, with its longer side scaled to 20 pixels.
Image scaled_ink(const Image& grey, const Ink& ink) {
  Image crop{ink.right - ink.left, ink.bottom - ink.top, 1, {}};
  for (int y = ink.top; y < ink.bottom; ++y)
    for (int x = ink.left; x < ink.right; ++x) {
      const float strength = ink.strength[std::size_t(y) * grey.width + x];
      crop.pixels.push_back(static_cast<std::uint8_t>(strength * 255 + 0.5f));
    }
  const double scale = static_cast<double>(ink_side) / std::max(crop.width, crop.height);
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

}  // namespace

PreparedDigit prepare_digit(const Image& image) {
  PreparedDigit out;
  Image grey = grey_of(image, out.notes);
  const auto note = [&](const auto&... parts) {
    if (!out.notes.empty()) out.notes += "; ";
    out.notes += cat(parts...);
  };
  if (is_prepared(grey)) {
    note("28x28 on black already, left as it is");
    out.image = std::move(grey);
    return out;
  }
  const double shrink =
      std::max(1.0, static_cast<double>(std::max(grey.width, grey.height)) / working_side);
  if (shrink > 1)
    grey = resize(grey, std::max(1, static_cast<int>(std::lround(grey.width / shrink))),
                  std::max(1, static_cast<int>(std::lround(grey.height / shrink))));
  const Ink ink = find_ink(grey);
  out.image = {side, side, 1, std::vector<std::uint8_t>(side * side)};
  if (!ink.found) {
    out.blank = true;
    note("no ink found (blank or too faint)");
    return out;
  }
  if (ink.dark_on_light) note("inverted (light background)");
  if (ink.ignored > 0) note("ignored ", ink.ignored, ink.ignored == 1 ? " speck" : " specks");
  const auto original = [&](int length) { return static_cast<int>(std::lround(length * shrink)); };
  note("cropped to ", original(ink.right - ink.left), "x", original(ink.bottom - ink.top), " at (",
       original(ink.left), ", ", original(ink.top), ")");

  Image digit = scaled_ink(grey, ink);
  note("scaled to ", digit.width, "x", digit.height);
  if (brighten(digit)) note("thin strokes brightened");
  const Mass mass = centre_of_mass(digit);
  const auto place = [](double mass_centre, int length) {
    return std::clamp(static_cast<int>(std::lround(centre - mass_centre)), 0, side - length);
  };
  const int left = place(mass.x, digit.width), top = place(mass.y, digit.height);
  for (int y = 0; y < digit.height; ++y)
    std::copy_n(&digit.pixels[std::size_t(y * digit.width)], digit.width,
                &out.image.pixels[std::size_t((top + y) * side + left)]);
  const auto signed_text = [](int value) { return cat(value > 0 ? "+" : "", value); };
  note("centred by mass (shift ", signed_text(left - (side - digit.width) / 2), ",",
       signed_text(top - (side - digit.height) / 2), ")");
  return out;
}

}  // namespace fovea
