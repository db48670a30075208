// Any network through everything: options, files, trainer, pictures.
#include <filesystem>

#include "apps/networks/inspect.h"
#include "apps/networks/model_info.h"
#include "apps/onnx/export.h"
#include "apps/report/before_after.h"
#include "apps/run/files.h"
#include "apps/shell/usage_error.h"
#include "apps/train/train.h"
#include "layers/all.h"
#include "tests/digits.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

bool same_weights(const Model& a, const Model& b) {
  const auto pa = a.network->named_parameters(), pb = b.network->named_parameters();
  if (pa.size() != pb.size()) return false;
  for (std::size_t i = 0; i < pa.size(); ++i)
    if (pa[i].name != pb[i].name ||
        !std::ranges::equal(pa[i].tensor.values(), pb[i].tensor.values()))
      return false;
  return true;
}

std::unique_ptr<SpatialTransformer> finder(int inputs, const std::string& family, Random& rng) {
  auto net = std::make_unique<Sequential>();
  const auto warp = make_warp(family);
  net->add<Linear>({.in = inputs, .out = warp->theta_size()}, rng);
  init_identity(*net, *warp);
  return std::make_unique<SpatialTransformer>(std::move(net), warp);
}

// Two transformers of the image, the second behind the first or beside it, and one of feature maps.
class Several : public Module {
 public:
  Several(const NetworkSpec& spec, Random& rng)
      : beside_(spec.options.flag("beside")),
        first_(finder(784, "similarity", rng)),
        second_(finder(784, "attention", rng)),
        conv_({.in = beside_ ? 2 : 1, .out = 4, .kernel = 3, .padding = 1}, rng),
        third_(finder(4 * 196, "translation", rng)),
        end_({.in = 4 * 196, .out = spec.classes}, rng) {
    add_module("first", *first_), add_module("second", *second_), add_module("conv", conv_);
    add_module("third", *third_), add_module("end", end_);
  }
  Tensor forward(const Tensor& x) const override {
    const Tensor a = (*first_)(x);
    const Tensor seen = beside_ ? concatenate({a, (*second_)(x)}) : (*second_)(a);
    return log_softmax(end_((*third_)(relu(max_pool2d(conv_(seen), {.kernel = 2})))));
  }
  std::string describe() const override { return "Several"; }

 private:
  bool beside_;
  std::unique_ptr<SpatialTransformer> first_, second_;
  Conv2d conv_;
  std::unique_ptr<SpatialTransformer> third_;
  Linear end_;
};

void add_several() {
  static const bool once = [] {
    add_network({"several",
                 "for tests",
                 {{"beside", false}},
                 [](const NetworkSpec& spec, Random& rng) -> std::unique_ptr<Module> {
                   return std::make_unique<Several>(spec, rng);
                 }});
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

TEST_CASE("every network comes back from its file with its options", "[networks]") {
  const TempDir dir;
  for (const NetworkKind& kind : networks()) {
    INFO(kind.name);
    if (kind.name == "cifar" || kind.name == "cifar-cnn") continue;  // as tutorial, but large
    const Model saved = untrained(kind.name, kind.input);
    save_model(dir.file("w"), saved);
    const Model loaded = load_model(dir.file("w"));
    CHECK(same_weights(saved, loaded));
    CHECK(options_line(loaded.info.options) == options_line(saved.info.options));
  }
  ModelInfo info = describe_model("tutorial", {1, 28, 28}, digits().test.class_names);
  for (const char* option :
       {"conv1=3", "warp=similarity", "fill=-0.5", "sampler=bicubic", "padding=border"})
    set_option(info.options, option);
  const Model changed = make_model(info, 1);
  save_model(dir.file("w"), changed);
  const Model loaded = load_model(dir.file("w"));
  CHECK(same_weights(changed, loaded));
  CHECK(spatial_transformers(*loaded.network)[0]->warp().name() == "similarity");
  CHECK(loaded.info.options.number("fill") == -0.5);
  const GridSampleOptions& sampler = spatial_transformers(*loaded.network)[0]->options().sampler;
  CHECK(sampler.mode == Interpolation::bicubic);
  CHECK(sampler.padding == Padding::border);
}

TEST_CASE("a transformer's output may be smaller, anti-aliased or not", "[networks]") {
  for (const std::string name : {"tutorial", "features", "cifar-deep"}) {
    INFO(name);
    const NetworkKind& kind = find_network(name);
    CHECK_FALSE(kind.options.flag("antialias"));
    const auto made = [&](std::vector<std::string> options) {
      ModelInfo info = describe_model(name, kind.input, digits().test.class_names);
      info.mean.resize(static_cast<std::size_t>(kind.input[0]), 0.5f);
      info.stddev.resize(static_cast<std::size_t>(kind.input[0]), 0.25f);
      for (const std::string& option : options) set_option(info.options, option);
      return make_model(info, 1);
    };
    const auto answers = [&](const Model& model) {
      std::vector<std::uint8_t> pixels;
      Random random(5);
      for (int i = 0; i < kind.input.size(); ++i)
        pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
      return inspect(model, pixels).at(0).probabilities;
    };
    const int side = name == std::string("features") ? 8 : 16;
    const std::string output = cat("output=", side);
    const Model whole = made({}), fine = made({"antialias=true"});
    const Model plain = made({output}), averaged = made({output, "antialias=true"});
    CHECK(answers(whole) == answers(fine));  // as large as its input: nothing to average
    CHECK(answers(plain) != answers(averaged));
    CHECK(transformer_stages(averaged)[0].output[1] == side);
    CHECK(averaged.network->parameter_count() < whole.network->parameter_count());
    const TempDir dir;
    save_model(dir.file("w"), averaged);
    CHECK(answers(load_model(dir.file("w"))) == answers(averaged));
  }
  CHECK_THROWS_AS(options_with("tutorial", {"output=8"}), UsageError);
  CHECK_THROWS_AS(options_with("features", {"output=-1"}), UsageError);
  CHECK_THROWS_AS(options_with("tutorial-cnn", {"antialias=true"}), UsageError);
}

TEST_CASE("options that do not exist or fit are named", "[networks]") {
  Attributes options = find_network("cifar-deep").options;
  const auto message = [&](const char* text) {
    return message_of([&] { set_option(options, text); });
  };
  CHECK_THAT(message("conv9=3"), contains("'conv9' does not exist"));
  CHECK_THAT(message("fcc=3"), contains("did you mean fc?"));
  CHECK_THAT(message("fc"), contains("takes NAME=VALUE"));
  CHECK_THAT(message("fc=x3"), contains("takes a whole number, got 'x3'"));
  CHECK_THAT(message("fc=99999999999999999999"), contains("takes a whole number"));
  CHECK_THAT(message("transformer=yes"), contains("true or false"));
  CHECK_THAT(message("blocks=1,,2"), contains("takes a whole number"));
  for (const char* bad : {"fc=0", "fc=-5", "localization1=4000000", "blocks=0"}) {
    INFO(bad);
    CHECK_THAT(message(bad), contains("takes 1 to 65536, got"));
  }
  ModelInfo info = describe_model("cifar-deep", {3, 32, 32}, {"a", "b"});
  CHECK_THAT(
      message_of([&] { set_option(info.options, "warp=afine"); }),
      contains("--model-option warp 'afine' does not exist; did you mean affine? (it takes "));
  info.options.set({"warp", "afine"});
  CHECK_THAT(message_of([&] { make_model(info, 1); }), contains("no family of transforms"));
  for (const char* bad : {"sampler=cubic", "padding=zero"}) {
    info = describe_model("features", {3, 32, 32}, {"a", "b"});
    CHECK_THAT(message_of([&] { set_option(info.options, bad); }),
               contains("does not exist; did you mean") && contains("(it takes "));
    CHECK_THROWS_AS(set_option(info.options, bad), UsageError);
  }
}

TEST_CASE("options that a network does not take, or cannot be built with, are named",
          "[networks]") {
  const auto message = [](const char* network, std::vector<std::string> options) {
    CHECK_THROWS_AS(options_with(network, options), UsageError);
    return message_of([&] { options_with(network, options); });
  };
  CHECK(options_with("tutorial", {"conv1=3"}).integer("conv1") == 3);
  CHECK(options_with("tutorial-cnn", {"fc=3"}).integer("fc") == 3);
  CHECK(options_with("tutorial-cnn", {"warp=tps", "transformer=true"}).text("warp") == "tps");
  // Too many blocks for 28x28 pixels, but data may be larger.
  CHECK(options_with("best-cnn", {"blocks=4,4,4,4,4"}).integers("blocks").size() == 5);
  CHECK_THAT(message("best-cnn", {"transformers=2"}), contains("without a transformer"));
  CHECK_THAT(message("tutorial-cnn", {"warp=tps"}),
             contains("--model-option warp: the network tutorial-cnn has no such option without a "
                      "transformer; it takes transformer, conv1, conv2, fc"));
  CHECK_THAT(message("features", {"transformer=false", "steps=2"}),
             contains("it takes channels, fc, transformer"));
  CHECK_THAT(message("features", {"conv1=3"}), contains("'conv1' does not exist"));
  CHECK_THAT(message("cifar-deep", {"blocks=8,8,8,8,8"}), contains("1 to 4 blocks"));
  CHECK_THAT(message("tutorial", {"warp=tps", "steps=2"}), contains("cannot be built so"));
  CHECK_THAT(message_of([] {
               require_network_option("features", find_network("features").options, "fill");
             }),
             contains("--fill: the network features has no such option; it takes channels"));
}

TEST_CASE("transformers in a row, side by side and on feature maps are found", "[networks]") {
  add_several();
  for (const bool beside : {false, true}) {
    ModelInfo info = describe_model("several", {1, 28, 28}, digits().test.class_names);
    info.options.set({"beside", beside});
    const Model model = make_model(info, 1);
    const std::vector<Stage> stages = transformer_stages(model);
    REQUIRE(stages.size() == 3);
    CHECK(stages[0].name == "first");
    CHECK(stages[0].parent == -1);
    CHECK(stages[1].parent == (beside ? -1 : 0));
    CHECK(stages[2].parent == 1);
    // Half the size around the middle, twice in a row, then a shift by half of what is left.
    const std::vector<std::vector<Theta>> thetas = {
        {{Real(0.5), 0, 0, 0}, {Real(0.5), 0, 0}, {1, 0}}};
    const auto shown = views(model, stages, std::vector<std::uint8_t>(784), thetas);
    const auto middle = [&](int k) {
      const auto& o = shown[0][static_cast<std::size_t>(k)].outline;
      return (o.at(0)[0] + o.at(2)[0]) / 2;
    };
    CHECK(middle(0) == Approx(14));
    CHECK(middle(1) == Approx(14));
    CHECK(middle(2) == Approx(14 + (beside ? 7 : 3.5)));
    const std::vector<int> indices = {0, 1};
    CHECK(before_after_sheet(model, digits().test, indices).width > 300);
  }
}

TEST_CASE("localisation parameters are known by their transformer", "[networks]") {
  add_several();
  const Model model = untrained("several");
  TrainOptions options;
  options.lr_loc_scale = 0.1;
  resolve(options);
  const auto optimizer = make_optimizer(*model.network, options);
  REQUIRE(optimizer->groups().size() == 2);
  CHECK(optimizer->groups()[0].parameters.size() == 6);
  CHECK(optimizer->groups()[0].lr_scale == 0.1);
  CHECK(optimizer->groups()[1].parameters.size() == 4);
  const Model control = untrained("tutorial-cnn");
  CHECK(make_optimizer(*control.network, options)->groups().size() == 1);
}

TEST_CASE("networks of other shapes train, stop, resume, report and export", "[networks]") {
  add_several();
  for (const char* name : {"features", "several"}) {
    INFO(name);
    const TempDir whole, stopped;
    TrainOptions options = little_run(whole.path());
    options.model = name;
    options.data.train_limit = 200;
    CHECK(train(options) == 0);
    options.out = stopped.path();
    options.checkpoint_every = 3;
    CHECK(train(options) == 0);
    const auto steps = run_files::checkpoint_steps(stopped.path());
    REQUIRE(steps.size() == 2);
    // As if it had been killed behind the older checkpoint.
    std::filesystem::remove(stopped.file(run_files::checkpoint(steps[0]).c_str()));
    std::filesystem::remove(stopped.file(run_files::confusion));
    CHECK(train(begin_or_resume(stopped.path())) == 0);
    const Model a = load_model(whole.file(run_files::last_weights));
    CHECK(same_weights(a, load_model(stopped.file(run_files::last_weights))));
    for (const char* file : {"report.html", "before-after.png", "training.gif", "theta.svg"})
      CHECK(std::filesystem::exists(whole.file(file)));
    export_onnx(whole.file("net.onnx"), a);
  }
}

TEST_CASE("--overwrite leaves nothing of the old run, and all that is not a run's", "[networks]") {
  const TempDir dir, fresh;
  TrainOptions options = little_run(dir.path());
  options.tensorboard = true;
  CHECK(train(options) == 0);
  dir.write("mine.png", "not of a run");
  options = little_run(dir.path(), 1);
  options.model = "tutorial-cnn";  // no animation, no curve of theta
  options.overwrite = true;
  CHECK(train(options) == 0);
  options.out = fresh.path();
  CHECK(train(options) == 0);
  const auto listing = [](const TempDir& d) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(d.path()))
      names.insert(std::filesystem::relative(entry.path(), d.path()).string());
    return names;
  };
  std::set<std::string> expected = listing(fresh);
  expected.insert("mine.png");
  CHECK(listing(dir) == expected);
}
