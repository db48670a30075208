// Few colours for many: the palette of an animation.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "data/drawing/canvas.h"

namespace fovea {

/// Chooses the colours that stand for all pixels of some pictures: exactly theirs if there are few
/// enough, else by cutting the colour space where it varies most, as Heckbert's median cut (1982)
/// with Wu's criterion of variance (1991). A box that is mostly one colour keeps precisely that
/// one, so that backgrounds and accents stay as they were drawn.
class Palette {
 public:
  /// `max_colours` in [1, 256]; pictures are grey or RGB. Throws Error otherwise.
  Palette(std::span<const Image> pictures, int max_colours);

  const std::vector<Colour>& colours() const { return colours_; }

  /// Index of the chosen colour nearest to `colour`, by squared distance in RGB.
  int nearest(Colour colour);

 private:
  std::vector<Colour> colours_;
  std::unordered_map<std::uint32_t, int> known_;
};

}  // namespace fovea
