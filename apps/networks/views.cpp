// Images as the stages of a network's transformers show them: the second half of inspect.h.
#include <algorithm>
#include <cmath>

#include "apps/networks/region.h"
#include "core/autograd.h"
#include "core/step.h"

namespace fovea {

namespace {

// One lane of a per-sample image, as pixels again.
Image denormalised(const Tensor& x, int lane, const ModelInfo& info) {
  const Shape& s = x.shape();
  const int plane = s[1] * s[2];
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(x.size()));
  for (int i = 0; i < x.size(); ++i) {
    const auto c = static_cast<std::size_t>(i / plane);
    const double value = 255 * (static_cast<double>(x[i][lane]) * info.stddev[c] + info.mean[c]);
    // A NaN is black.
    bytes[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(value > 0 ? std::min(value, 255.0) + 0.5 : 0);
  }
  return to_image(bytes, s);
}

using Thetas = std::vector<Theta>;  // of one image, by stage

// The thetas of one stage for the lanes of a tile.
Tensor theta_tensor(const Stage& stage, std::size_t index, const Tile& tile,
                    std::span<const Thetas> thetas) {
  const Tensor theta = Tensor::per_sample(stage.transformer->warp().theta_shape());
  for (int lane = 0; lane < lane_count; ++lane) {
    const auto image = static_cast<std::size_t>(tile.first + std::min(lane, tile.valid - 1));
    const Theta& values = thetas[image][index];
    require(values.size() == static_cast<std::size_t>(theta.size()), "views: the transformer ",
            stage.name, " takes ", theta.size(), " values, got ", values.size());
    for (int k = 0; k < theta.size(); ++k) theta[k][lane] = values[static_cast<std::size_t>(k)];
  }
  return theta;
}

// A transformer of the image shows it in its own way; feature maps stand for the whole image, on
// black.
SpatialTransformOptions options_of(const Stage& stage, const ModelInfo& info) {
  if (stage.of_image) return stage.transformer->options();
  return {.sampler = {.align_corners = stage.transformer->options().sampler.align_corners,
                      .fill = static_cast<Real>(-info.mean[0] / info.stddev[0])}};
}

}  // namespace

std::vector<std::vector<StageView>> views(const Model& model, const std::vector<Stage>& stages,
                                          std::span<const std::uint8_t> pixels,
                                          std::span<const Thetas> thetas) {
  const Batch batch = batch_of(model.info, pixels);
  require(static_cast<std::size_t>(batch.size) == thetas.size(), "views: ", thetas.size(),
          " lists of transforms for ", batch.size, " images");
  for (const Thetas& of_image : thetas)
    require(of_image.size() == stages.size(), "views: ", of_image.size(), " transforms for ",
            stages.size(), " transformers");
  std::vector<std::vector<StageView>> out(thetas.size());
  if (out.empty()) return out;
  for_each_tile(batch, [&](const Tile& tile) {
    std::vector<Tensor> shown;
    for (std::size_t s = 0; s < stages.size(); ++s) {
      const int parent = stages[s].parent;
      const Tensor& from = parent < 0 ? tile.images : shown[static_cast<std::size_t>(parent)];
      shown.push_back(spatial_transform(from, theta_tensor(stages[s], s, tile, thetas),
                                        stages[s].transformer->warp(),
                                        options_of(stages[s], model.info)));
      for (int lane = 0; lane < tile.valid; ++lane) {
        const auto image = static_cast<std::size_t>(tile.first + lane);
        SampledRegion region =
            sampled_region(stages, thetas[image], static_cast<int>(s), model.info.input);
        out[image].push_back({denormalised(shown.back(), lane, model.info),
                              std::move(region.outline), std::move(region.net)});
      }
    }
  });
  return out;
}

}  // namespace fovea
