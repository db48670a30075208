// The picture that shows what a spatial transformer does: inputs with the region it looks at, and
// beside each what it makes of it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "data/canvas.h"

namespace fovea {

/// One sample, before and after the transformer. Points are in the input's pixel coordinates,
/// (0, 0) being the top left corner of its top left pixel, so that the identity samples the region
/// (0, 0), (W, 0), (W, H), (0, H).
struct SampleView {
  Image before = {};  ///< the input, grey or RGB
  Image after = {};   ///< what the transformer made of it, grey or RGB
  /// The corners of what is sampled: those that become top left, top right, bottom right and bottom
  /// left of `after`. May lie outside of the input; not finite: no outline is drawn.
  std::array<Point, 4> region = {};
  std::vector<Point> outline = {};  ///< closed and denser, replaces `region` (projective, TPS)
  std::string caption = {};         ///< "7 → 1 (63%)"; cut to the width that there is
  bool wrong = false;               ///< caption in the colour of errors
};

struct ContactSheetOptions {
  int columns = 4;     ///< pairs side by side, 1 to 64
  int scale = 4;       ///< pixels per input pixel, 1 to 64
  int margin = 5;      ///< input pixels of room around the input for regions beyond it, 0 to 256;
                       ///< an input whose region needs more is drawn smaller, to a fifth
  int text_scale = 1;  ///< size of captions, 1 to 8; the title is twice as large if it fits
  Scaling scaling = Scaling::smooth;
  std::string title = {};  ///< none: no title line
  std::string legend = "outline: the region the transformer samples · dot: its top left corner";
};

/// Draws the samples row by row, each as a card with before, after and caption. The size of the
/// result depends on the options, the number of samples and their sizes only, so that sheets of
/// the same samples make an animation. Opaque, legible on light and dark pages alike.
/// Throws Error without samples, for samples of different sizes or options out of range.
Image contact_sheet(std::span<const SampleView> samples, const ContactSheetOptions& options = {});

/// The accent in which contact_sheet draws outlines.
inline constexpr Colour outline_colour = {255, 176, 32};

}  // namespace fovea
