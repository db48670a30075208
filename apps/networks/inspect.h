// What a network makes of some images: its answers, and where its transformers looked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "data/dataset.h"
#include "data/drawing/canvas.h"
#include "layers/spatial_transformer.h"

namespace fovea {

using Theta = std::vector<Real>;  ///< of one transformer and one image

/// One image as the network saw it.
struct Inspection {
  std::vector<double> probabilities;  ///< one a class
  std::vector<int> ranked;            ///< classes, the most probable first
  std::vector<Theta> thetas;          ///< one for each of the model's transformers
  double probability(int rank = 0) const {
    return probabilities[static_cast<std::size_t>(ranked[static_cast<std::size_t>(rank)])];
  }
};

/// Runs `pixels`, any number of images [C, H, W] of the network's input shape, through the network.
/// Puts it into evaluation mode. Throws Error if `pixels` is not whole images.
std::vector<Inspection> inspect(const Model& model, std::span<const std::uint8_t> pixels);

/// A transformer and what it looks at.
struct Stage {
  const SpatialTransformer* transformer;
  std::string name;  ///< its path in the network
  bool of_image;     ///< it warps the input itself or such a stage's output, not feature maps
  int parent;        ///< the stage whose output, or what follows from it, it warps; -1: the input
  Shape input, output;  ///< of the transformer, [C, H, W]
};

/// The transformers that run, in that order, and how they build on each other: in a row, side by
/// side, on feature maps. Empty for a network without one.
std::vector<Stage> transformer_stages(const Model& model);

/// What each stage shows of an image, feature maps being shown as the image in their place.
struct StageView {
  Image image;                 ///< the image as warped so far; grey or RGB
  std::vector<Point> outline;  ///< closed, of what is sampled, in the image's pixels: (0, 0) is its
                               ///< upper left corner; empty where theta is not finite
  std::vector<std::vector<Point>> net = {};  ///< lines within it, where it is no parallelogram
};

/// For each image of `pixels` the views of all stages, by the thetas that inspect() found, now or
/// at an earlier time. Throws Error if numbers do not agree.
std::vector<std::vector<StageView>> views(const Model& model, const std::vector<Stage>& stages,
                                          std::span<const std::uint8_t> pixels,
                                          std::span<const std::vector<Theta>> thetas);

/// The images of `dataset` at `indices`, one after the other. Throws Error for an index out of
/// range.
std::vector<std::uint8_t> gather(const Dataset& dataset, std::span<const int> indices);

/// [C, H, W] bytes as an image; three channels are RGB, any other number shows the first one.
Image to_image(std::span<const std::uint8_t> pixels, const Shape& shape);

/// The name of a class: from the model, else its number.
std::string class_name(const Model& model, int index);

}  // namespace fovea
