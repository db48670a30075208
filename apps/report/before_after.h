// Pictures of what a network's transformer does to images of a data set.
#pragma once

#include <span>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/networks/model.h"
#include "apps/report/contact_sheet.h"
#include "data/dataset.h"

namespace fovea {

/// The contact sheet of `dataset`'s images at `indices`. Throws Error without indices, for one out
/// of range, or if the images are not of the network's size.
Image before_after_sheet(const Model& model, const Dataset& dataset, std::span<const int> indices,
                         const ContactSheetOptions& options = {});

/// Options whose scale and columns suit images of this size.
ContactSheetOptions sheet_options(const Shape& image_shape);

/// The first `count` indices from `begin` on that the network gets wrong, fewer if there are not as
/// many.
std::vector<int> wrong_answers(const Model& model, const Dataset& dataset, int begin, int count);

/// Throws Error naming both shapes unless the network takes the data set's images.
void require_fitting(const Model& model, const Dataset& dataset);

}  // namespace fovea
