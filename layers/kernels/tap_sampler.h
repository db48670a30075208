// The sampler of volumes, and the bicubic one of images: a value is a sum over the taps of each
// axis. GridSampler does what is wanted most, images bilinearly, faster.
#pragma once

#include "core/lanes.h"
#include "layers/sampling.h"

namespace fovea {

/// The sizes of a volume of one sample; an image has depth 1.
struct VolumeExtent {
  int channels, depth, height, width;
};

/// Keeps no values: each call is given the samples `x`, [channels, depth, height, width], and
/// `outputs` points (x, y) or (x, y, z), whose taps are found anew.
class TapSampler {
 public:
  /// `axes` is 2 or 3. Throws Error when an axis is too long for exact coordinates.
  TapSampler(const VolumeExtent& extent, int axes, const GridSampleOptions& options);

  /// Assigns `y`, [channels, outputs].
  void sample(const Lanes* x, const Lanes* grid, int outputs, Lanes* y) const;
  /// Adds to the gradient of the points.
  void add_grid_grad(const Lanes* x, const Lanes* grid, int outputs, const Lanes* dy,
                     Lanes* dgrid) const;
  /// Adds to the gradient of the samples.
  void add_image_grad(const Lanes* grid, int outputs, const Lanes* dy, Lanes* dx) const;

 private:
  template <class Visit>
  void for_each_point(const Lanes* grid, int outputs, bool slopes, const Visit& visit) const;
  int plane() const { return extent_.depth * extent_.height * extent_.width; }

  VolumeExtent extent_;
  int axes_;
  GridSampleOptions options_;
  Real outside_;  // the value of taps outside
};

}  // namespace fovea
