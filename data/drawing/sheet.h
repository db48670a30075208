// A sheet of paper that lies on something, or in a frame; part of find_ink().
#pragma once

#include <vector>

#include "data/image.h"

namespace fovea {

struct Sheet {
  bool found = false;
  bool light = false;        ///< lighter than what is around it, and than the ink on it
  std::vector<char> inside;  ///< for every pixel whether it is on the sheet, not near its edge
};

/// A rectangle, turned by any angle, with sharp edges, half as wide and high as the picture or
/// larger, that something is written on.
Sheet find_sheet(const Image& grey);

}  // namespace fovea
