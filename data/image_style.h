// How the images of a data set were made, so that other pictures can be made like them.
#pragma once

#include <optional>
#include <vector>

#include "data/dataset.h"
#include "data/image.h"

namespace fovea {

/// Figures that tell drawings on a plain ground apart from photos, and how the drawings lie. Places
/// are counted in pixels, 0 is the first pixel's left edge; the defaults are MNIST's.
struct ImageStyle {
  bool drawing = true;  ///< strokes on a plain ground; else nothing but the size can be matched
  int width = 28, height = 28;
  std::vector<int> ground{0},
      ink{255};         ///< usual level of the ground and of the ink, one a channel
  float extent = 20;    ///< longer side of the ink's box
  bool by_mass = true;  ///< `x`, `y` is the centre of mass; else of the box
  float x = 14.5f, y = 14.5f;
  /// Range of nearly all training images: longer side, and centre of the ink's box.
  float least_extent = 14, most_extent = 24, left = 10, right = 18, top = 10, bottom = 18;

  bool operator==(const ImageStyle&) const = default;
};

/// The style of the first (at most) 5,000 images. The ground is the level, 16 wide, that most
/// pixels have; a drawing has it in 35% of the pixels, and one channel or one colour of ink.
ImageStyle measure_style(const Dataset& dataset);

/// Whether `image` (of the style's size and channels) could be one of those the style was measured
/// on: of a set of photos always; a drawing needs their ground, and ink where theirs is.
bool fits(const ImageStyle& style, const Image& image);

/// Of an image of the style's channels: the box of what differs from the ground by more than half
/// of what differs most; none if nothing does.
std::optional<PixelBox> ink_box(const ImageStyle& style, const Image& image);

}  // namespace fovea
