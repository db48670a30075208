// The paper of a picture, and what stands out from it; part of find_ink().
#pragma once

#include <vector>

#include "data/image.h"

namespace fovea {

/// In pictures smaller than this a digit is all there can be: no desk, no lines.
inline constexpr int tiny_side = 20;

/// Whether ink is darker than paper: what is rarer around it, inside of the picture's margin.
bool is_dark_on_light(const Image& grey);

/// How far each pixel is from the paper around it, in the ink's direction, 0..255, and in `noise`
/// the standard deviation of the paper itself. The paper is the picture without anything narrower
/// than a third of it (of a small one: two thirds): a morphological closing (for light ink an
/// opening) by a square, which keeps the edges of shadows. Of dark ink by how much of the light it
/// takes: shadows do not matter.
std::vector<float> off_paper(const Image& grey, bool dark_on_light, double& noise);

/// The threshold 1..255 that separates two classes of values best (Otsu 1979); values from 255 on
/// count as 255.
int otsu_threshold(const std::vector<float>& values);

}  // namespace fovea
