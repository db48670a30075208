// mnist_stn predict: what the network reads in pictures.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/mnist_stn/pictures.h"
#include "apps/networks/inspect.h"
#include "apps/report/before_after.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/numbers.h"
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
  NetworkInput input;
};

constexpr std::size_t pictures_at_once = 64;

std::string text_line(const Model& model, const Picture& picture, const Inspection& seen, int top) {
  std::string line = picture.path;
  for (int rank = 0; rank < top; ++rank)
    line += cat("\t", class_name(model, seen.ranked[static_cast<std::size_t>(rank)]), "\t",
                fixed(seen.probability(rank), 4));
  return line + "\n";
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
  if (!stages.empty()) line["theta"] = seen.thetas[0];
  for (std::size_t i = 0; i < stages.size(); ++i)
    line["transformers"].push_back({{"name", stages[i].name},
                                    {"warp", stages[i].transformer->warp().name()},
                                    {"theta", seen.thetas[i]}});
  line["blank"] = picture.input.blank;
  line["notes"] = picture.input.notes;
  return dump_json(line) + "\n";
}

// Prints answers as they come and remembers what happened on the way.
class Predictor {
 public:
  explicit Predictor(const PredictOptions& options)
      : options_(options),
        model_(load_chosen(options.weights)),
        stages_(transformer_stages(model_)),
        top_(std::min(options.top, model_.info.classes())) {
    if (!options_.save.empty()) require_writable_directory(options_.save);
  }

  void add(const std::string& path) {
    try {
      require(!std::filesystem::is_directory(path), path,
              ": holds no pictures (png, jpg, jpeg, bmp, pgm, ppm, tga); name another folder");
      waiting_.push_back({path, network_input(model_, read_image(path), !options_.no_prepare,
                                              options_.distortion, read_++)});
    } catch (const Error& error) {
      flush();  // keeps the order of pictures and complaints
      std::fprintf(stderr, "mnist_stn: error: %s\n", error.what());
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
      std::fprintf(stderr, "  %s: %s\n", picture.path.c_str(), picture.input.notes.c_str());
    else if (picture.input.blank)
      warn(cat(picture.path, ": ", picture.input.notes, "; the answer means nothing"));
    if (!options_.save.empty()) save(picture, seen);
  }

  void save(const Picture& picture, const Inspection& seen) {
    const std::string stem = std::filesystem::path(picture.path).stem().string();
    std::string name = stem;
    for (int i = 2; !saved_.insert(name).second; ++i) name = cat(stem, "-", i);
    const SampleView view = answered_views(model_, picture.input.pixels, {&seen, 1}, {})[0];
    ContactSheetOptions sheet = sheet_options(model_.info.input);
    sheet.columns = 1;
    sheet.scale *= 2;
    sheet.text_scale = 2;
    sheet.legend = "outline: the region that is sampled";
    write_png(cat(options_.save, "/", name, ".png"), contact_sheet({&view, 1}, sheet));
  }

  const PredictOptions& options_;
  Model model_;
  std::vector<Stage> stages_;
  int top_;
  std::vector<Picture> waiting_;
  std::set<std::string> saved_;
  int read_ = 0;
  bool failed_ = false;
};

void run(const PredictOptions& options) {
  Predictor predictor(options);
  for (const std::string& path : expand_images(options.images)) predictor.add(path);
  predictor.flush();
  if (predictor.failed()) throw ExitStatus{1};
}

}  // namespace

void add_predict(CLI::App& app) {
  Command command(app, "predict", "say what is in pictures");
  const auto options = std::make_shared<PredictOptions>();
  command
      .option("PICTURE", options->images,
              "pictures (PNG, JPEG, BMP, PGM, TGA; any size, colour and polarity) or folders",
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
      "Examples:\n"
      "  mnist_stn predict photo.jpg\n"
      "  mnist_stn predict --top 3 --verbose --save seen scans/\n"
      "  mnist_stn predict --weights runs/first/best.safetensors --json *.png | jq -r .class");
  command.action([options] {
    PredictOptions chosen = *options;
    chosen.distortion = chosen_distortion(options->distortion);
    run(chosen);
  });
}

}  // namespace fovea
