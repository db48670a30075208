// The picture that shows what spatial transformers do: inputs with the regions they look at, and
// beside each what they make of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/networks/inspect.h"
#include "data/drawing/canvas.h"

namespace fovea {

/// One sample, before and after the transformers. Points are in the input's pixel coordinates,
/// (0, 0) being the top left corner of its top left pixel, so that the identity samples the region
/// (0, 0), (W, 0), (W, H), (0, H).
struct SampleView {
  Image before = {};  ///< the input, grey or RGB
  /// What each transformer made of it, with the outline of what it sampled, which begins at the
  /// point that becomes the top left corner and may lie outside of the input, and the net within;
  /// what is empty or not finite is not drawn.
  std::vector<StageView> after = {};
  std::string caption = {};  ///< "7 → 1 (63%)"; smaller, then on more lines, where it is too wide
  bool wrong = false;        ///< caption in the colour of errors
};

struct ContactSheetOptions {
  int columns = 4;     ///< pairs side by side, 1 to 64
  int most_side = 0;   ///< of the sheet, in pixels: a smaller scale or other columns where it would
                       ///< be larger, as long as inputs stay 48 pixels large; 0: as large as it is
  int scale = 4;       ///< pixels per input pixel, 1 to 64
  int margin = 5;      ///< input pixels of room around the input for regions beyond it, 0 to 256;
                       ///< what lies farther out is not shown
  int text_scale = 1;  ///< size of captions, 1 to 8; the title is twice as large if it fits
  int letters = 0;     ///< room for captions so long, on several lines if need be; 0: for those
                       ///< of the samples
  Scaling scaling = Scaling::smooth;
  std::string title = {};  ///< none: no title line
  std::string legend =
      "outline: the region the transformer samples · dot: its top left corner · one scale";
};

/// Draws the samples row by row, each as a card with before, after and caption, all at one scale:
/// what an identity leaves is as large as its input. What is outside of the regions is dimmed. The
/// size of the result depends on the options, the number of samples, their sizes and the longest
/// caption or ContactSheetOptions::letters, so that sheets of the same samples make an animation.
/// Opaque, legible on light and dark pages alike. Throws Error without samples, for samples of
/// different sizes or options out of range.
Image contact_sheet(std::span<const SampleView> samples, const ContactSheetOptions& options = {});

/// The default legend, and what the lines within outlines are if `samples` have any.
std::string outline_legend(std::span<const SampleView> samples);

/// The accents in which contact_sheet draws outlines, those of the stages in turn.
inline constexpr Colour outline_colours[] = {{255, 176, 32}, {64, 196, 255}, {190, 130, 255}};

}  // namespace fovea
