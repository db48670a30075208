// Looks at what a network does while it learns: the regions that its transformers sample, and
// whether training goes wrong in one of the ways in which such networks do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/report/pose.h"
#include "apps/run/log.h"
#include "apps/train/options.h"
#include "data/dataset.h"

namespace fovea {

/// What a network makes of some images.
struct Sight {
  struct Transformer {
    std::string name;      ///< its path in the network
    PoseSummary pose;      ///< of the region that it samples
    double at_bounds = 0;  ///< mean of Warp::at_bounds()
    bool same = false;     ///< theta is the same for all images, to the last bit
  };
  std::vector<Transformer> transformers;  ///< in the order in which they run
  int answer = 0;                         ///< the class that it says most often
  double answer_share = 0;                ///< of the images
};

/// "Transformer: turn -1.2 ± 12.4°, size 0.92 ± 0.05, 3% outside" and a line feed, one a
/// transformer, by name if there are several.
std::string sight_lines(const Sight& sight);
/// What of it is logged after an epoch.
std::vector<LogField> sight_fields(const Sight& sight);

/// Costs a pass over 256 images an epoch. Each kind of warning is given once, as a text for one
/// line that says what happened and what helps.
class Watch {
 public:
  /// `options` must be resolved; `model` must outlive this. `judged` are the images looked at.
  Watch(const Model& model, const Dataset& judged, const TrainOptions& options);

  /// Makes known an accuracy of earlier: of a run that goes on.
  void remember(double accuracy);

  /// To be called after every step. Judges the training accuracy of every few thousand images:
  /// whether answers that had been better have become one and the same; where they are no better
  /// than that yet, it looks at the transformers now and then.
  std::vector<std::string> after_step(std::int64_t step, int correct, int images);

  /// To be called after every epoch with look(): answers that are still one and the same, a
  /// transformer that looks outside of the image, is at its bounds, or does the same to all images.
  std::vector<std::string> after_epoch(std::int64_t step, const Sight& sight);

  /// What the network makes of judged images now. Leaves its mode as it is.
  Sight look() const;

 private:
  // `fell`: what happened to the accuracy, if anything.
  std::vector<std::string> troubles(std::int64_t step, const Sight& sight, const std::string& fell);
  std::string smaller_rate() const;
  std::string title_of(const Sight::Transformer& transformer) const;

  const Model& model_;
  TrainOptions options_;
  std::vector<Stage> stages_;
  std::vector<std::uint8_t> pixels_;
  bool fill_is_grey_ = false;
  double chance_ = 0;  // the accuracy of always saying the commonest class
  double best_ = 0;    // accuracy of a block of training images, so far
  std::int64_t block_correct_ = 0, block_images_ = 0, blocks_ = 0;
  bool said_constant_ = false, said_outside_ = false, said_bounds_ = false, said_same_ = false;
};

}  // namespace fovea
