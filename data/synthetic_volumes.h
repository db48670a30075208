// Drawn digits as solid bodies, turned and moved in space: what a volumetric transformer undoes.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace fovea {

struct VolumeOptions {
  int train = 10000, test = 1000;  ///< how many volumes, as of synthetic_digits()
  int size = 16;                   ///< voxels along each edge, 4 to 128
  double turn = 60;                ///< largest angle about each of the three axes, in degrees
  double shift = 0.2;              ///< largest shift along each axis, in half edges
  std::uint64_t seed = 1;
};

/// The digits of synthetic_digits(), given a thickness of a fifth of the cube, turned about x, y
/// and z and shifted, each uniformly (Jaderberg et al. 2015, appendix A.3, have MNIST so). An
/// "image" is [depth, height, width]: the depth stands where other sets have channels; a tile has
/// its values from 0 to 1. Volume i depends on (seed, set, i) and the options alone. Error: options
/// out of range.
DataSplit synthetic_volumes(const VolumeOptions& options);

}  // namespace fovea
