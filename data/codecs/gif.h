// Animated GIF files, by giflib (link with -lgif where this is used).
#pragma once

#include <string>
#include <vector>

#include "data/image.h"

namespace fovea {

/// Collects the frames of an animation that repeats for ever. All frames share one palette, and
/// each stores only what differs from the one before.
///
///     GifWriter gif;
///     for (...) gif.add(frame, 120);
///     gif.write("training.gif");
class GifWriter {
 public:
  /// `max_colours` in [2, 255]: fewer make a smaller file. Throws Error otherwise.
  explicit GifWriter(int max_colours = 64);

  /// Appends a grey or RGB frame that is shown for `delay_ms` (rounded to 10 ms, at least 20:
  /// browsers slow down shorter ones). Throws Error if its size differs from the first frame's.
  void add(Image frame, int delay_ms);

  int frame_count() const { return static_cast<int>(frames_.size()); }

  /// The file's bytes. May be called again after more frames. Throws Error without frames.
  std::string encode() const;

  /// Writes encode() to `path`, whole or not at all. Throws Error if that fails.
  void write(const std::string& path) const;

 private:
  int max_colours_;
  std::vector<Image> frames_;
  std::vector<int> delays_;  // in hundredths of a second
};

}  // namespace fovea
