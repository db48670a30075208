// Schedules against torch.optim.lr_scheduler (tests/golden/optim.py).
#include <limits>

#include "optim/plateau.h"
#include "optim/schedule.h"
#include "tests/catch.h"
#include "tests/golden/optim.h"

namespace {

using namespace fovea;
using Catch::Matchers::Equals;
using fovea::testing::contains;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

void check(const std::string& name, const Schedule& schedule) {
  const std::vector<double>& expected = optim_golden(name);
  // Backwards: a schedule has no memory.
  for (std::size_t step = expected.size(); step-- > 0;) {
    INFO(name << " at step " << step);
    CHECK(schedule.at(static_cast<std::int64_t>(step)) ==
          Approx(expected[step]).epsilon(1e-11).margin(1e-15));
  }
}

void check_cycle(const std::string& name, const OneCycleOptions& options) {
  check("schedule." + name, one_cycle(options));
  check("momentum." + name,
        one_cycle_momentum({.total_steps = options.total_steps, .pct_start = options.pct_start}));
}

}  // namespace

TEST_CASE("schedules follow PyTorch", "[schedule]") {
  check("schedule.constant", constant_schedule(0.03));
  check("schedule.step_decay", step_decay({.lr = 0.5, .every = 6, .gamma = 0.3}));
  check("schedule.exponential", exponential_decay(0.5, 0.9));
  check("schedule.cosine", cosine_annealing({.lr = 0.5, .steps = 10, .eta_min = 0.02}));
  check("schedule.multi_step",
        multi_step_decay({.lr = 0.5, .milestones = {15, 4, 11, 11}, .gamma = 0.3}));
  check("schedule.restarts", cosine_warm_restarts({.lr = 0.5, .first = 6, .eta_min = 0.02}));
  check("schedule.restarts_doubled", cosine_warm_restarts({.lr = 0.5, .first = 4, .growth = 2}));
  check_cycle("one_cycle", {.max_lr = 0.1, .total_steps = 37});
  check_cycle(
      "one_cycle_late",
      {.max_lr = 2, .total_steps = 20, .pct_start = 0.85, .div_factor = 4, .final_div_factor = 50});
  check_cycle("one_cycle_short", {.max_lr = 0.1, .total_steps = 3});
  check_cycle("one_cycle_down", {.max_lr = 0.1, .total_steps = 8, .pct_start = 0});
  check("schedule.warm_cosine", linear_warmup(5, cosine_annealing({.lr = 0.5, .steps = 15}), 0.01));
  check("schedule.warm_step", linear_warmup(7, step_decay({.lr = 0.5, .every = 4, .gamma = 0.5})));
}

TEST_CASE("schedules at their ends", "[schedule]") {
  const Schedule cosine = cosine_annealing({.lr = 0.5, .steps = 10, .eta_min = 0.1});
  CHECK(cosine.at(0) == 0.5);
  CHECK(cosine.at(10) == 0.1);
  const Schedule cycle = one_cycle({.max_lr = 1, .total_steps = 10, .pct_start = 0.5});
  CHECK(cycle.at(0) == Approx(0.04));
  CHECK(cycle.at(4) == 1);
  CHECK(cycle.at(9) == Approx(4e-6));
  CHECK_NOTHROW(cycle.at(10));
  CHECK_THROWS_WITH(cycle.at(11),
                    Equals("[one_cycle] step 11 is beyond the end of a schedule of 10 steps"));
  CHECK_THROWS_WITH(cycle.at(-1), Equals("[schedule] steps count from 0, got -1"));
  // Phases without extent, where PyTorch divides by zero: the end of the phase.
  CHECK(one_cycle({.max_lr = 1, .total_steps = 2, .pct_start = 0.5}).at(0) == 1);
  CHECK(one_cycle({.max_lr = 1, .total_steps = 1}).at(0) == Approx(4e-6));
  CHECK(one_cycle({.max_lr = 1, .total_steps = 4, .pct_start = 1}).at(3) == 1);
  CHECK(linear_warmup(0, constant_schedule(2)).at(0) == 2);
  CHECK(linear_warmup(2, constant_schedule(2), 0).at(1) == 1);
  const std::int64_t far = std::int64_t{1} << 60;
  CHECK(exponential_decay(1, 0.5).at(far) == 0);
  CHECK(step_decay({.lr = 1, .every = 1}).at(far) == 0);
  CHECK(cosine_warm_restarts({.lr = 1, .first = 1}).at(far) == 1);
  CHECK(cosine_warm_restarts({.lr = 1, .first = 3, .growth = far}).at(far) <= 1);
  CHECK(multi_step_decay({.lr = 1, .milestones = {0, far}}).at(far) == Approx(0.01));
  const Schedule own = [](std::int64_t step) { return 2.0 * static_cast<double>(step); };
  CHECK(own.at(3) == 6);
}

TEST_CASE("schedule options are checked", "[schedule]") {
  for (double bad : {not_a_number, infinity, -0.1}) {
    INFO("value " << bad);
    CHECK_THROWS_WITH(constant_schedule(bad), contains("[constant_schedule] lr must be a finite"));
    CHECK_THROWS_WITH(step_decay({.lr = bad, .every = 1}), contains("[step_decay] lr"));
    CHECK_THROWS_WITH(step_decay({.lr = 1, .every = 1, .gamma = bad}), contains("gamma"));
    CHECK_THROWS_WITH(multi_step_decay({.lr = bad, .milestones = {1}}), contains("] lr"));
    CHECK_THROWS_WITH(multi_step_decay({.lr = 1, .milestones = {1}, .gamma = bad}),
                      contains("] gamma"));
    CHECK_THROWS_WITH(cosine_warm_restarts({.lr = bad, .first = 1}), contains("] lr"));
    CHECK_THROWS_WITH(cosine_warm_restarts({.lr = 1, .first = 1, .eta_min = bad}),
                      contains("] eta_min"));
    CHECK_THROWS_WITH(ReduceOnPlateau({.lr = bad}), contains("[plateau] lr must be a finite"));
    CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1, .factor = bad}), contains("[plateau] factor"));
    CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1, .threshold = bad}), contains("threshold"));
    CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1, .min_lr = bad}), contains("min_lr"));
    CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1}).restore({.lr = bad}), contains("not a state"));
    CHECK_THROWS_WITH(exponential_decay(1, bad), contains("[exponential_decay] gamma"));
    CHECK_THROWS_WITH(cosine_annealing({.lr = 1, .steps = 1, .eta_min = bad}), contains("eta_min"));
    CHECK_THROWS_WITH(one_cycle({.max_lr = bad, .total_steps = 1}), contains("[one_cycle] max_lr"));
    CHECK_THROWS_WITH(one_cycle({.max_lr = 1, .total_steps = 9, .pct_start = bad}),
                      contains("pct_start must be from 0 to 1"));
    CHECK_THROWS_WITH(one_cycle({.max_lr = 1, .total_steps = 9, .div_factor = bad}),
                      contains("must be positive and finite"));
    CHECK_THROWS_WITH(linear_warmup(3, constant_schedule(1), bad), contains("start_factor"));
  }
  for (std::int64_t bad : {0, -5}) {
    CHECK_THROWS_WITH(step_decay({.lr = 1, .every = bad}), contains("every must be at least 1"));
    CHECK_THROWS_WITH(cosine_annealing({.lr = 1, .steps = bad}), contains("steps must be at"));
    CHECK_THROWS_WITH(cosine_warm_restarts({.lr = 1, .first = bad}), contains("first must be at"));
    CHECK_THROWS_WITH(cosine_warm_restarts({.lr = 1, .first = 1, .growth = bad}),
                      contains("growth must be at"));
    CHECK_THROWS_WITH(one_cycle({.max_lr = 1, .total_steps = bad}), contains("total_steps must"));
  }
  CHECK_THROWS_WITH(linear_warmup(-1, constant_schedule(1)),
                    Equals("[linear_warmup] steps must be zero or more, got -1"));
  CHECK_THROWS_WITH(multi_step_decay({.lr = 1, .milestones = {}}), contains("no milestones"));
  CHECK_THROWS_WITH(multi_step_decay({.lr = 1, .milestones = {3, -1}}), contains("got -1"));
  CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1, .factor = 1}), contains("must be less than 1"));
  CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1, .patience = -1}), contains("[plateau] patience"));
  CHECK_THROWS_WITH(ReduceOnPlateau({.lr = 1}).restore({.lr = 1, .bad = -1}), contains("-1 bad"));
}

TEST_CASE("the rate falls on a plateau as PyTorch's, also after a restore", "[schedule]") {
  const auto check_plateau = [](const std::string& name, const PlateauOptions& options) {
    const std::vector<double>& rates = optim_golden("plateau." + name);
    const std::vector<double>& metric = optim_golden("plateau.metric");
    REQUIRE(rates.size() == metric.size());
    ReduceOnPlateau plateau(options);
    for (std::size_t i = 0; i < metric.size(); ++i) {
      // JSON has neither infinity nor NaN.
      const double value = metric[i] == 1e30    ? infinity
                           : metric[i] == -1e30 ? not_a_number
                                                : metric[i];
      ReduceOnPlateau again(options);
      again.restore(plateau.state());
      plateau.step(value), again.step(value);
      INFO(name << " after value " << i);
      CHECK(plateau.learning_rate() == Approx(rates[i]).epsilon(1e-12));
      CHECK(again.learning_rate() == plateau.learning_rate());
      CHECK(again.state().bad == plateau.state().bad);
    }
  };
  check_plateau("plain", {.lr = 0.5, .patience = 2});
  check_plateau("cooling",
                {.lr = 0.5, .factor = 0.5, .patience = 1, .threshold = 0.1, .cooldown = 2});
  check_plateau("impatient", {.lr = 0.5, .factor = 0.3, .patience = 0, .min_lr = 0.01});
}
