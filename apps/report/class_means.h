// The mean image of each class, before and after the transformers: what they took away.
#pragma once

#include <vector>

#include "apps/report/contact_sheet.h"
#include "data/dataset.h"

namespace fovea {

/// A card for each class with images in `dataset`: the mean of its first `images` ones as they are,
/// and as each transformer leaves them. The sharper a mean is, the more alike the images are.
/// Throws Error if the images do not fit the model.
std::vector<SampleView> class_means(const Model& model, const Dataset& dataset, int images = 100);

}  // namespace fovea
