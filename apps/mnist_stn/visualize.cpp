// mnist_stn visualize: what the transformer makes of images of a data set.
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/report/before_after.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/outputs.h"
#include "apps/shell/usage_error.h"
#include "data/distort.h"

namespace fovea {

namespace {

struct VisualizeOptions {
  std::string weights, out = "before-after.png";
  DataOptions data;
  bool train = false, wrong = false;
  int count = 16, start = 0, columns = 0, scale = 0;
};

// Without distortion.
Dataset open(const VisualizeOptions& options) {
  DataOptions data = options.data;
  int& looked_at = options.train ? data.train_limit : data.test_limit;
  (options.train ? data.test_limit : data.train_limit) = 1;
  // Drawing digits takes time: no more than are needed.
  if (data.synthetic && !options.wrong && looked_at == 0) looked_at = options.start + options.count;
  DataSplit split = load_data(data);
  return std::move(options.train ? split.train : split.test);
}

void require_start(const VisualizeOptions& options, const Dataset& dataset) {
  require_usage(options.start < dataset.size(), "--start: ", dataset.name, " has only ",
                dataset.size(), " images; --start takes 0 to ", dataset.size() - 1);
}

void write_sheet(const VisualizeOptions& options, const Image& picture, std::size_t images) {
  write_png(options.out, picture);
  print(cat(options.out, ": ", images, images == 1 ? " image, " : " images, ", picture.width, "x",
            picture.height, " pixels\n"));
}

ContactSheetOptions sheet_of(const VisualizeOptions& options, const Shape& shape) {
  ContactSheetOptions sheet = sheet_options(shape);
  if (options.columns > 0) sheet.columns = options.columns;
  if (options.scale > 0) sheet.scale = options.scale;
  if (options.columns > 0 || options.scale > 0) sheet.most_side = 0;
  return sheet;
}

constexpr const char* all_distortions = "all";

// What a distortion does, or all of them one below the other, without a network.
void show_distortion(const VisualizeOptions& options, const std::string& distortion) {
  require_usage(!options.wrong, "--wrong asks a network; name one with --weights");
  const Dataset base = open(options);
  require_start(options, base);
  const bool all = distortion == all_distortions;
  const int count = std::min(options.count, base.size() - options.start);
  std::vector<Image> sheets;
  for (const DistortionKind& kind : distortions()) {
    if (!all && kind.name != distortion) continue;
    const auto views = distortion_views(base, kind.name, options.start, count);
    ContactSheetOptions sheet = sheet_of(options, base.image_shape);
    if (options.scale == 0) sheet.scale = std::max(1, sheet.scale / 2);  // canvases are larger
    sheet.text_scale = 1;
    sheet.margin = 0;
    sheet.legend = cat(kind.name, ": ", kind.description);
    sheets.push_back(contact_sheet(views, sheet));
  }
  int width = 0, height = 0;
  for (const Image& sheet : sheets) width = std::max(width, sheet.width), height += sheet.height;
  Image picture = make_canvas(width, height, pixel_at(sheets[0], 0, 0));
  height = 0;
  for (const Image& sheet : sheets) {
    draw_picture(picture, sheet, 0, height, 1);
    height += sheet.height;
  }
  write_sheet(options, picture, sheets.size() * static_cast<std::size_t>(count));
}

void run(VisualizeOptions options) {
  const std::string weights = chosen_weights(options.weights);
  require_replaceable(options.out, file_marks::png, {weights});
  options.data = data_of_weights(weights, options.data);
  require_not_of_data(options.data, options.out);
  require_usage(!options.train || options.data.test_limit == 0,
                "--train takes no test images; leave --test-limit out");
  const bool all = options.data.distortion == all_distortions;
  require_usage(!all || options.weights.empty(),
                "--distort all shows what the sets are; --weights takes one of them");
  const std::string named = all ? all_distortions : chosen_distortion(options.data.distortion);
  if (options.weights.empty() && !named.empty()) return show_distortion(options, named);
  const Model model = load_chosen(options.weights);
  Dataset dataset = open(options);
  require_start(options, dataset);
  const std::string distortion = chosen_distortion(options.data.distortion, model.info.distortion);
  if (!distortion.empty()) dataset = distorted(dataset, distortion);
  std::vector<int> indices;
  if (options.wrong) {
    indices = wrong_answers(model, dataset, options.start, options.count);
    require(!indices.empty(), dataset.name, ": the network makes no mistake from image ",
            options.start, " on; leave out --wrong");
  } else {
    indices.resize(
        static_cast<std::size_t>(std::min(options.count, dataset.size() - options.start)));
    std::iota(indices.begin(), indices.end(), options.start);
  }
  const ContactSheetOptions sheet = sheet_of(options, dataset.image_shape);
  write_sheet(options, before_after_sheet(model, dataset, indices, sheet), indices.size());
}

}  // namespace

void add_visualize(CLI::App& app) {
  Command command(app, "visualize", "picture what the transformer does to test images");
  const auto options = std::make_shared<VisualizeOptions>();
  add_weights_option(command, options->weights);
  command.option("-o,--out", options->out, "the PNG file to write", "FILE");
  add_data_options(command, options->data);
  command.flag("--train", options->train, "take training images instead of test images");
  command.flag("--wrong", options->wrong, "only images that the network gets wrong");
  command.option("-n,--count", options->count, "how many images", "N").range(1, 1024);
  command.option("--start", options->start, "index of the first image", "N").range(0, 100000000);
  command.option("--columns", options->columns, "images side by side (default: as it fits)", "N")
      .range(1, 64);
  command.option("--scale", options->scale, "pixels per image pixel (default: as it fits)", "N")
      .range(1, 64);
  command.footer(
      "The outline on each input is the region that a transformer samples; beside it is the\n"
      "image so sampled: what the layers behind see or, where a transformer warps feature\n"
      "maps, the image in their place. \"7 → 1 (63%)\" is a 7 taken for a 1. With --distort and\n"
      "without --weights: digits and what the distortion makes of them; --distort all shows\n"
      "every set.\n\n"
      "Examples:\n"
      "  mnist_stn visualize --weights runs/first/best.safetensors --out seen.png\n"
      "  mnist_stn visualize --distort RTS --out rts.png   what that does\n"
      "  mnist_stn visualize --wrong --count 32 --columns 8");
  command.action([options] { run(*options); });
}

}  // namespace fovea
