// How training looks while it runs: one line redrawn on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "apps/run/checkpoint.h"

namespace fovea {

/// What the running epoch has come to.
struct ProgressView {
  int epoch = 1, epochs = 1;                ///< from 1
  int batch = 0, batches = 1;               ///< done in this epoch
  double loss = 0, loss_error = 0;          ///< mean and standard error over batches
  double accuracy = 0, accuracy_error = 0;  ///< mean and standard error, 0 to 1
  double samples_per_second = 0;
  double seconds_left = 0;  ///< of the whole run
};

/// That of a run in `state`, of `epochs` with `batches` each, `steps` in all.
ProgressView progress_of(const RunState& state, int epochs, int batches, std::int64_t steps);

/// "Epoch 3/20 [######----] loss 0.0812 ± 0.0031  accuracy 97.50 ± 0.12 %  91,200/s  0:14 left",
/// without what does not fit into `width` columns: first the errors, then the bar, then figures.
std::string progress_text(const ProgressView& view, int width);

/// The line of PyTorch's MNIST example:
/// "Train Epoch: 1 [6400/60000 (11%)]\tLoss: 0.412345" and a line feed.
std::string train_line(int epoch, std::int64_t images, std::int64_t total, double percent,
                       double loss);

/// Draws the line on a terminal, at most ten times a second; does nothing elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(bool on) : on_(on) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool on() const { return on_; }
  /// Whether it is time to draw again.
  bool due() const;
  void draw(const ProgressView& view);
  void clear();

 private:
  bool on_, drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace fovea
