// The inner loops of the sampler, a stretch of output pixels at a time, so that a grid that is
// computed on the way need not exist as a whole. Used by grid_sample.cpp and
// spatial_transformer.cpp.
#pragma once

#include "core/lanes.h"
#include "core/memory.h"
#include "layers/sampling.h"

namespace fovea {

/// The sizes of an image of one sample.
struct ImageExtent {
  int channels, height, width;
};

class GridSampler {
 public:
  /// Samples `x`, [channels, height, width], at `outputs` places. The last two say which gradients
  /// will be asked for. Throws Error when x has too many pixels.
  GridSampler(const ImageExtent& image, const Lanes* x, int outputs,
              const GridSampleOptions& options, bool grid_wanted, bool image_wanted);

  /// Output pixels [first, first + count) of every channel of `y`, [C, outputs], from `count`
  /// pairs (x, y) of normalised coordinates.
  void sample(const Lanes* grid, int first, int count, Lanes* y);
  /// Gives the memory of the image back; backward does not read it.
  void release_image() { planes_ = {}; }

  /// Assigns the gradients of those `count` pairs.
  void grid_grad(const Lanes* dy, int first, int count, Lanes* dgrid) const;
  /// Adds the gradient of the image: each lane adds to the pixels that its sample read.
  void image_grad(const Lanes* dy, Lanes* dx) const;

  /// Where one output pixel of all samples reads: the upper left of four neighbours, or the
  /// nearest.
  struct Footprint {
    LaneInts index;  // in a framed plane
    Lanes fx, fy;    // weights of the right and the lower neighbours
  };

 private:
  // One native part of the lanes.
  void sample_part(int part, const Lanes* grid, int first, int count, Lanes* y);
  int framed_width() const;
  int framed_height() const;
  int framed_size() const;
  void frame_image(const Lanes* x);

  int channels_, height_, width_, outputs_;
  GridSampleOptions options_;
  Buffer<Real> planes_;              // [C, 16, framed_size]: neighbours lie side by side
  Buffer<Lanes> slope_x_, slope_y_;  // d output / d normalised coordinate, [C, outputs]
  Buffer<Footprint> footprints_;     // [outputs]
};

}  // namespace fovea
