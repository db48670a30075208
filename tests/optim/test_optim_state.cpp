// Optimisers: saving and restoring state, and what they refuse.
#include <limits>

#include "core/autograd.h"
#include "tests/optim_test.h"

namespace {

using namespace optim_test;
using Catch::Matchers::Equals;
using fovea::testing::contains;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Optimizer::NamedState> copy_of(const std::vector<Optimizer::NamedState>& state) {
  std::vector<Optimizer::NamedState> copies;
  for (const auto& [name, values] : state) copies.emplace_back(name, values.clone());
  return copies;
}

std::vector<std::string> names_of(const std::vector<Optimizer::NamedState>& state) {
  std::vector<std::string> names;
  for (const auto& entry : state) names.push_back(entry.first);
  return names;
}

// A run of twelve steps, and one that stops after `stop` steps and continues as another process
// would; the fresh optimiser was even used before.
void check_resume(const Make& make, int stop) {
  INFO("stopped after step " << stop);
  const std::vector<Tensor> whole = initial_parameters(), first = initial_parameters();
  const auto whole_optimizer = make(whole), first_optimizer = make(first);
  for (int step = 0; step < step_count; ++step) {
    set_gradients(whole, step, some_missing);
    whole_optimizer->step();
    if (step >= stop) continue;
    set_gradients(first, step, some_missing);
    first_optimizer->step();
  }
  std::vector<Tensor> second;
  for (const Tensor& p : first) second.push_back(p.clone().set_requires_grad());
  const auto optimizer = make(initial_parameters());
  const auto resumed = make(second);
  for (const Tensor& p : second) p.set_grad(Tensor::zeros(p.shape()));
  resumed->step();
  for (std::size_t i = 0; i < second.size(); ++i) second[i].copy_from(first[i]);
  resumed->restore(first_optimizer->steps(), copy_of(first_optimizer->state()));
  for (int step = stop; step < step_count; ++step) {
    set_gradients(second, step, some_missing);
    resumed->step();
  }
  CHECK(resumed->steps() == whole_optimizer->steps());
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(same_bits(whole[i], second[i]));
  const auto a = whole_optimizer->state(), b = resumed->state();
  REQUIRE(names_of(a) == names_of(b));
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bits(a[i].second, b[i].second));
}

}  // namespace

TEST_CASE("an optimiser continues with the same bits", "[optim]") {
  for (int stop : {0, 1, 2, 5, 11}) {
    check_resume(one_group<Sgd>(SgdOptions{.lr = 0.1, .weight_decay = 0.01}), stop);
    check_resume(one_group<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3}), stop);
    check_resume(two_groups<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}), stop);
    check_resume(two_groups<Adam>(AdamOptions{.lr = 0.01, .weight_decay = 0.1}), stop);
    check_resume(one_group<AdamW>(AdamWOptions{.lr = 0.01}), stop);
    check_resume(two_groups<Adam>(AdamOptions{.lr = 0.01, .amsgrad = true}), stop);
    check_resume(one_group<RmsProp>(RmsPropOptions{.lr = 0.01}), stop);
    check_resume(two_groups<RmsProp>(RmsPropOptions{.momentum = 0.9, .centered = true}), stop);
  }
}

TEST_CASE("state has stable names", "[optim]") {
  const std::vector<Tensor> parameters = initial_parameters();
  Sgd plain(parameters, {.lr = 0.1});
  Sgd sgd(parameters, {.lr = 0.1, .momentum = 0.9});
  Adam adam(parameters);
  CHECK(sgd.state().empty());
  set_gradients(parameters, 0, some_missing);
  plain.step(), sgd.step(), adam.step(), adam.step();
  using Names = std::vector<std::string>;
  CHECK(plain.state().empty());
  CHECK(names_of(sgd.state()) == Names{"momentum.0", "step.0", "momentum.2", "step.2"});
  CHECK(names_of(adam.state()) ==
        Names{"exp_avg.0", "exp_avg_sq.0", "step.0", "exp_avg.2", "exp_avg_sq.2", "step.2"});
  CHECK(adam.state()[2].second.item() == 2);
  CHECK(adam.state()[4].second.shape() == Shape{19});

  const std::vector<Tensor> others = initial_parameters();
  RmsProp rmsprop(others, {.momentum = 0.9, .centered = true});
  AdamW amsgrad(others, {.amsgrad = true});
  set_gradients(others, 0, [](int, int i) { return i != 1; });
  rmsprop.step(), amsgrad.step();
  CHECK(names_of(rmsprop.state()) ==
        Names{"square_avg.1", "momentum_buffer.1", "grad_avg.1", "step.1"});
  CHECK(names_of(amsgrad.state()) ==
        Names{"exp_avg.1", "exp_avg_sq.1", "max_exp_avg_sq.1", "step.1"});

  // One by one, as a checkpoint reader may do it.
  Adam other(initial_parameters());
  for (const auto& [name, values] : copy_of(adam.state())) other.load_state(name, values);
  other.set_steps(adam.steps());
  CHECK(names_of(other.state()) == names_of(adam.state()));
  CHECK(other.steps() == 2);
  adam.restore(adam.steps(), adam.state());  // from itself
  CHECK(same_bits(adam.state()[3].second, other.state()[3].second));
  adam.reset();
  CHECK(adam.state().empty());
  CHECK(adam.steps() == 0);
}

TEST_CASE("bad state is refused whole", "[optim]") {
  Tensor a = leaf({2, 3}), b = leaf({4});
  a.set_grad(Tensor::filled({2, 3}, 1)), b.set_grad(Tensor::filled({4}, 1));
  Adam adam({a, b});
  adam.step();
  const auto before = copy_of(adam.state());
  const auto refuse = [&](std::vector<Optimizer::NamedState> state, const std::string& message,
                          std::int64_t steps = 5) {
    CHECK_THROWS_WITH(adam.restore(steps, state), Equals(message));
    CHECK(adam.steps() == 1);
    for (std::size_t i = 0; i < before.size(); ++i)
      CHECK(same_bits(adam.state()[i].second, before[i].second));
  };
  const auto changed = [&](std::size_t i, const std::string& name, const Tensor& values) {
    auto state = before;
    state[i] = {name, values};
    return state;
  };
  const std::string keeps = "\": it keeps exp_avg.0 to step.1";
  for (std::string name : {"momentum.0", "exp_avg.2", "exp_avg.01", "exp_avg.", "exp_avg", "", ".",
                           "exp_avg.1x", "exp_avg.-1", "exp_avg.99999999999999999999"})
    refuse(changed(0, name, before[0].second), "[adam] unknown state \"" + name + keeps);
  refuse(changed(0, "exp_avg.0", Tensor::zeros({6})),
         "[adam] state exp_avg.0 must be shared [2, 3], got shared [6]");
  refuse(changed(0, "exp_avg.0", Tensor()),
         "[adam] state exp_avg.0 must be shared [2, 3], got (no tensor)");
  refuse(changed(2, "step.0", Tensor::filled({}, Real(1.5))),
         "[adam] state step.0 must be a number of steps, got 1.5");
  refuse(changed(2, "step.0", Tensor::filled({}, static_cast<Real>(not_a_number))),
         "[adam] state step.0 must be a number of steps, got nan");
  refuse(changed(2, "exp_avg.0", before[0].second), "[adam] state exp_avg.0 is given twice");
  refuse({before[0], before[3], before[5]},
         "[adam] state is missing: exp_avg_sq.0 step.0 exp_avg_sq.1");
  refuse({},
         "[adam] no state (exp_avg.0, ...) to continue from at step 5: saved by another optimiser "
         "or with other options");
  refuse(before, "[adam] the number of steps cannot be negative, got -1", -1);
  Sgd plain({a, b});
  CHECK_THROWS_WITH(plain.load_state("momentum.0", a),
                    Equals("[sgd] unknown state \"momentum.0\": with these options it keeps none"));
}

TEST_CASE("options are checked", "[optim]") {
  const std::vector<Tensor> p = {leaf({2})};
  for (double bad : {not_a_number, infinity, -infinity, -1e-9}) {
    INFO("value " << bad);
    CHECK_THROWS_WITH(Sgd(p, {.lr = bad}),
                      contains("[sgd] learning rate must be a finite number, zero or more, got "));
    CHECK_THROWS_WITH(Adam(p, {.lr = bad}), contains("[adam] learning rate"));
    CHECK_THROWS_WITH(AdamW(p, {.weight_decay = bad}), contains("[adamw] weight decay"));
    CHECK_THROWS_WITH(Sgd(p, {.momentum = bad}), contains("[sgd] momentum"));
    CHECK_THROWS_WITH(Sgd(p, {.dampening = bad}), contains("[sgd] dampening"));
    CHECK_THROWS_WITH(Adam(p, {.eps = bad}), contains("[adam] eps"));
    CHECK_THROWS_WITH(Adam(p, {.betas = {bad, 0.9}}), contains("[adam] beta1"));
    const std::vector<ParameterGroup> scaled = {{.parameters = p, .lr_scale = bad}};
    CHECK_THROWS_WITH(Sgd(scaled), contains("[sgd] lr_scale of a group"));
    Sgd sgd(p);
    CHECK_THROWS_WITH(sgd.set_learning_rate(bad), contains("[sgd] learning rate"));
    CHECK(sgd.learning_rate() == 0.01);
  }
  CHECK_THROWS_WITH(Adam(p, {.betas = {0.9, 1}}),
                    Equals("[adam] beta2 must be at least 0 and less than 1, got 1"));
  const std::vector<ParameterGroup> decayed = {{.parameters = p, .weight_decay = not_a_number}};
  CHECK_THROWS_WITH(Sgd(decayed), contains("[sgd] weight decay of a group"));
  const std::string nesterov = "[sgd] nesterov needs a momentum and no dampening, got momentum ";
  CHECK_THROWS_WITH(Sgd(p, {.nesterov = true}), Equals(nesterov + "0 and dampening 0"));
  CHECK_THROWS_WITH(Sgd(p, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}),
                    Equals(nesterov + "0.9 and dampening 0.1"));
  Sgd sgd(p, {.momentum = 0.9});
  CHECK_THROWS_WITH(sgd.set_momentum(0), contains("cannot be switched on or off"));
  CHECK_THROWS_WITH(sgd.set_steps(-2), contains("cannot be negative, got -2"));
  Adam adam(p);
  CHECK_THROWS_WITH(adam.set_beta1(1), contains("[adam] beta1"));
}

TEST_CASE("parameters are checked", "[optim]") {
  const Tensor a = leaf({2});
  CHECK_THROWS_WITH(Sgd(std::vector<Tensor>{}), Equals("[sgd] there are no parameters to train"));
  CHECK_THROWS_WITH(Sgd({a, a}), Equals("[sgd] parameter 1, shared [2], is given twice"));
  CHECK_THROWS_WITH(Sgd({a, Tensor()}), Equals("[sgd] parameter 1, (no tensor), has no value"));
  const std::vector<ParameterGroup> named = {
      {.parameters = {Tensor::zeros({3}, true)}, .name = "head"}};
  CHECK_THROWS_WITH(Sgd(named), contains("parameter 0 (group head), per-sample [3], is not a"));
  const auto no_gradient = [](const Tensor&, GradSink&) {};
  const Tensor result = record("double", Tensor::zeros({2}), {a}, no_gradient);
  CHECK_THROWS_WITH(Sgd({result}),
                    contains("parameter 0, shared [2], is the result of an operation"));
}
