// What a network makes of some images: its answers, and what its transformer showed it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "apps/report/contact_sheet.h"
#include "data/dataset.h"

namespace fovea {

using Theta = std::array<float, 6>;  ///< row-major [2, 3]: output to input coordinates in [-1, 1]

/// One image as the network saw it.
struct Inspection {
  std::vector<double> probabilities;  ///< one a class
  std::vector<int> ranked;            ///< classes, the most probable first
  Image before, after;                ///< grey or RGB; without a transformer the same
  std::array<Point, 4> region;        ///< sampled corners (contact_sheet.h), or NaN
  Theta theta = {1, 0, 0, 0, 1, 0};
  double probability(int rank = 0) const { return probabilities[ranked[rank]]; }
};

/// Runs `pixels`, any number of images [C, H, W] of the network's input shape, through the network.
/// Puts it into evaluation mode. Throws Error if `pixels` is not whole images.
std::vector<Inspection> inspect(const Model& model, std::span<const std::uint8_t> pixels);

/// The images of `dataset` at `indices`, one after the other. Throws Error for an index out of
/// range.
std::vector<std::uint8_t> gather(const Dataset& dataset, std::span<const int> indices);

/// [C, H, W] bytes as an image; three channels are RGB, any other number shows the first one.
Image to_image(std::span<const std::uint8_t> pixels, const Shape& shape);

/// Image i of `pixels` warped by thetas[i] as the network would do it, for any number of images.
/// Throws Error if their numbers differ.
std::vector<Image> warp(const Model& model, std::span<const std::uint8_t> pixels,
                        std::span<const Theta> thetas);

/// The quadrilateral of an image of `width` x `height` pixels that `theta` samples: its images of
/// (-1, -1), (1, -1), (1, 1), (-1, 1) in pixels, the identity giving (0, 0) to (width, height).
std::array<Point, 4> sampled_region(const Theta& theta, int width, int height);

/// The name of a class: from the model, else its number.
std::string class_name(const Model& model, int index);

/// A card of a contact sheet: the true class, and what the network took it for when that is wrong
/// or the truth is not known (label < 0): "7", "7 → 1 (63%)", "1 (63%)".
SampleView sample_view(const Model& model, const Inspection& seen, int label);

}  // namespace fovea
