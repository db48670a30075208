#include "apps/train/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "core/error.h"

namespace fovea {

namespace {

// Columns that UTF-8 text takes: its code points.
int columns(const std::string& text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string bar(double share, int cells) {
  const int full = std::clamp(static_cast<int>(share * cells), 0, cells);
  std::string out = " [";
  for (int i = 0; i < cells; ++i) out += i < full ? "█" : "░";
  return out + "]";
}

}  // namespace

ProgressView progress_of(const RunState& state, int epochs, int batches, std::int64_t steps) {
  const double done = std::max(1, state.batch);
  const double images = static_cast<double>(std::max<std::int64_t>(1, state.epoch_images));
  ProgressView view{.epoch = state.epoch + 1,
                    .epochs = epochs,
                    .batch = state.batch,
                    .batches = batches,
                    .loss = state.epoch_loss / images,
                    .accuracy = static_cast<double>(state.epoch_correct) / images};
  const double variance = state.epoch_squares / done - view.loss * view.loss;
  view.loss_error = std::sqrt(std::max(0.0, variance) / done);
  view.accuracy_error = std::sqrt(view.accuracy * (1 - view.accuracy) / images);
  view.samples_per_second = state.epoch_seconds > 0 ? images / state.epoch_seconds : 0;
  view.seconds_left = state.seconds / static_cast<double>(std::max<std::int64_t>(1, state.step)) *
                      static_cast<double>(steps - state.step);
  return view;
}

std::string progress_text(const ProgressView& v, int width) {
  const std::string head = cat("Epoch ", v.epoch, "/", v.epochs);
  constexpr int fewest_cells = 8, most_cells = 24;
  std::vector<std::string> parts;
  // The bar comes before the errors, and the figures before the bar.
  for (const bool errors : {true, false}) {
    const auto error = [&](double value, int decimals) {
      return errors ? " ± " + fixed(value, decimals) : "";
    };
    parts = {cat("  loss ", fixed(v.loss, 4), error(v.loss_error, 4)),
             cat("  accuracy ", fixed(100 * v.accuracy, 2), error(100 * v.accuracy_error, 2), "%"),
             cat("  ", duration_text(v.seconds_left), " left"),
             cat("  ", grouped(std::llround(v.samples_per_second)), "/s")};
    std::string tail;
    for (const std::string& part : parts) tail += part;
    const int cells = std::min(most_cells, width - columns(head + tail) - 3);
    if (cells >= fewest_cells)
      return head + bar(static_cast<double>(v.batch) / v.batches, cells) + tail;
  }
  std::string line = head;
  for (const std::string& part : parts)
    if (columns(line + part) <= width) line += part;
  return line;
}

std::string train_line(int epoch, std::int64_t images, std::int64_t total, double percent,
                       double loss) {
  char text[160];
  std::snprintf(text, sizeof text, "Train Epoch: %d [%lld/%lld (%.0f%%)]\tLoss: %.6f\n", epoch,
                static_cast<long long>(images), static_cast<long long>(total), percent, loss);
  return text;
}

bool ProgressLine::due() const {
  return on_ && std::chrono::steady_clock::now() - last_ > std::chrono::milliseconds(100);
}

void ProgressLine::draw(const ProgressView& view) {
  if (!on_) return;
  // Not the last column: some terminals wrap there.
  print("\r" + progress_text(view, terminal_width() - 1) + "\x1b[K");
  last_ = std::chrono::steady_clock::now();
  drawn_ = true;
}

void ProgressLine::clear() {
  if (drawn_) print("\r\x1b[K");
  drawn_ = false;
}

}  // namespace fovea
