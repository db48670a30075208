// Transformers anywhere in a network: found, pictured, trained, resumed.
#include <array>
#include <cmath>

#include "apps/networks/region.h"
#include "apps/onnx/export.h"
#include "apps/report/before_after.h"
#include "apps/run/files.h"
#include "apps/train/train.h"
#include "apps/train/trainer.h"
#include "layers/activations.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "layers/summary.h"
#include "layers/warps/affine.h"
#include "tests/digits.h"
#include "tests/stage_networks.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Model staged(const std::string& name) {
  add_stage_networks();
  return untrained(name);
}

using Parents = std::vector<std::pair<std::string, int>>;
Parents parents(const std::string& name) {
  Parents out;
  for (const Stage& stage : transformer_stages(staged(name)))
    out.emplace_back(stage.name, stage.parent);
  return out;
}

std::vector<StageView> views_of(const Model& model, std::span<const std::uint8_t> pixels,
                                const std::vector<Theta>& thetas) {
  const std::vector<std::vector<Theta>> all = {thetas};
  return views(model, transformer_stages(model), pixels, all).at(0);
}

int count(const Image& image, Colour colour) {
  int n = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) n += pixel_at(image, x, y) == colour;
  return n;
}

// Two transformers with align_corners; the second gives 14 columns.
void add_corner_networks() {
  static const bool once = [] {
    add_network(
        {"test-corners", "with align_corners", {}, [](const NetworkSpec& spec, Random& rng) {
           auto net = std::make_unique<Sequential>();
           for (const int width : {0, 14}) {
             auto finder = std::make_unique<Sequential>();
             finder->add<Linear>({.in = spec.input.size(), .out = 6}, rng);
             init_identity(*finder, AffineWarp());
             net->add<SpatialTransformer>(
                 std::move(finder),
                 SpatialTransformOptions{.width = width, .sampler = {.align_corners = true}});
           }
           net->add<Linear>({.in = 28 * 14, .out = spec.classes}, rng).add<LogSoftmax>();
           return std::unique_ptr<Module>(std::move(net));
         }});
    return true;
  }();
  static_cast<void>(once);
}

void check_corner(const Point& p, double x, double y) {
  CHECK(p[0] == Approx(x).margin(1e-4));
  CHECK(p[1] == Approx(y).margin(1e-4));
}

// The first steps of a run, as train() begins it, and then a signal.
void begin(TrainOptions options, int steps) {
  resolve(options);
  const DataSplit data = load_data(options.data);
  ModelInfo info = describe_model(options.model, data.train.image_shape, data.train.class_names);
  info.mean = data.train.mean;
  info.stddev = data.train.stddev;
  info.style = measure_style(data.train);
  Model model = make_model(info, options.seed);
  Trainer trainer(options, data, model);
  trainer.set_data_checksum(data_checksum(data));
  CHECK(trainer.run(steps) != 0);
}

}  // namespace

TEST_CASE("stages know what they build on", "[stages]") {
  CHECK(parents("tutorial") == Parents{{"transformer", -1}});
  CHECK(parents("tutorial-cnn").empty());
  CHECK(parents("features") == Parents{{"3", -1}});
  CHECK(parents("test-row") == Parents{{"0", -1}, {"1", 0}});
  CHECK(parents("test-side") == Parents{{"left", -1}, {"right", -1}, {"both", 1}});
  CHECK(parents("test-mixed") == Parents{{"0", -1}, {"4", 0}});
  CHECK(parents("test-shear") == Parents{{"0", -1}});
}

TEST_CASE("what a stage samples is traced through those before it", "[stages]") {
  const std::vector<std::uint8_t> black(784);
  // The middle half shifted right and up, and of that a window turned by 90 degrees.
  const auto row =
      views_of(staged("test-row"), black, {{0.5f, 0, 0.25f, 0, 0.5f, -0.5f}, {0, 0.5f, 0.5f, 0}});
  REQUIRE(row.size() == 2);
  CHECK(row[0].image.width == 24);
  CHECK(row[0].image.height == 20);
  CHECK(row[1].image.width == 14);
  REQUIRE(row[1].outline.size() == 4);
  // (-1, -1) -> (0.5 + 0.5, -0.5) = (1, -0.5) -> (0.75, -0.75) -> 14 (1 + .)
  check_corner(row[1].outline[0], 24.5, 3.5);
  check_corner(row[1].outline[1], 24.5, 10.5);  // (1, -1) -> (1, 0.5) -> (0.75, -0.25)
  check_corner(row[1].outline[2], 17.5, 10.5);  // (1, 1) -> (0, 0.5) -> (0.25, -0.25)
  const auto mixed =
      views_of(staged("test-mixed"), black, {{1, 0, 0.5f, 0, 1, 0}, {0.5f, 0, -0.5f}});
  CHECK(mixed[1].image.width == 28);  // the image in place of the maps
  check_corner(mixed[1].outline[0], 14, 0);
  check_corner(mixed[1].outline[2], 28, 14);
  const auto side =
      views_of(staged("test-side"), black, {{0.5f, 0, 0}, {1, 0, 0.5f, 0, 1, 0}, {0.5f, 0}});
  check_corner(side[0].outline[0], 7, 7);
  check_corner(side[1].outline[0], 7, 0);
  check_corner(side[2].outline[0], 14, 0);  // on the later of the two it was made of
  const auto shear = views_of(staged("test-shear"), black, {{0.5f, std::log(0.5f)}});
  check_corner(shear[0].outline[0], 14 * (1 + 0.5 * -1.5), 7);
  check_corner(shear[0].outline[2], 14 * (1 + 0.5 * 1.5), 21);
  const auto broken =
      views_of(staged("test-row"), black, {{std::nanf(""), 0, 0, 0, 1, 0}, {1, 0, 0, 0}});
  CHECK(broken[0].outline.empty());
  CHECK(broken[1].outline.empty());
}

TEST_CASE("a bent net is drawn by the grid that is sampled, also within", "[stages]") {
  const auto region_of = [](const std::string& warp, const auto& change) {
    ModelInfo info = describe_model("tutorial", {1, 28, 28}, digits().test.class_names);
    info.options.set({"warp", warp});
    const Model model = make_model(info, 1);
    const std::vector<Stage> stages = transformer_stages(model);
    std::vector<Theta> thetas = {stages[0].transformer->warp().identity()};
    change(thetas[0]);
    const SampledRegion region = sampled_region(stages, thetas, 0, model.info.input);
    const Warp& family = stages[0].transformer->warp();
    // The first vertical line is a quarter from the left, from the top down.
    for (std::size_t i = 0; !region.net.empty() && i < region.net[0].size(); ++i) {
      const Real down = static_cast<Real>(i) / static_cast<Real>(region.net[0].size() - 1);
      const WarpPoint at = family.map(thetas[0], {Real(-0.5), 2 * down - 1});
      check_corner(region.net[0][i], 14 * (1 + static_cast<double>(at[0])),
                   14 * (1 + static_cast<double>(at[1])));
    }
    return region;
  };
  const auto nothing = [](Theta&) {};
  for (const char* warp : {"affine", "projective", "tps", "flow:rows=4,columns=4"}) {
    INFO(warp);
    CHECK(region_of(warp, nothing).outline.size() == 4);
    CHECK(region_of(warp, nothing).net.empty());
  }
  // One inner control point moves: the corners stay, and no edge bends in its middle alone.
  for (const char* warp : {"tps", "flow:rows=4,columns=4"}) {
    INFO(warp);
    const SampledRegion bent = region_of(warp, [](Theta& t) { t[10] = Real(0.5); });
    CHECK(bent.net.size() == 6);
    CHECK(bent.outline.size() > 64);
    check_corner(bent.outline[0], bent.corners[0][0], bent.corners[0][1]);
  }
  // A homography's edges are straight, but what lies within is not spread evenly.
  const SampledRegion far = region_of("projective", [](Theta& t) { t[6] = Real(0.3); });
  CHECK(far.net.size() == 6);
  CHECK(region_of("affine", [](Theta& t) { t[1] = Real(0.3); }).net.empty());
  CHECK(region_of("affine", [](Theta& t) { t[1] = Real(NAN); }).outline.empty());
}

TEST_CASE("with align_corners an outline still goes around whole pixels", "[stages]") {
  add_corner_networks();
  const std::vector<std::uint8_t> black(784);
  // Centres of the outer pixels stay; 14 of the 28 columns, from the one in the middle on.
  const auto row = views_of(untrained("test-corners"), black,
                            {{1, 0, 0, 0, 1, 0}, {13.f / 27, 0, 14.f / 27, 0, 1, 0}});
  check_corner(row[0].outline[0], 0, 0);
  check_corner(row[0].outline[2], 28, 28);
  check_corner(row[1].outline[0], 14, 0);
  check_corner(row[1].outline[2], 28, 28);
}

TEST_CASE("a stage shows the image as those before it left it", "[stages]") {
  std::vector<std::uint8_t> dot(784);
  dot[28 * 10 + 20] = 255;
  const auto seen = views_of(staged("test-mixed"), dot,
                             {{1, 0, 8.f / 14, 0, 1, 0}, {1, 0, 4.f / 14}});  // 8 right, 4 down
  CHECK(seen[0].image.pixels[28 * 10 + 12] == 255);
  CHECK(seen[1].image.pixels[28 * 6 + 12] == 255);
  CHECK(seen[1].image.pixels[28 * 10 + 12] == 0);
  CHECK(seen[1].image.pixels[28 * 27 + 5] == 0);  // from outside of the maps
}

TEST_CASE("sheets show all stages, each in its colour", "[stages]") {
  const std::vector<int> indices = {0, 1, 2};
  for (const auto& [name, stages] :
       {std::pair("test-row", 2), {"test-side", 3}, {"test-mixed", 2}, {"test-shear", 1}}) {
    INFO(name);
    const Image sheet =
        before_after_sheet(staged(name), digits().test, indices, sheet_options({1, 28, 28}));
    for (int k = 0; k < 3; ++k)  // frames of the pictures behind, at least
      CHECK((count(sheet, outline_colours[k]) > 3 * 100) == (k < stages));
  }
}

TEST_CASE("a sheet is no larger than a page, whatever it shows", "[stages]") {
  const std::vector<int> indices(16, 0);
  const Model model = staged("test-side");
  ContactSheetOptions options = sheet_options({1, 28, 28});
  const Image fitted = before_after_sheet(model, digits().test, indices, options);
  CHECK(fitted.width <= 1400);
  CHECK(fitted.height <= 1400);
  CHECK(std::max(fitted.width, fitted.height) > 900);
  options.most_side = 0;
  CHECK(before_after_sheet(model, digits().test, indices, options).width > 1400);
  options.most_side = 10;  // one column at least, and inputs of 56 pixels
  const Image narrow = before_after_sheet(model, digits().test, indices, options);
  CHECK(narrow.width > 200);
  CHECK(narrow.width < 400);
}

TEST_CASE("views need a theta for each stage", "[stages]") {
  const std::vector<std::uint8_t> black(784);
  CHECK_THAT(message_of([&] {
               views_of(staged("test-row"), black, {{1, 0, 0, 0, 1, 0}});
             }),
             contains("1 transforms for 2 transformers"));
  CHECK_THAT(message_of([&] {
               views_of(staged("test-row"), black, {{1, 0, 0, 0}, {1, 0, 0, 0}});
             }),
             contains("the transformer 0 takes 6 values, got 4"));
}

TEST_CASE("any network is trained, resumed to the same bits, reported and read again", "[stages]") {
  for (const char* name : {"features", "test-row", "test-side", "test-mixed", "test-shear"}) {
    INFO(name);
    add_stage_networks();
    const TempDir whole, stopped;
    TrainOptions options = little_run(whole.path());
    options.model = name;
    options.lr_loc_scale = 0.5;
    CHECK(train(options) == 0);
    options.out = stopped.path();
    begin(options, 7);
    TrainOptions again;
    again.resume = stopped.path();
    again.quiet = true;
    CHECK(train(again) == 0);
    for (const char* file : {run_files::best_weights, run_files::last_weights, run_files::frames,
                             run_files::confusion, "before-after.png", "training.gif"})
      CHECK(same_file(whole.file(file), stopped.file(file)));
    for (const char* file : {"report.html", "theta.svg", "loss.svg"})
      CHECK(std::filesystem::file_size(whole.file(file)) > 500);
    const Model best = load_model(whole.file(run_files::best_weights));
    CHECK(best.info.name == name);
    CHECK_THAT(bytes_of_file(whole.file("report.html")), contains("SpatialTransformer("));
    if (std::string(name) == "test-shear")
      CHECK_THAT(message_of([&] { export_onnx(whole.file("m.onnx"), best); }),
                 contains("the operation \"warp_grid\" in 0 cannot be expressed"));
    else
      CHECK_NOTHROW(export_onnx(whole.file("m.onnx"), best));
  }
}
