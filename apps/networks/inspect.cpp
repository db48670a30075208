#include "apps/networks/inspect.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/autograd.h"
#include "core/error.h"
#include "core/step.h"

namespace fovea {

namespace {

void inspect_lane(const Tensor& log_probs, const std::vector<Transformation>& seen, int lane,
                  Inspection& out) {
  const int classes = log_probs.size();
  for (int c = 0; c < classes; ++c)
    out.probabilities.push_back(std::exp(static_cast<double>(log_probs[c][lane])));
  out.ranked.resize(static_cast<std::size_t>(classes));
  std::iota(out.ranked.begin(), out.ranked.end(), 0);
  std::stable_sort(out.ranked.begin(), out.ranked.end(), [&](int a, int b) {
    return out.probabilities[static_cast<std::size_t>(a)] >
           out.probabilities[static_cast<std::size_t>(b)];
  });
  for (const Transformation& t : seen) {
    out.thetas.emplace_back();
    for (int k = 0; k < t.theta.size(); ++k) out.thetas.back().push_back(t.theta[k][lane]);
  }
}

// The nearest stage whose output `x` was computed from; -1 if there is none.
int parent_of(const Tensor& x, const std::vector<Transformation>& before, const Trace& trace) {
  std::vector<const void*> wanted = {x.data()};
  for (auto op = trace.ops().rbegin(); op != trace.ops().rend(); ++op) {
    if (std::find(wanted.begin(), wanted.end(), op->output.data()) == wanted.end()) continue;
    for (std::size_t i = before.size(); i-- > 0;)
      if (before[i].output.data() == op->output.data()) return static_cast<int>(i);
    for (const Tensor& input : op->inputs)
      if (input && input.is_per_sample()) wanted.push_back(input.data());
  }
  return -1;
}

}  // namespace

std::vector<Inspection> inspect(const Model& model, std::span<const std::uint8_t> pixels) {
  const Batch batch = batch_of(model.info, pixels);
  std::vector<Inspection> out(static_cast<std::size_t>(batch.size));
  if (out.empty()) return out;
  model.network->eval();
  // Tiles run on several threads; each writes its own samples.
  for_each_tile(batch, [&](const Tile& tile) {
    const TransformerObserver observer;
    const Tensor log_probs = (*model.network)(tile.images);
    for (int lane = 0; lane < tile.valid; ++lane)
      inspect_lane(log_probs, observer.seen, lane,
                   out[static_cast<std::size_t>(tile.first + lane)]);
  });
  return out;
}

std::vector<Stage> transformer_stages(const Model& model) {
  if (spatial_transformers(*model.network).empty()) return {};
  model.network->eval();
  const NoGrad guard;
  const Trace trace;
  const TransformerObserver observer;
  const Tensor image = Tensor::zeros(model.info.input, true);
  (*model.network)(image);
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < observer.seen.size(); ++i) {
    const Transformation& t = observer.seen[i];
    const std::vector<Transformation> before(observer.seen.begin(),
                                             observer.seen.begin() + static_cast<long>(i));
    const int parent = parent_of(t.input, before, trace);
    const auto k = static_cast<std::size_t>(parent);
    const bool of_image = parent < 0
                              ? t.input.data() == image.data()
                              : stages[k].of_image && t.input.data() == before[k].output.data();
    stages.push_back({t.transformer, t.transformer->path(), of_image, parent, t.input.shape(),
                      t.output.shape()});
  }
  return stages;
}

std::vector<std::uint8_t> gather(const Dataset& dataset, std::span<const int> indices) {
  std::vector<std::uint8_t> pixels;
  for (const int i : indices) {
    require(i >= 0 && i < dataset.size(), dataset.name, ": there is no image ", i, " among its ",
            dataset.size());
    const auto image = dataset.image(i);
    pixels.insert(pixels.end(), image.begin(), image.end());
  }
  return pixels;
}

Image to_image(std::span<const std::uint8_t> pixels, const Shape& shape) {
  const int channels = shape[0] == 3 ? 3 : 1, plane = shape[1] * shape[2];
  Image image{shape[2], shape[1], channels, {}};
  image.pixels.resize(static_cast<std::size_t>(channels) * static_cast<std::size_t>(plane));
  for (int c = 0; c < channels; ++c)
    for (int i = 0; i < plane; ++i)
      image.pixels[static_cast<std::size_t>(i * channels + c)] =
          pixels[static_cast<std::size_t>(c * plane + i)];
  return image;
}

std::string class_name(const Model& model, int index) {
  const auto& names = model.info.class_names;
  return index >= 0 && static_cast<std::size_t>(index) < names.size()
             ? names[static_cast<std::size_t>(index)]
             : std::to_string(index);
}

}  // namespace fovea
