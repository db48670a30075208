// Anybody's picture of a digit, made like the images of MNIST.
#pragma once

#include <optional>
#include <string>

#include "data/image.h"
#include "data/image_style.h"

namespace fovea {

/// A digit as the network expects it.
struct PreparedDigit {
  Image image;  ///< 28 x 28 grey, white on black; or of the style's size, channels and levels
  std::string
      notes;  ///< what was done, one line: "grey from RGB; inverted (light background); ..."
  std::string doubt;   ///< why the answer may mean nothing: no digit, several, cut off; else ""
  bool blank = false;  ///< no ink was found; the image is black
  /// Where `image`, all of it, lies in the picture that it was made of; may reach beyond.
  PixelBox frame = {};
  std::optional<PixelBox> ink = {};  ///< of the digit, in that picture; none if blank
};

/// Does to a photo, scan or drawing of one digit what LeCun et al. ("Gradient-based learning
/// applied to document recognition", 1998, and the MNIST page) did to NIST's forms: grey; light ink
/// on a dark ground, which the border of the picture tells; the ground, its shading and noise
/// removed; cropped to the ink; the longer side scaled to 20 pixels without aliasing; the centre of
/// mass put on pixel (14, 14) of 28 x 28, to the nearest pixel. Thin lines are brightened, since
/// MNIST's are never grey all over. Specks and what enters from the border are left out.
///
/// A 28 x 28 picture on black with a digit of fitting size near its centre stays as it is.
///
/// With another `style` than MNIST's (measure_style() of a training set whose images are drawings):
/// its size, ground, ink, extent and centre, by mass or by box; a picture that fits() it stays as
/// it is. Error: inconsistent image.
PreparedDigit prepare_digit(const Image& image, const ImageStyle& style = {});

}  // namespace fovea
