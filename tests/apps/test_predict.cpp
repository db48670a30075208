#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/mnist_stn/pictures.h"
#include "apps/networks/inspect.h"
#include "data/synthetic.h"
#include "layers/losses.h"
#include "optim/adam.h"
#include "tests/digits.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// A network that learned drawn digits: enough to read what a test draws.
const Model& trained() {
  static const Model model = [] {
    const DataSplit data = synthetic_digits({.train = 4096, .test = 1});
    ModelInfo info = describe_model("tutorial", {1, 28, 28}, data.train.class_names);
    info.options.set({"fill", -info.mean[0] / info.stddev[0]});
    Model m = make_model(info, 1);
    Adam adam(m.network->parameters(), {.lr = Real(0.003)});
    Batch batch;
    batch.size = 64;
    batch.image_shape = {1, 28, 28};
    batch.mean = m.info.mean;
    batch.stddev = m.info.stddev;
    m.network->eval();  // no dropout: it has to learn fast
    for (int step = 0; step < 256; ++step) {
      const std::size_t first = static_cast<std::size_t>(step % 64) * 64;
      batch.pixels = std::span(data.train.pixels).subspan(first * 784, 64 * 784);
      batch.labels = std::span(data.train.labels).subspan(first, 64);
      train_step(batch, [&](const Tile& t) { return nll_loss((*m.network)(t.images), t.labels); });
      adam.step();
    }
    return m;
  }();
  return model;
}

std::vector<Inspection> read(const Model& model, const Image& image) {
  return inspect(model, network_input(model, image).pixels);
}

}  // namespace

TEST_CASE("a photo of a digit is read, whatever its paper, place and size", "[predict]") {
  for (const int digit : {1, 4, 7})
    for (const bool dark_paper : {false, true}) {
      INFO("digit " << digit << (dark_paper ? " in chalk" : " in ink"));
      const NetworkInput input = network_input(trained(), photo(digit, dark_paper));
      CHECK(input.pixels.size() == 784);
      CHECK_FALSE(input.blank);
      if (!dark_paper) CHECK_THAT(input.notes, contains("inverted"));
      const std::vector<Inspection> seen = inspect(trained(), input.pixels);
      REQUIRE(seen.size() == 1);
      CHECK(seen[0].ranked[0] == digit);
      CHECK(seen[0].probability() > 0.5);
    }
}

TEST_CASE("probabilities sum to one and are ranked", "[predict]") {
  const Inspection seen = read(trained(), photo(4, false)).at(0);
  double sum = 0;
  for (const double p : seen.probabilities) sum += p;
  CHECK(sum == Approx(1).margin(1e-5));
  REQUIRE(seen.ranked.size() == 10);
  for (int rank = 1; rank < 10; ++rank) CHECK(seen.probability(rank - 1) >= seen.probability(rank));
}

TEST_CASE("a blank page is called blank", "[predict]") {
  const NetworkInput input = network_input(trained(), make_canvas(100, 100, {250, 250, 250}));
  CHECK(input.blank);
  CHECK_THAT(input.notes, contains("no ink"));
}

TEST_CASE("without preparation a picture is only resized", "[predict]") {
  Image grey{28, 28, 1, std::vector<std::uint8_t>(784)};
  for (std::size_t i = 0; i < 784; ++i) grey.pixels[i] = static_cast<std::uint8_t>(i % 251);
  const NetworkInput same = network_input(trained(), grey, false);
  CHECK(same.pixels == grey.pixels);
  CHECK(same.notes == "left as it is");
  const NetworkInput smaller = network_input(trained(), make_canvas(56, 84, {9, 9, 9}), false);
  CHECK(smaller.pixels == std::vector<std::uint8_t>(784, 9));
  CHECK_THAT(smaller.notes, contains("grey") && contains("resized from 56x84 to 28x28"));
}

TEST_CASE("a network for colour pictures gets them resized, planes apart", "[predict]") {
  const Model model = untrained("cifar", {3, 32, 32}, {"cat", "dog"});
  CHECK_FALSE(reads_digits(model));
  const NetworkInput input = network_input(model, make_canvas(64, 48, {10, 20, 30}));
  REQUIRE(input.pixels.size() == 3 * 1024);
  CHECK(input.pixels.front() == 10);
  CHECK(input.pixels[1024] == 20);
  CHECK(input.pixels.back() == 30);
  const Image back = to_image(input.pixels, {3, 32, 32});
  CHECK(pixel_at(back, 31, 31) == Colour{10, 20, 30});
  const NetworkInput grey = network_input(model, Image{32, 32, 1, std::vector<std::uint8_t>(1024)});
  CHECK(grey.pixels.size() == 3 * 1024);
  const int best = inspect(model, input.pixels).at(0).ranked[0];
  CHECK((class_name(model, best) == "cat" || class_name(model, best) == "dog"));
}

TEST_CASE("only networks for digits of 28x28 get digits prepared", "[predict]") {
  CHECK(reads_digits(untrained("tutorial", {1, 28, 28})));
  CHECK_FALSE(reads_digits(untrained("tutorial", {1, 28, 28}, {"shirt", "shoe"})));
  CHECK_FALSE(reads_digits(untrained("tutorial", {1, 42, 42})));
  CHECK_THAT(message_of([] {
               network_input(untrained("tutorial", {2, 28, 28}), make_canvas(8, 8, {}));
             }),
             contains("2 channels"));
}

TEST_CASE("folders give their images in order", "[predict]") {
  const TempDir dir;
  for (const char* name : {"b.png", "a.JPG", "notes.txt", ".hidden.png", "inner/c.png", "empty/x"})
    dir.write(name, "x");
  const std::string root = dir.path();
  CHECK(expand_images({"one.png", root, root + "/empty", root + "/none"}) ==
        std::vector<std::string>{"one.png", root + "/a.JPG", root + "/b.png", root + "/empty",
                                 root + "/none"});
}

TEST_CASE("what the views show is what the network computed", "[predict]") {
  const DataSplit data = synthetic_digits({.train = 1, .test = 20});
  const Model& model = trained();
  const std::vector<Inspection> seen = inspect(model, data.test.pixels);
  REQUIRE(seen.size() == 20);
  std::vector<std::vector<Theta>> thetas;
  for (const Inspection& one : seen) thetas.push_back(one.thetas);
  const std::vector<Stage> stages = transformer_stages(model);
  REQUIRE(stages.size() == 1);
  CHECK(stages[0].name == "transformer");
  CHECK(stages[0].parent == -1);
  const auto shown = views(model, stages, data.test.pixels, thetas);
  int moved = 0;
  for (int i = 0; i < 20; ++i)
    moved += !std::ranges::equal(shown[static_cast<std::size_t>(i)].at(0).image.pixels,
                                 data.test.image(i));
  CHECK(moved > 0);
  // The observed output of the transformer, as pixels.
  const TransformerObserver observer;
  const Tile tile = make_tile(batch_of(model.info, data.test.pixels), 0);
  (*model.network)(tile.images);
  const Tensor& output = observer.seen.at(0).output;
  for (int i = 0; i < 784; ++i) {
    const double value =
        255 * (static_cast<double>(output[i][3]) * model.info.stddev[0] + model.info.mean[0]);
    CHECK(std::abs(shown[3][0].image.pixels[static_cast<std::size_t>(i)] -
                   std::clamp(value, 0.0, 255.0)) <= 0.501);
  }
  const std::vector<std::vector<Theta>> still(20, {{1, 0, 0, 0, 1, 0}});
  CHECK(std::ranges::equal(views(model, stages, data.test.pixels, still)[7][0].image.pixels,
                           data.test.image(7)));
  CHECK_THROWS_AS(views(model, stages, data.test.pixels, std::span(still).first(3)), Error);
  CHECK_THROWS_AS(inspect(model, std::span(data.test.pixels).first(100)), Error);
}

TEST_CASE("predict reads files and folders, and names what it cannot read", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  save_model(dir.file("w.safetensors"), trained());
  write_png(dir.file("in/seven.png"), photo(7, false));
  write_png(dir.file("in/four.png"), photo(4, true));
  dir.write("broken.png", "not a picture");
  const ProgramOutcome all =
      run_program(dir, "predict --weights w.safetensors in broken.png absent.jpg in/four.png");
  CHECK(all.code == 1);
  CHECK_THAT(all.out, contains("in/four.png\t4\t") && contains("in/seven.png\t7\t"));
  CHECK(std::count(all.out.begin(), all.out.end(), '\n') == 3);
  CHECK_THAT(all.err, contains("broken.png: ") && contains("absent.jpg: "));
  CHECK(std::count(all.err.begin(), all.err.end(), '\n') == 2);

  const ProgramOutcome top =
      run_program(dir, "predict -w w.safetensors --top 3 --verbose --save seen in/seven.png");
  CHECK(top.code == 0);
  CHECK(std::count(top.out.begin(), top.out.end(), '\t') == 6);
  CHECK_THAT(top.err, contains("inverted"));
  const Image seen = read_image(dir.file("seen/seven.png"));
  CHECK(seen.width > 400);

  const ProgramOutcome json = run_program(dir, "predict -w w.safetensors --json --top 2 in");
  REQUIRE(json.code == 0);
  const auto line = nlohmann::json::parse(json.out.substr(0, json.out.find('\n')));
  CHECK(line.at("path") == "in/four.png");
  CHECK(line.at("class") == "4");
  CHECK(line.at("top").size() == 2);
  CHECK(line.at("theta").size() == 6);
  CHECK(line.at("blank") == false);
  CHECK(line.at("doubt") == "");

  const ProgramOutcome piped =
      run_shell(dir,
                "\"$P\" predict -w w.safetensors - <in/seven.png && \"$P\" predict -w "
                "w.safetensors - </dev/null");
  CHECK(piped.code == 1);
  CHECK(piped.out.starts_with("-\t7\t"));
  CHECK_THAT(piped.err, contains("standard input"));
  // What has no end is judged by its beginning.
  const ProgramOutcome endless = run_shell(dir, "\"$P\" predict - </dev/zero");
  CHECK(endless.code == 1);
  CHECK_THAT(endless.err, contains("standard input: is no picture"));
  CHECK(endless.megabytes < piped.megabytes + 20);
}

TEST_CASE("predict refuses misuse", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  save_model(dir.file("w.safetensors"), trained());
  CHECK(run_program(dir, "predict").code == 2);
  CHECK(run_program(dir, "predict --top 0 a.png").code == 2);
  std::filesystem::create_directory(dir.path() + "/empty");
  const ProgramOutcome empty = run_program(dir, "predict -w w.safetensors empty");
  CHECK(empty.code == 1);
  CHECK_THAT(empty.err, contains("empty: holds no pictures"));
  const ProgramOutcome pickle = run_program(dir, "predict -w absent.safetensors a.png");
  CHECK(pickle.code == 1);
  CHECK_THAT(pickle.err, contains("absent.safetensors"));
}
