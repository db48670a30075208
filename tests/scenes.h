// Pictures of one digit among what people have around it, and pictures of no digit, of several or
// of half a digit: drawn from 28 x 28 images by a seed.
#pragma once

#include <span>

#include "core/random.h"
#include "data/image.h"

namespace fovea::testing {

/// 28 x 28, white on black.
using Digits = std::span<const Image>;

struct Scene {
  const char* name;
  /// A picture of digits[which]; what else is in it is taken from the others.
  Image (*make)(Digits digits, std::size_t which, Random& random);
};

/// One whole digit each; the first is a clean page, with which the others are compared.
std::span<const Scene> scenes();

/// No digit, several, one that is cut off: an answer means little.
std::span<const Scene> doubtful_scenes();

}  // namespace fovea::testing
