// Pictures of what a network's transformers do to images of a data set.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/report/contact_sheet.h"
#include "data/dataset.h"

namespace fovea {

/// Cards of a contact sheet, one for each image: `thetas` by stage, `captions` and whether wrong
/// are set by the caller. Without a transformer the network sees its input as it is.
std::vector<SampleView> sample_views(const Model& model, std::span<const std::uint8_t> pixels,
                                     std::span<const std::vector<Theta>> thetas);

/// The name of a class, shortened to 32 letters.
std::string short_class_name(const Model& model, int index);

/// "63%", "99.98%", ">99.99%": 100% for certainty alone; "" if it is not finite.
std::string percent_text(double probability);

/// Room that a sheet of these needs around its inputs (ContactSheetOptions::margin): at most as
/// much as they are large.
int region_margin(std::span<const SampleView> views);

/// "7" where `label` is what the network answered, else what it took it for: "7 → 1 (63%)"; for an
/// unknown label (< 0) "1 (63%)".
std::string caption(const Model& model, int label, int answer, double probability);

/// The card of each of `pixels` with the answer to it; labels may be missing (empty).
std::vector<SampleView> answered_views(const Model& model, std::span<const std::uint8_t> pixels,
                                       std::span<const Inspection> seen,
                                       std::span<const std::int32_t> labels);

/// The contact sheet of `dataset`'s images at `indices`. Throws Error without indices, for one out
/// of range, or if the images are not of the network's size. The margin is as wide as the regions
/// need, up to that of `options`.
Image before_after_sheet(const Model& model, const Dataset& dataset, std::span<const int> indices,
                         const ContactSheetOptions& options = {});

/// Cards of `count` images of `base` from `start` on, each in the middle of the canvas and beside
/// it what the distortion makes of it as a test image; of several channels, one behind the other.
std::vector<SampleView> distortion_views(const Dataset& base, const std::string& distortion,
                                         int start, int count);

/// Options for sheets of at most 1400 pixels a side; up to half of an image around it is shown.
ContactSheetOptions sheet_options(const Shape& image_shape);

/// The first `count` indices from `begin` on that the network gets wrong, fewer if there are not as
/// many.
std::vector<int> wrong_answers(const Model& model, const Dataset& dataset, int begin, int count);

}  // namespace fovea
