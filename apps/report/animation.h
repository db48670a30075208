// The same images as a transformer came to see them while it learned.
#pragma once

#include <vector>

#include "apps/networks/model.h"
#include "apps/run/frames.h"
#include "data/codecs/gif.h"
#include "data/dataset.h"

namespace fovea {

/// A contact sheet for every frame, the images warped by its thetas. The last
/// frame stays longer. Throws Error without frames, for an index that `test` does not have or
/// frames of different numbers of images.
GifWriter training_animation(const Model& model, const Dataset& test,
                             const std::vector<TrainingFrame>& frames);

}  // namespace fovea
