// Images as the stages of a network's transformers show them: the second half of inspect.h.
#include <algorithm>
#include <cmath>

#include "apps/networks/inspect.h"
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

bool all_finite(const Theta& theta) {
  return std::all_of(theta.begin(), theta.end(), [](Real v) { return std::isfinite(v); });
}

using Thetas = std::vector<Theta>;  // of one image, by stage

// From a picture's edges at -1 and 1 to what the sampler means by these: with align_corners the
// centres of the outer pixels, which lie half a pixel inside. A single pixel has nothing between.
Real from_edges(Real at, int size, bool align_corners) {
  return align_corners && size > 1 ? at * static_cast<Real>(size) / static_cast<Real>(size - 1)
                                   : at;
}
Real to_edges(Real at, int size, bool align_corners) {
  return align_corners && size > 1 ? at * static_cast<Real>(size - 1) / static_cast<Real>(size)
                                   : at;
}

// Where the point `at` of a stage's output comes from in what it warps, both from edge to edge.
WarpPoint source_of(const Stage& stage, const Theta& theta, const WarpPoint& at) {
  const bool corners = stage.transformer->options().sampler.align_corners;
  const WarpPoint from = stage.transformer->warp().map(
      theta,
      {from_edges(at[0], stage.output[2], corners), from_edges(at[1], stage.output[1], corners)});
  return {to_edges(from[0], stage.input[2], corners), to_edges(from[1], stage.input[1], corners)};
}

// Where the point `at` of a stage's output comes from in the network's input.
WarpPoint traced_back(const std::vector<Stage>& stages, const Thetas& thetas, int stage,
                      WarpPoint at) {
  for (int i = stage; i >= 0; i = stages[static_cast<std::size_t>(i)].parent) {
    const auto k = static_cast<std::size_t>(i);
    at = source_of(stages[k], thetas[k], at);
  }
  return at;
}

std::vector<Point> outline_of(const std::vector<Stage>& stages, const Thetas& thetas, int stage,
                              const Shape& input) {
  for (int i = stage; i >= 0; i = stages[static_cast<std::size_t>(i)].parent)
    if (!all_finite(thetas[static_cast<std::size_t>(i)])) return {};
  constexpr WarpPoint corners[] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  constexpr int steps = 16;  // an edge
  const auto pixel = [&](const WarpPoint& at) {
    const auto [x, y] = traced_back(stages, thetas, stage, at);
    return Point{(static_cast<double>(x) + 1) / 2 * input[2],
                 (static_cast<double>(y) + 1) / 2 * input[1]};
  };
  std::vector<Point> outline;
  for (int edge = 0; edge < 4; ++edge) {
    const WarpPoint &a = corners[edge], &b = corners[(edge + 1) % 4];
    const auto between = [&](int i) {
      const Real t = static_cast<Real>(i) / steps;
      return pixel({a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])});
    };
    const Point begin = between(0), middle = between(steps / 2), end = between(steps);
    const double bend =
        std::abs(begin[0] + end[0] - 2 * middle[0]) + std::abs(begin[1] + end[1] - 2 * middle[1]);
    outline.push_back(begin);
    for (int i = 1; i < steps && bend > 0.01; ++i) outline.push_back(between(i));
  }
  return outline;
}

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
        out[image].push_back(
            {denormalised(shown.back(), lane, model.info),
             outline_of(stages, thetas[image], static_cast<int>(s), model.info.input)});
      }
    }
  });
  return out;
}

}  // namespace fovea
