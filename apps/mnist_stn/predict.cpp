// mnist_stn predict: what the network reads in pictures.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/mnist_stn/pictures.h"
#include "apps/networks/region.h"
#include "apps/report/before_after.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/shell/program.h"
#include "apps/shell/usage_error.h"
#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace {

struct PredictOptions {
  std::string weights, save, distortion;
  std::vector<std::string> images;
  int top = 1;
  bool json = false, verbose = false, no_prepare = false;
};

struct Picture {
  std::string path;
  std::string saved;  // where its views go; empty: nowhere
  NetworkInput input;
};

constexpr std::size_t pictures_at_once = 64;

// Distorted and unprepared pictures are for networks that take them as they are made.
std::string weights_for(const PredictOptions& options) {
  if (!options.weights.empty()) return options.weights;
  const bool pictures = options.distortion.empty() && !options.no_prepare;
  return pictures ? default_weights(picture_weights) : default_weights();
}

// "-" is standard input.
Image read_picture(const std::string& path) {
  if (path != "-") return read_image(path);
  constexpr std::size_t most = std::size_t{256} << 20;
  std::vector<std::uint8_t> bytes(std::size_t{1} << 16);
  std::size_t size = 0;
  while (const std::size_t got = std::fread(&bytes[size], 1, bytes.size() - size, stdin)) {
    size += got;
    require(may_be_image(std::span(bytes).first(size)), "standard input: is no picture (png, jpg, ",
            "webp, gif, tiff, bmp, pgm, ppm, tga); give it one");
    require(size <= most, "standard input: more than 256 MB; expected one picture");
    if (size == bytes.size()) bytes.resize(std::min(2 * size, most + 1));
  }
  require(!std::ferror(stdin), "standard input: cannot be read");
  return read_image_bytes(std::span(bytes).first(size), "standard input");
}

std::string text_line(const Model& model, const Picture& picture, const Inspection& seen, int top) {
  std::string line = printable(picture.path, 4096);
  for (int rank = 0; rank < top; ++rank)
    line += cat("\t", printable(class_name(model, seen.ranked[static_cast<std::size_t>(rank)])),
                "\t", fixed(seen.probability(rank), 4));
  return line + "\n";
}

// Hundredths of a pixel.
double rounded(double value) {
  return std::round(value * 100) / 100;
}

Json json_box(const PixelBox& box) {
  return {rounded(box.x), rounded(box.y), rounded(box.width), rounded(box.height)};
}

// Where a transformer looks in the picture: the "window" around it, and its "corners".
Json window_of(const Model& model, const std::vector<Stage>& stages, std::size_t stage,
               const Inspection& seen, const PixelBox& frame) {
  Json to = Json::object();
  const Shape& input = model.info.input;
  const SampledRegion region = sampled_region(stages, seen.thetas, static_cast<int>(stage), input);
  if (region.outline.empty()) return to;
  const auto in_picture = [&](const Point& p) {
    return Point{frame.x + p[0] / input[2] * frame.width, frame.y + p[1] / input[1] * frame.height};
  };
  Point least = in_picture(region.outline[0]), most = least;
  const auto include = [&](const std::vector<Point>& points) {
    for (const Point& p : points) {
      const Point at = in_picture(p);
      for (std::size_t k = 0; k < 2; ++k)
        least[k] = std::min(least[k], at[k]), most[k] = std::max(most[k], at[k]);
    }
  };
  include(region.outline);
  for (const std::vector<Point>& line : region.net) include(line);
  to["window"] = json_box({least[0], least[1], most[0] - least[0], most[1] - least[1]});
  for (const Point& corner : region.corners) {
    const auto [x, y] = in_picture(corner);
    to["corners"].push_back({rounded(x), rounded(y)});
  }
  return to;
}

std::string json_line(const Model& model, const std::vector<Stage>& stages, const Picture& picture,
                      const Inspection& seen, int top) {
  Json line;
  line["path"] = picture.path;
  line["class"] = class_name(model, seen.ranked[0]);
  line["probability"] = seen.probability();
  for (int rank = 0; rank < top; ++rank)
    line["top"].push_back(
        {{"class", class_name(model, seen.ranked[static_cast<std::size_t>(rank)])},
         {"probability", seen.probability(rank)}});
  line["size"] = {picture.input.width, picture.input.height};
  const std::optional<PixelBox>&frame = picture.input.frame, &ink = picture.input.ink;
  if (ink) line["box"] = line["ink"] = json_box(*ink);
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Json window = frame ? window_of(model, stages, i, seen, *frame) : Json::object();
    if (i == 0) {
      line["theta"] = seen.thetas[0];
      line.update(window);
      if (!ink && !picture.input.blank && window.contains("window")) line["box"] = window["window"];
    }
    line["transformers"].push_back({{"name", stages[i].name},
                                    {"warp", stages[i].transformer->warp().name()},
                                    {"theta", seen.thetas[i]}});
    line["transformers"].back().update(window);
  }
  line["blank"] = picture.input.blank;
  line["doubt"] = picture.input.doubt;
  line["notes"] = picture.input.notes;
  return dump_json(line) + "\n";
}

// Prints answers as they come and remembers what happened on the way.
class Predictor {
 public:
  explicit Predictor(const PredictOptions& options)
      : options_(options),
        model_(load_model(weights_for(options))),
        stages_(transformer_stages(model_)),
        top_(std::min(options.top, model_.info.classes())) {
    if (!options_.save.empty()) folder_.emplace(options_.save);
  }

  // Where the views of each picture go, checked before anything is written.
  std::vector<std::string> places(const std::vector<std::string>& paths) const {
    std::vector<std::string> places(paths.size()), inputs = paths;
    if (options_.save.empty()) return places;
    inputs.push_back(weights_for(options_));
    std::set<std::string> taken;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const std::string stem = std::filesystem::path(paths[i]).stem().string();
      std::string name = stem;
      for (int n = 2; !taken.insert(name).second; ++n) name = cat(stem, "-", n);
      places[i] = cat(options_.save, "/", name, ".png");
      if (std::filesystem::exists(places[i]))
        require_replaceable(places[i], file_marks::png, inputs);
    }
    return places;
  }

  void add(const std::string& path, const std::string& saved) {
    try {
      std::error_code unreadable;  // read_image() says what
      require(!std::filesystem::is_directory(path, unreadable), path,
              ": holds no pictures (png, jpg, webp, gif, tiff, bmp, pgm, ppm, tga); name another "
              "folder");
      const Image image = read_picture(path);
      if (!image.note.empty()) warn(cat(path, ": ", image.note));
      waiting_.push_back(
          {path, saved,
           network_input(model_, image, !options_.no_prepare, options_.distortion, read_++)});
    } catch (const Error& error) {
      flush();  // keeps the order of pictures and complaints
      complain(error.what());
      failed_ = true;
    }
    if (waiting_.size() == pictures_at_once) flush();
  }

  void flush() {
    std::vector<std::uint8_t> pixels;
    for (const Picture& p : waiting_)
      pixels.insert(pixels.end(), p.input.pixels.begin(), p.input.pixels.end());
    const std::vector<Inspection> seen = inspect(model_, pixels);
    for (std::size_t i = 0; i < seen.size(); ++i) report(waiting_[i], seen[i]);
    waiting_.clear();
  }

  bool failed() const { return failed_; }

 private:
  void report(const Picture& picture, const Inspection& seen) {
    print(options_.json ? json_line(model_, stages_, picture, seen, top_)
                        : text_line(model_, picture, seen, top_));
    if (options_.verbose)
      std::fprintf(stderr, "  %s: %s\n", printable(picture.path).c_str(),
                   picture.input.notes.c_str());
    if (!picture.input.doubt.empty()) warn(cat(picture.path, ": ", picture.input.doubt));
    if (!picture.saved.empty()) save(picture, seen);
  }

  void save(const Picture& picture, const Inspection& seen) {
    const SampleView view = answered_views(model_, picture.input.pixels, {&seen, 1}, {})[0];
    ContactSheetOptions sheet = sheet_options(model_.info.input);
    sheet.columns = 1;
    sheet.scale *= 2;
    sheet.margin = std::min(sheet.margin, region_margin({&view, 1}));
    sheet.legend = view.after[0].net.empty() ? "outline: the region that is sampled"
                                             : "outline: what is sampled, in quarters";
    write_png(picture.saved, contact_sheet({&view, 1}, sheet));
  }

  const PredictOptions& options_;
  std::optional<OutputDirectory> folder_;  // of what is saved
  Model model_;
  std::vector<Stage> stages_;
  int top_;
  std::vector<Picture> waiting_;
  int read_ = 0;
  bool failed_ = false;
};

void run(const PredictOptions& options) {
  require_usage(!options.no_prepare || options.distortion.empty(),
                "--distort takes prepared digits; leave --no-prepare out");
  Predictor predictor(options);
  const std::vector<std::string> paths = expand_images(options.images);
  const std::vector<std::string> places = predictor.places(paths);
  for (std::size_t i = 0; i < paths.size(); ++i) predictor.add(paths[i], places[i]);
  predictor.flush();
  if (predictor.failed()) throw ExitStatus{1};
}

}  // namespace

void add_predict(CLI::App& app) {
  Command command(app, "predict", "say what is in pictures");
  const auto options = std::make_shared<PredictOptions>();
  command
      .option("PICTURE", options->images,
              "pictures (PNG, JPEG, WebP, GIF, TIFF, BMP, PGM, TGA; any size, colour and "
              "polarity), folders, or - for a picture on standard input",
              "PATH")
      .required();
  add_weights_option(command, options->weights);
  command.option("--top", options->top, "print this many answers for each picture", "N")
      .range(1, 1000);
  command.flag("--json", options->json, "print one JSON object a line");
  command.flag("-v,--verbose", options->verbose, "say on stderr how each picture was prepared");
  command.option("--save", options->save,
                 "write what the network saw, before and after the transformer, into this "
                 "folder",
                 "DIR");
  command.option("--distort", options->distortion,
                 "distort each digit as test images are (mnist_stn help eval lists the names), to "
                 "see whether the network finds it",
                 "NAME");
  command.flag("--no-prepare", options->no_prepare,
               "only resize: pictures are white on black and centred already");
  command.footer(
      "Prints PATH, CLASS and PROBABILITY separated by tabs, with --top more pairs of the\n"
      "last two. Pictures that cannot be read are named on stderr; the exit\n"
      "code is then 1.\n\n"
      "--json says where the digit is, in pixels of the picture as viewers show it (upright\n"
      "by its EXIF orientation; \"size\"): \"box\" [x, y, width, height] of its ink, which is\n"
      "\"ink\", too, where that was looked for (not with --no-prepare: then of the window);\n"
      "and what the transformer samples, with the margin that digits have there and perhaps\n"
      "beyond the edge: \"window\", the box around its \"corners\", clockwise from what becomes\n"
      "the top left. Blank pictures have no box, distorted ones no window.\n\n"
      "Examples:\n"
      "  mnist_stn predict photo.jpg\n"
      "  mnist_stn predict --top 3 --verbose --save seen scans/\n"
      "  mnist_stn predict -w best.safetensors --json *.png | jq -r .class");
  command.action([options] {
    PredictOptions chosen = *options;
    chosen.distortion = chosen_distortion(options->distortion);
    run(chosen);
  });
}

}  // namespace fovea
