// What is said of transformers during training, and what goes wrong.
#include <cmath>

#include "apps/run/files.h"
#include "apps/run/log.h"
#include "apps/train/learner.h"
#include "apps/train/watch.h"
#include "data/loader.h"
#include "layers/warps/families.h"
#include "tests/digits.h"
#include "tests/markup_check.h"
#include "tests/stage_networks.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Model network(const std::string& option = "warp=affine") {
  ModelInfo info = describe_model("tutorial", {1, 28, 28}, digits().test.class_names);
  set_option(info.options, option);
  info.mean = digits().test.mean, info.stddev = digits().test.stddev;
  return make_model(std::move(info), 1);
}

// What a transformer, or the whole network, says whatever it sees.
void set_bias(const Model& model, const std::string& layer, const std::vector<Real>& values) {
  int found = 0;
  for (const NamedTensor& p : model.network->named_parameters())
    if (p.name == layer + ".bias") std::ranges::copy(values, p.tensor.data()), ++found;
  REQUIRE(found == 1);
}

TrainOptions resolved(TrainOptions options = {}) {
  resolve(options);
  return options;
}

std::vector<Real> all_threes() {
  std::vector<Real> bias(10);
  bias[3] = 50;
  return bias;
}

std::string joined(const std::vector<std::string>& warnings) {
  std::string out;
  for (const std::string& warning : warnings) out += warning + "\n";
  return out;
}

// An epoch of 96 steps on drawn digits, distorted: what the watch says, and accuracy at the end.
std::pair<std::string, double> first_steps(TrainOptions options) {
  options.epochs = 1;
  resolve(options);
  static const DataSplit data = [] {
    DataSplit split = synthetic_digits({.train = 4096 + 2048, .test = 100});
    distort_tests(split, "RTS");
    return split;
  }();
  ModelInfo info = describe_model("tutorial", data.test.image_shape, data.test.class_names);
  info.mean = data.test.mean, info.stddev = data.test.stddev;
  info.options.set({"fill", fill_value(options, info.mean, info.stddev)});
  Model model = make_model(std::move(info), 1);
  Loader loader(data.train, {.batch = 64, .distortion = "RTS"});
  Learner learner(model, options, loader.batches());
  Watch watch(model, data.test, options);
  model.network->train();
  std::string said;
  double right = 0;
  std::int64_t step = 0;
  while (const Batch* batch = loader.next()) {
    const int correct = learner.step(*batch).correct;
    said += joined(watch.after_step(++step, correct, batch->size));
    right = 0.8 * right + 0.2 * correct / batch->size;
  }
  said += joined(watch.after_epoch(step, watch.look()));
  CHECK(model.network->training());
  return {said, right};
}

}  // namespace

TEST_CASE("what a transformer does is said in words", "[watch]") {
  const Model model = network();
  const Watch watch(model, digits().test, resolved());
  const Sight still = watch.look();
  REQUIRE(still.transformers.size() == 1);
  CHECK(still.transformers[0].same);
  CHECK(sight_lines(still) == "Transformer: as it is\n");
  // Half the size, 7 pixels to the right, 1.4 up; turned by 30 degrees.
  const double c = std::cos(std::acos(-1) / 6) / 2;
  set_bias(model, "fc_loc.2", {Real(c), Real(-0.25), Real(0.5), Real(0.25), Real(c), Real(-0.1)});
  const Sight moved = watch.look();
  CHECK_THAT(sight_lines(moved),
             contains("Transformer: turn 30.0 ± 0.0°, size 0.50 ± 0.00, shift (7.0 ± 0.0, -1.4 ± "
                      "0.0) px, ") &&
                 contains("% outside\n"));
  const std::vector<LogField> fields = sight_fields(moved);
  CHECK(fields.size() == 13);
  CHECK(fields[0].name == "theta_rotation");
  CHECK(fields[0].value == Approx(30).margin(1e-3));
  CHECK(fields.back().name == "theta_outside");
  Sight two = moved;
  two.transformers.push_back(still.transformers[0]);
  two.transformers[0].name = "left", two.transformers[1].name = "right";
  CHECK_THAT(sight_lines(two), contains("Transformer left: turn 30.0") &&
                                   contains("\nTransformer right: as it is\n"));
  CHECK(sight_fields(two)[13].name == "theta2_rotation");
  CHECK(sight_lines(Watch(untrained("tutorial-cnn"), digits().test, resolved()).look()) == "");
}

TEST_CASE("mean and spread of what splines and shears do", "[watch]") {
  const Shape input = {1, 20, 40};
  const auto tps = make_warp("tps");
  std::vector<Real> bent(32);
  bent[10] = Real(0.6);
  const Pose pose = pose_of(*tps, bent, input);
  CHECK(pose.bend > 1);
  CHECK(pose.bend < 6);
  const Pose poses[] = {{.rotation = 10, .bend = 1, .outside = 0.5}, {.rotation = -10}};
  const PoseSummary both = summary_of(poses);
  CHECK(both.mean.rotation == 0);
  CHECK(both.spread.rotation == 10);
  CHECK(both.mean.outside == 0.25);
  // Turns are a circle: these two are two degrees apart.
  const Pose around[] = {{.rotation = 179}, {.rotation = -179, .mirrored = 1}};
  const PoseSummary turned = summary_of(around);
  CHECK(std::abs(turned.mean.rotation) == Approx(180));
  CHECK(turned.spread.rotation == Approx(1));
  CHECK_THAT(in_words(turned), contains("50% mirrored"));
  CHECK(in_words(both) == "turn 0.0 ± 10.0°, bent 0.5 px, 25% outside");
  const Pose slanted[] = {{.slant = 5}};
  CHECK(in_words(summary_of(slanted)) == "slant 5.0 ± 0.0°");
  // Bounds, where a family has them.
  CHECK(make_warp("pose")->at_bounds(std::vector<Real>{0, 9, 0, 9}) == 0.5);
  CHECK(make_warp("pose")->at_bounds(std::vector<Real>{0, 1, 0, 1}) == 0);
  CHECK(
      make_warp("tps:points=2,limit=0.3")->at_bounds(std::vector<Real>{2, 0, 0, -2, 0, 0, 0, 0}) ==
      0.25);
  CHECK(make_warp("flow:rows=1,columns=1,limit=0.1")->at_bounds(std::vector<Real>{1, 1}) == 1);
  CHECK(make_warp("affine")->at_bounds(std::vector<Real>(6, 100)) == 0);
}

TEST_CASE("blank outputs, bounds and a transformer that stays put are named, once", "[watch]") {
  const Model model = network();
  Watch watch(model, digits().test, resolved());
  CHECK_THAT(
      joined(watch.after_epoch(100, watch.look())),
      contains("step 100: the transformer does the same to every image") && !contains("nearest"));
  set_bias(model, "fc_loc.2", {5, 0, 0, 0, 5, 0});
  const std::string blank = joined(watch.after_epoch(200, watch.look()));
  CHECK_THAT(blank,
             contains("step 200: 9") &&
                 contains("of what the transformer samples lies outside of the image") &&
                 contains("grey is seen there, background with --fill auto") &&
                 contains("start again with --lr-loc-scale 0.0625 (now 0.25) or --lr 0.002"));
  CHECK(joined(watch.after_epoch(300, watch.look())) == "");
  const Model pose = network("warp=pose");
  set_bias(pose, "fc_loc.2", {0, 20, 0, 0});
  Watch bounds(pose, digits().test, resolved());
  CHECK_THAT(joined(bounds.after_epoch(100, bounds.look())),
             contains("25% of theta of the transformer is at its bounds") &&
                 contains("widen those of warp=pose"));
  const Model nearest = network("sampler=nearest");
  Watch stays(nearest, digits().test, resolved());
  CHECK_THAT(joined(stays.after_epoch(100, stays.look())),
             contains("sampler=nearest gives theta no gradient"));
  TrainOptions frozen;
  frozen.lr_loc_scale = 0;
  Watch meant(nearest, digits().test, resolved(frozen));
  CHECK(joined(meant.after_epoch(100, meant.look())) == "");
}

TEST_CASE("a collapse to one answer is said when it happens", "[watch]") {
  const Model model = network("warp=affine"), control = untrained("tutorial-cnn");
  const auto steps = [](Watch& watch, int from, int count, int correct) {
    std::string said;
    for (int i = 0; i < count; ++i) said += joined(watch.after_step(from + i, correct, 64));
    return said;
  };
  for (const Model* m : {&model, &control}) {
    Watch watch(*m, digits().test, resolved());
    set_bias(*m, "fc2", std::vector<Real>(10));
    CHECK(steps(watch, 1, 640, 50) == "");
    CHECK(steps(watch, 641, 128, 20) == "");  // worse, but not by chance
    set_bias(*m, "fc2", all_threes());
    const std::string said = steps(watch, 769, 640, 6);
    CHECK_THAT(said, contains("step 832: training has collapsed: its accuracy fell from 78% to 9%, "
                              "and 100% of the answers are '3'; start again with --lr"));
    CHECK(occurrences(said, "\n") == 1);
    CHECK((said.find("--lr-loc-scale") != std::string::npos) == (m == &model));
  }
  // From the beginning; not before there was time to learn, and not if a run that goes on was good.
  Watch watch(control, digits().test, resolved());
  CHECK(steps(watch, 1, 400, 6) == "");
  CHECK(joined(watch.after_epoch(400, watch.look())) == "");
  CHECK_THAT(joined(watch.after_epoch(500, watch.look())),
             contains("training has not got anywhere yet: 100% of the answers are '3'"));
  Watch resumed(control, digits().test, resolved());
  resumed.remember(0.9);
  CHECK_THAT(steps(resumed, 1, 64, 6), contains("fell from 90% to 9%"));
}

TEST_CASE("healthy training is not warned of, and one that blows up is", "[watch]") {
  const auto [nothing, learnt] = first_steps({});
  CHECK(nothing == "");
  CHECK(learnt > 0.2);
  TrainOptions wild;
  wild.lr = 0.1;  // so much that it blows up whatever the last bits are
  wild.lr_loc_scale = 1;
  const auto [said, lost] = first_steps(wild);
  // Which of the warnings comes first is a matter of those bits.
  CHECK_THAT(said, contains("transformer") && contains("--lr"));
  CHECK(lost < 0.2);
}

TEST_CASE("the log and the report have what transformers did, where there are any", "[watch]") {
  const TempDir with, without;
  TrainOptions options = little_run(with.path(), 1);
  add_stage_networks();
  options.model = "test-row";
  CHECK(run(options) == 0);
  options.out = without.path(), options.model = "tutorial-cnn";
  CHECK(run(options) == 0);
  const auto epoch = [](const TempDir& dir) {
    return read_run_log(dir.file(run_files::log_jsonl)).epochs.at(0);
  };
  CHECK(std::isfinite(epoch(with)["theta_size"]));
  CHECK(std::isfinite(epoch(with)["theta_outside"]));
  CHECK(std::isfinite(epoch(with)["theta2_size"]));
  CHECK_FALSE(epoch(without).values.count("theta_size"));
  CHECK_THAT(bytes_of_file(with.file(run_files::log_csv)), contains("theta_rotation_spread"));
  CHECK(logged_summary(epoch(with)).value().mean.size == epoch(with)["theta_size"]);
  CHECK_FALSE(logged_summary(epoch(without)));
  const std::string head = "what the transformer samples";
  CHECK_THAT(bytes_of_file(with.file("report.html")),
             contains(head) && contains("percent of what"));
  CHECK_THAT(bytes_of_file(without.file("report.html")), !contains(head));
}
