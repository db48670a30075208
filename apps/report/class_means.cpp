#include "apps/report/class_means.h"

#include <algorithm>

#include "apps/networks/evaluate.h"
#include "apps/report/before_after.h"
#include "core/error.h"

namespace fovea {

namespace {

// Sums of images of one size.
class MeanImage {
 public:
  void add(const Image& image) {
    size_ = {image.width, image.height, image.channels, {}};
    sums_.resize(image.pixels.size());
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += image.pixels[i];
    ++count_;
  }
  Image mean() const {
    Image out = size_;
    for (const unsigned sum : sums_)
      out.pixels.push_back(static_cast<std::uint8_t>((sum + count_ / 2) / count_));
    return out;
  }

 private:
  Image size_;
  std::vector<unsigned> sums_;
  unsigned count_ = 0;
};

SampleView mean_of(const std::vector<SampleView>& samples) {
  SampleView out;
  MeanImage before;
  for (const SampleView& sample : samples) before.add(sample.before);
  out.before = before.mean();
  for (std::size_t k = 0; k < samples[0].after.size(); ++k) {
    MeanImage after;
    for (const SampleView& sample : samples) after.add(sample.after[k].image);
    out.after.push_back({after.mean(), {}});
  }
  return out;
}

}  // namespace

std::vector<SampleView> class_means(const Model& model, const Dataset& dataset, int images) {
  require_fitting(model, dataset);
  std::vector<SampleView> out;
  for (int label = 0; label < model.info.classes(); ++label) {
    std::vector<int> indices;
    for (int i = 0; i < dataset.size() && static_cast<int>(indices.size()) < images; ++i)
      if (dataset.labels[static_cast<std::size_t>(i)] == label) indices.push_back(i);
    if (indices.empty()) continue;
    const std::vector<std::uint8_t> pixels = gather(dataset, indices);
    std::vector<std::vector<Theta>> thetas;
    for (const Inspection& seen : inspect(model, pixels)) thetas.push_back(seen.thetas);
    out.push_back(mean_of(sample_views(model, pixels, thetas)));
    out.back().caption = short_class_name(model, label);
  }
  return out;
}

}  // namespace fovea
