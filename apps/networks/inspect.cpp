#include "apps/networks/inspect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/step.h"
#include "layers/spatial_transformer.h"

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

int input_size(const Model& model) {
  return model.info.network.input.size();
}

Tensor transformed(const Model& model, const Tensor& images, const Tensor& theta) {
  return spatial_transform(images, theta, {.sampler = {.fill = model.network->options().fill}});
}

Batch batch_of(const Model& model, std::span<const std::uint8_t> pixels,
               std::span<const std::int32_t> labels) {
  Batch batch;
  batch.size = static_cast<int>(labels.size());
  batch.image_shape = model.info.network.input;
  batch.pixels = pixels;
  batch.labels = labels;
  batch.mean = model.info.mean;
  batch.stddev = model.info.stddev;
  return batch;
}

void inspect_lane(const Model& model, const Tensor& log_probs, const Tensor& warped, int lane,
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
  out.after = denormalised(warped, lane, model.info);
}

}  // namespace

std::vector<Inspection> inspect(const Model& model, std::span<const std::uint8_t> pixels) {
  const Shape& shape = model.info.network.input;
  const auto length = static_cast<std::size_t>(shape.size());
  require(length > 0 && pixels.size() % length == 0, "inspect: ", pixels.size(),
          " bytes are not whole images of shape ", shape);
  std::vector<Inspection> out(pixels.size() / length);
  if (out.empty()) return out;
  const StnNetwork& network = *model.network;
  model.network->eval();
  const std::vector<std::int32_t> labels(out.size());
  const bool transforms = network.options().transformer;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  // Tiles run on several threads; each writes its own samples.
  for_each_tile(batch_of(model, pixels, labels), [&](const Tile& tile) {
    const Tensor theta = transforms ? network.theta(tile.images) : Tensor();
    const Tensor warped =
        transforms
            ? spatial_transform(tile.images, theta, {.sampler = {.fill = network.options().fill}})
            : tile.images;
    const Tensor log_probs = network.classify(warped);
    for (int lane = 0; lane < tile.valid; ++lane) {
      const auto i = static_cast<std::size_t>(tile.first + lane);
      inspect_lane(model, log_probs, warped, lane, out[i]);
      out[i].before = to_image(pixels.subspan(i * length, length), shape);
      out[i].region.fill({nan, nan});
      if (!transforms) continue;
      for (int k = 0; k < 6; ++k)
        out[i].theta[static_cast<std::size_t>(k)] = static_cast<float>(theta[k][lane]);
      out[i].region = sampled_region(out[i].theta, shape[2], shape[1]);
    }
  });
  return out;
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

std::vector<Image> warp(const Model& model, std::span<const std::uint8_t> pixels,
                        std::span<const Theta> thetas) {
  require(pixels.size() == thetas.size() * static_cast<std::size_t>(input_size(model)),
          "warp: ", thetas.size(), " transforms for ", pixels.size(), " bytes of images of shape ",
          model.info.network.input);
  std::vector<Image> out(thetas.size());
  const std::vector<std::int32_t> labels(out.size());
  if (out.empty()) return out;
  for_each_tile(batch_of(model, pixels, labels), [&](const Tile& tile) {
    const Tensor theta = Tensor::per_sample({2, 3});
    for (int lane = 0; lane < lane_count; ++lane)
      for (int k = 0; k < 6; ++k)
        theta[k][lane] =
            thetas[static_cast<std::size_t>(tile.first + std::min(lane, tile.valid - 1))]
                  [static_cast<std::size_t>(k)];
    const Tensor warped = transformed(model, tile.images, theta);
    for (int lane = 0; lane < tile.valid; ++lane)
      out[static_cast<std::size_t>(tile.first + lane)] = denormalised(warped, lane, model.info);
  });
  return out;
}

std::array<Point, 4> sampled_region(const Theta& t, int width, int height) {
  constexpr Point corners[] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  std::array<Point, 4> region;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto [x, y] = corners[i];
    region[i] = {(t[0] * x + t[1] * y + t[2] + 1) / 2 * width,
                 (t[3] * x + t[4] * y + t[5] + 1) / 2 * height};
  }
  return region;
}

std::string class_name(const Model& model, int index) {
  const auto& names = model.info.class_names;
  return index >= 0 && static_cast<std::size_t>(index) < names.size()
             ? names[static_cast<std::size_t>(index)]
             : std::to_string(index);
}

SampleView sample_view(const Model& model, const Inspection& seen, int label) {
  SampleView view{.before = seen.before, .after = seen.after, .region = seen.region};
  const int answer = seen.ranked[0];
  const std::string percent =
      cat(class_name(model, answer), " (", std::lround(100 * seen.probability()), "%)");
  view.wrong = label >= 0 && label != answer;
  view.caption = view.wrong  ? cat(class_name(model, label), " → ", percent)
                 : label < 0 ? percent
                             : class_name(model, label);
  return view;
}

}  // namespace fovea
