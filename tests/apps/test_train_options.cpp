// Options of training: ranges, names, defaults; and the lines that training prints.
#include <cmath>

#include "apps/networks/evaluate.h"
#include "apps/shell/numbers.h"
#include "apps/train/progress.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("two channels of one kind are filled with black, colours with 0", "[trainer]") {
  TrainOptions options;
  resolve(options);
  CHECK(fill_value(options, {0.1f, 0.1f}, {0.5f, 0.5f}) == Approx(-0.2));
  CHECK(fill_value(options, {0.1f, 0.2f}, {0.5f, 0.5f}) == 0);
}

TEST_CASE("faults 46, 49, 51: options out of range", "[trainer]") {
  auto message = [](auto change) {
    TrainOptions o = little_run("");
    change(o);
    return message_of([&] { resolve(o); });
  };
  CHECK_THAT(message([](auto& o) { o.lr = std::nan(""); }), contains("--lr takes"));
  CHECK_THAT(message([](auto& o) { o.lr = -1; }), contains("--lr takes"));
  CHECK_THAT(message([](auto& o) { o.batch = 0; }), contains("--batch takes 1 to"));
  CHECK_THAT(message([](auto& o) { o.threads = -1; }), contains("--threads takes 0 to 256"));
  CHECK_THAT(message([](auto& o) { o.optimizer = "adan"; }), contains("did you mean adam?"));
  CHECK_THAT(message([](auto& o) { o.schedule = "cosin"; }), contains("did you mean cosine?"));
  CHECK_THAT(message([](auto& o) { o.schedule = "multi-step"; }), contains("--milestones 10,15"));
  for (const char* bad : {"0", "a", ",", "1,x", "-4", "1.5", "99999999999"})
    CHECK_THAT(message([bad](auto& o) { o.schedule = "multi-step", o.milestones = bad; }),
               contains("--milestones takes epochs") || contains("--milestones 10,15"));
  CHECK_THAT(message([](auto& o) { o.milestones = "3"; }), contains("not of one-cycle"));
  CHECK_THAT(message([](auto& o) { o.schedule = "plateau", o.gamma = 1; }), contains("below 1"));
  CHECK_THAT(message([](auto& o) { o.min_lr = 1; }), contains("--min-lr 1 is above --lr 0.004"));
  CHECK_THAT(message([](auto& o) { o.optimizer = "sgd", o.amsgrad = true; }),
             contains("--amsgrad is an option of adam and adamw, not of sgd"));
  CHECK_THAT(message([](auto& o) { o.centered = true; }), contains("of rmsprop, not of adamw"));
  CHECK_THAT(message([](auto& o) { o.optimizer = "rmsprop", o.alpha = 1; }), contains("below 1"));
  CHECK_THAT(message([](auto& o) { o.optimizer = "rmsprop", o.dampening = 0.1; }),
             contains("--dampening and --nesterov are options of sgd, not of rmsprop"));
  CHECK_THAT(message([](auto& o) { o.momentum = 0.1; }), contains("for adamw see --betas"));
  CHECK_THAT(message([](auto& o) { o.restart_every = 0; }), contains("--restart-every takes 1"));
  CHECK_THAT(message([](auto& o) { o.threshold = std::nan(""); }), contains("--threshold takes"));
  CHECK_THAT(message([](auto& o) { o.data.distortion = "RST"; }), contains("did you mean RTS?"));
  CHECK_THAT(message([](auto& o) { o.fill = ""; }), contains("--fill takes auto"));
}

TEST_CASE("defaults follow the optimiser", "[trainer]") {
  TrainOptions sgd;
  sgd.optimizer = "sgd";
  resolve(sgd);
  CHECK(*sgd.lr == 0.01);
  CHECK(*sgd.schedule == "constant");
  CHECK(*sgd.lr_loc_scale == 1);
  CHECK_FALSE(sgd.augmentation().any());
  CHECK(fill_value(sgd, {0.1307f}, {0.3081f}) == 0);
  TrainOptions standard;
  resolve(standard);
  CHECK(*standard.schedule == "one-cycle");
  CHECK(*standard.lr_loc_scale == 0.25);
  for (const auto& [lr, scale] : {std::pair(0.001, 0.25), {0.008, 0.125}}) {  // at most 0.001
    TrainOptions other;
    other.lr = lr;
    resolve(other);
    CHECK(*other.lr_loc_scale == Approx(scale));
  }
  CHECK(standard.augmentation().any());
  CHECK(fill_value(standard, {0.1307f}, {0.3081f}) == Approx(-0.42421));
}

TEST_CASE("a run keeps the rate of localisation networks that it recorded", "[trainer]") {
  TrainOptions before;
  before.lr_loc_scale = 1;  // the default of earlier versions
  resolve(before);
  TrainOptions now;
  now.resume = "runs/old";
  CHECK(*resumed_options(options_text(before), now, {}).lr_loc_scale == 1);
}

TEST_CASE("lines and the progress display", "[trainer]") {
  CHECK(train_line(1, 6400, 60000, 100.0 * 100 / 938, 0.412345) ==
        "Train Epoch: 1 [6400/60000 (11%)]\tLoss: 0.412345\n");
  CHECK(test_line({.loss = 0.0418, .correct = 9865, .total = 10000}) ==
        "Test set: Average loss: 0.0418, Accuracy: 9865/10000 (98.65%)");
  CHECK(duration_text(3723.2) == "1:02:03");
  CHECK(duration_text(14) == "0:14");
  const ProgressView view{.epoch = 3,
                          .epochs = 20,
                          .batch = 469,
                          .batches = 938,
                          .loss = 0.0812,
                          .loss_error = 0.0031,
                          .accuracy = 0.975,
                          .accuracy_error = 0.0012,
                          .samples_per_second = 91200,
                          .seconds_left = 14};
  CHECK_THAT(progress_text(view, 120), contains("loss 0.0812 ± 0.0031"));
  CHECK_THAT(progress_text(view, 120), contains("accuracy 97.50 ± 0.12%"));
  CHECK_THAT(progress_text(view, 120), contains("0:14 left  91,200/s"));
  CHECK(progress_text(view, 12) == "Epoch 3/20");
  ProgressView late = view;  // as a terminal of 80 columns shows a long run
  late.epoch = 13, late.seconds_left = 3723;
  const std::string usual = progress_text(late, 79);
  CHECK_THAT(usual, contains("Epoch 13/20 [█") && contains("░]  loss 0.0812  accuracy 97.50%"));
  CHECK_THAT(usual, contains("1:02:03 left  91,200/s"));
}
