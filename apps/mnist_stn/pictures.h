// From anybody's picture to what a network reads in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "data/image.h"

namespace fovea {

/// Weights that come with the program: data/pretrained/`name`, looked for beside the folder of the
/// running program, where `make install` puts it, and in the current folder. Throws Error naming
/// the places if it is nowhere.
std::string default_weights(const std::string& name = "mnist.safetensors");

/// Of those, the ones that read most pictures (README.md): up to 45 degrees of tilt, any place.
inline constexpr const char* picture_weights = "best-rts.safetensors";

/// The files that `paths` stand for, in their order: a folder gives its images (what read_image()
/// reads; not in subfolders) sorted by name, and the rest is counted on stderr. A path that does
/// not exist or a folder without images stays as it is, so that whoever reads it reports the error.
std::vector<std::string> expand_images(const std::vector<std::string>& paths);

/// Whether the network was made for the digits of MNIST: 28 x 28 grey, classes named by numbers.
bool reads_digits(const Model& model);

/// A picture as the network takes it.
struct NetworkInput {
  std::vector<std::uint8_t> pixels;  ///< [C, H, W] bytes
  std::string notes;                 ///< what was done to it, one line
  std::string doubt;                 ///< why the answer may mean nothing, or ""
  bool blank = false;                ///< nothing to recognise in it
  int width = 0, height = 0;         ///< of the picture
  /// Where the network's input, all of it, lies in the picture; none if that was distorted.
  std::optional<PixelBox> frame = {};
  std::optional<PixelBox> ink = {};  ///< of the digit, in the picture; none if nobody looked for it
};

/// With `prepare`, prepare_digit() in the style of the training images where those were drawings,
/// or of MNIST for a network that reads_digits() and whose file does not know its style; otherwise
/// the picture is only converted to grey or RGB and resized to the network's input. Networks of
/// distorted digits see the digit in the middle of their canvas or, if `distortion` names one,
/// distorted as test image `index` is. Throws Error for an inconsistent image.
NetworkInput network_input(const Model& model, const Image& image, bool prepare = true,
                           const std::string& distortion = "", int index = 0);

}  // namespace fovea
