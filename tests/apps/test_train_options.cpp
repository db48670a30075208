#include <cmath>

#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

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
  CHECK_THAT(message([](auto& o) { o.fill = ""; }), contains("--fill takes auto"));
}

TEST_CASE("defaults follow the optimiser", "[trainer]") {
  TrainOptions sgd;
  sgd.optimizer = "sgd";
  resolve(sgd);
  CHECK(*sgd.lr == 0.01);
  CHECK(*sgd.schedule == "constant");
  CHECK_FALSE(sgd.augmentation().any());
  CHECK(fill_value(sgd, {0.1307f}, {0.3081f}) == 0);
  TrainOptions standard;
  resolve(standard);
  CHECK(*standard.schedule == "one-cycle");
  CHECK(standard.augmentation().any());
  CHECK(fill_value(standard, {0.1307f}, {0.3081f}) == Approx(-0.42421));
}
