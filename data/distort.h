// The distorted digits of Jaderberg et al. 2015, "Spatial Transformer Networks": sets on which a
// network has to find and straighten what it reads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/random.h"
#include "data/dataset.h"

namespace fovea {

/// One way to distort the images of a base set, at random. Holds working memory, so each thread
/// needs its own. To add one: a class in a .cpp file, and a line in data/distort.cpp.
class Distortion {
 public:
  explicit Distortion(const Dataset& base) : base_(base) {}
  virtual ~Distortion() = default;

  virtual Shape image_shape() const = 0;  ///< of what it makes, [C, H, W]
  virtual std::vector<std::string> class_names() const { return base_.class_names; }

  /// Writes image_shape().size() bytes made from `image`, of the base's shape and class `label`,
  /// to `out` and returns their class. Depends on the image, the base set and `random` alone.
  virtual std::int32_t operator()(const std::uint8_t* image, std::int32_t label, Random random,
                                  std::uint8_t* out) = 0;
  /// The same without distortion: in the middle, upright, at full size.
  virtual void place(const std::uint8_t* image, std::uint8_t* out) const;

 protected:
  const Dataset& base() const { return base_; }

 private:
  const Dataset& base_;
};

struct DistortionKind {
  const char* name;
  const char* description;  ///< one line
  std::unique_ptr<Distortion> (*make)(const Dataset& base);
};

/// R, RTS, P, E, TC and addition. What the paper leaves open was chosen as the descriptions and
/// data/distort.cpp say. Sizes are given for 28 x 28 pixels; other images get as much room in
/// proportion.
const std::vector<DistortionKind>& distortions();

/// Names of distortions(), in its order.
std::vector<std::string> distortion_names();

/// The distortion of that name for images of `base`, which must outlive it and serves the pieces
/// of other digits that some of them need. Error: no such name, or images that it does not take.
std::unique_ptr<Distortion> make_distortion(const std::string& name, const Dataset& base);

/// The random numbers for image `index` of the test set's `draw`, from 1: fixed for good.
Random distortion_stream(int draw, int index);

/// All images of `base`, distorted by distortion_stream(draw, i): a test set. Statistics are those
/// of the base for every channel.
Dataset distorted(const Dataset& base, const std::string& name, int draw = 1);

/// `values`, one for each channel of the base, for the `channels` of distorted images.
std::vector<float> repeated(const std::vector<float>& values, int channels);

}  // namespace fovea
