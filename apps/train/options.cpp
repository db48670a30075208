#include "apps/train/options.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/networks/network.h"
#include "apps/shell/json.h"
#include "apps/shell/numbers.h"
#include "apps/shell/strict_json.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "apps/train/optimizers.h"
#include "apps/train/option_table.h"
#include "apps/train/schedules.h"

namespace fovea {

namespace {

template <class T>
Json to_json(const T& value) {
  return value;
}
template <class T>
Json to_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
template <class T>
void from_json(const Json& json, const std::string& name, T& value) {
  read_strictly(json, name, value);
}
template <class T>
void from_json(const Json& json, const std::string& name, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read_strictly(json, name, value.emplace());
}

// Refuses NaN, too.
template <class T>
void check_range(const OptionInfo& info, const T& value) {
  if constexpr (std::is_same_v<T, int>)
    require_usage(value >= info.low && value <= info.high, "--", info.name, " takes ",
                  static_cast<long>(info.low), " to ", static_cast<long>(info.high), ", got ",
                  value);
  if constexpr (std::is_same_v<T, double>)
    require_usage(value >= info.low && value <= info.high, "--", info.name, " takes a number from ",
                  info.low, " to ", info.high, ", got ", value);
  if constexpr (std::is_same_v<T, std::optional<double>>)
    if (value) check_range(info, *value);
}

Json options_json(const TrainOptions& options) {
  Json json;
  visit_options(options, [&](const OptionInfo& info, const auto& value) {
    json[info.name] = to_json(value);
  });
  return json;
}

void check_names(const TrainOptions& o) {
  find_schedule(*o.schedule);
  const OptimizerKind& optimizer = find_optimizer(o.optimizer);
  for (const double beta : o.betas)
    require_usage(beta >= 0 && beta < 1, "--betas takes two numbers from 0 to below 1, got ", beta);
  require_usage(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
                "--nesterov needs --momentum above 0 and no --dampening");
  const auto require_owner = [&](bool unset, const char* options, bool owns, const char* owners) {
    require_usage(unset || owns, options, " of ", owners, ", not of ", o.optimizer);
  };
  const bool adam = o.optimizer == "adam" || o.optimizer == "adamw";
  require_usage(optimizer.momentum || !adam || o.momentum == 0,
                "--momentum is an option of sgd and rmsprop; for ", o.optimizer, " see --betas");
  require_owner(o.momentum == 0, "--momentum is an option", optimizer.momentum, "sgd and rmsprop");
  require_owner(o.dampening == 0 && !o.nesterov, "--dampening and --nesterov are options",
                o.optimizer == "sgd", "sgd");
  require_owner(!o.amsgrad, "--amsgrad is an option", adam, "adam and adamw");
  require_owner(o.alpha == 0.99 && !o.centered, "--alpha and --centered are options",
                o.optimizer == "rmsprop", "rmsprop");
  require_usage(o.alpha < 1, "--alpha takes a number from 0 to below 1, got ", o.alpha);
  milestone_epochs(o);
  require_usage(*o.schedule != "plateau" || o.gamma < 1,
                "--schedule plateau needs a --gamma below 1, got ", o.gamma);
  require_usage(o.min_lr <= *o.lr, "--min-lr ", o.min_lr, " is above --lr ", *o.lr);
}

void check_values(const TrainOptions& o) {
  visit_options(o, [](const OptionInfo& info, const auto& value) { check_range(info, value); });
  check_names(o);
  require_usage(o.out.empty() || o.resume.empty() || o.out == o.resume, "--resume ", o.resume,
                " goes on in that folder; leave --out away");
  require_usage(o.early_stop == 0 || o.validation > 0,
                "--early-stop looks at images held out of training; say how many with "
                "--validation N");
  require_usage(!o.tensorboard || !o.out.empty() || !o.resume.empty(),
                "--tensorboard writes into the run's folder; give one with --out DIR");
}

}  // namespace

Augmentation TrainOptions::augmentation() const {
  return {.shift = *shift,
          .rotation = *rotate,
          .scale = *scale,
          .shear = *shear,
          .elastic = *elastic,
          .erase = *erase,
          .flip = flip};
}

void resolve(TrainOptions& o) {
  const OptimizerKind& optimizer = find_optimizer(o.optimizer);
  if (!o.lr) o.lr = optimizer.lr;
  if (!o.schedule) o.schedule = optimizer.plain ? "constant" : "one-cycle";
  // What must stay small is the rate itself: at 0.002 with adam theta blows up now and then.
  if (!o.lr_loc_scale)
    o.lr_loc_scale = optimizer.plain ? 1 : 0.25 * std::min(1.0, optimizer.lr / *o.lr);
  if (!o.weight_decay) o.weight_decay = optimizer.weight_decay;
  const std::string distortion = chosen_distortion(o.data.distortion);  // tells of unknown names
  if (!o.augment) o.augment = !optimizer.plain && distortion.empty();
  if (!o.shift) o.shift = *o.augment ? 2.0 : 0.0;
  if (!o.rotate) o.rotate = *o.augment ? 10.0 : 0.0;
  if (!o.scale) o.scale = *o.augment ? 0.1 : 0.0;
  for (std::optional<double>* amount : {&o.shear, &o.elastic, &o.erase})
    if (!*amount) *amount = 0;
  fill_value(o, {0}, {1});
  check_values(o);
}

Attributes network_options(const TrainOptions& options) {
  return options_with(options.model, options.model_options);
}

double fill_value(const TrainOptions& options, const std::vector<float>& mean,
                  const std::vector<float>& stddev) {
  if (options.fill != "auto") {
    const std::optional<double> value = number_of(options.fill);
    require_usage(value && std::abs(*value) <= 1e6,
                  "--fill takes auto or a number from -1e6 to 1e6, got '", options.fill, "'");
    return *value;
  }
  const auto differ = [](const std::vector<float>& v) {
    return std::adjacent_find(v.begin(), v.end(), std::not_equal_to<>()) != v.end();
  };
  if (find_optimizer(options.optimizer).plain || differ(mean) || differ(stddev)) return 0;
  return -static_cast<double>(mean[0]) / static_cast<double>(stddev[0]);
}

std::string options_text(const TrainOptions& options, int indent) {
  return dump_json(options_json(options), indent);
}

namespace {

Json parse_options(const std::string& stored, const std::string& folder) {
  try {
    Json json = parse_json(stored);
    json.at("schedule").get_ref<const std::string&>();
    return json;
  } catch (const Json::exception& error) {
    fail(folder, ": the options of this run are damaged: ", json_reason(error),
         "; start a new run, if you like with --init");
  }
}

}  // namespace

TrainOptions resumed_options(const std::string& stored, const TrainOptions& now,
                             const std::set<std::string>& given) {
  TrainOptions options;
  const Json current = options_json(now);
  Json json = parse_options(stored, now.resume);
  const bool open_end = find_schedule(json.at("schedule")).open_end;
  visit_options(now, [&](const OptionInfo& info, const auto&) {
    const std::string name = info.name;
    if (!given.count(name) || json.value(name, Json()) == current.at(name)) return;
    const std::string change =
        cat(now.resume, ": this run has --", name, " ", dump_json(json.value(name, Json())),
            " and cannot be resumed with ", dump_json(current.at(name)));
    if (name == "epochs")
      require(open_end, change, ", because its schedule ", dump_json(json.at("schedule")),
              " is laid out for that end; start a new run, if you like with --init");
    else
      require(info.changeable, change, "; leave the option away or start a new run");
    json[name] = current.at(name);
  });
  // An option that the run's program did not have keeps its default.
  visit_options(options, [&](const OptionInfo& info, auto& value) {
    if (json.contains(info.name))
      from_json(json.at(info.name), cat(now.resume, ": option ", info.name), value);
  });
  options.resume = options.out = now.resume;
  return options;
}

std::string recipe(const TrainOptions& o, double fill) {
  const std::string distortion = chosen_distortion(o.data.distortion);
  std::string out = cat(distortion.empty() ? "" : cat("distorted by ", distortion, ", "),
                        o.optimizer, ", lr ", *o.lr, " (", *o.schedule, ")");
  const auto add = [&](const OptionInfo& info, double amount) {
    if (info.recipe && amount != info.usual) out += cat(", ", info.recipe, " ", amount);
  };
  visit_options(o, [&](const OptionInfo& info, const auto& value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_arithmetic_v<T>) add(info, static_cast<double>(value));
    if constexpr (std::is_same_v<T, std::optional<double>>) add(info, value.value_or(info.usual));
  });
  return out + cat(", fill ", fill, ", batch ", o.batch, ", ", o.epochs,
                   o.epochs == 1 ? " epoch" : " epochs", ", seed ", o.seed);
}

}  // namespace fovea
