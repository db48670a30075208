#include "apps/train/options.h"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/shell/json.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"

namespace fovea {

namespace {

// The one list of names for writing, reading and comparing. `out`, `resume` and `overwrite` say
// where a run is, not what it does.
template <class Options, class Visit>
void visit_options(Options& o, Visit visit) {
  visit("model", o.model), visit("init", o.init);
  visit("data", o.data.directory), visit("synthetic", o.data.synthetic);
  visit("skip-unreadable", o.data.skip_unreadable);
  visit("train-limit", o.data.train_limit), visit("test-limit", o.data.test_limit);
  visit("epochs", o.epochs), visit("batch", o.batch), visit("seed", o.seed);
  visit("threads", o.threads);
  visit("optimizer", o.optimizer), visit("lr", o.lr), visit("momentum", o.momentum);
  visit("dampening", o.dampening), visit("nesterov", o.nesterov);
  visit("weight-decay", o.weight_decay), visit("betas", o.betas), visit("eps", o.eps);
  visit("lr-loc-scale", o.lr_loc_scale);
  visit("clip-norm", o.clip_norm), visit("clip-value", o.clip_value);
  visit("label-smoothing", o.label_smoothing);
  visit("schedule", o.schedule), visit("warmup", o.warmup), visit("decay-every", o.decay_every);
  visit("gamma", o.gamma), visit("cycle-momentum", o.cycle_momentum);
  visit("augment", o.augment), visit("shift", o.shift), visit("rotate", o.rotate);
  visit("scale", o.scale), visit("shear", o.shear), visit("elastic", o.elastic);
  visit("erase", o.erase), visit("flip", o.flip), visit("fill", o.fill);
  visit("log-every", o.log_every), visit("checkpoint-every", o.checkpoint_every);
  visit("keep", o.keep), visit("early-stop", o.early_stop), visit("tensorboard", o.tensorboard);
  visit("quiet", o.quiet), visit("allow-non-finite", o.allow_non_finite);
}

// What may change when a run is resumed: the weights do not depend on it, but for --data, whose
// content is compared.
const std::set<std::string> changeable = {
    "data", "skip-unreadable", "threads",     "log-every", "checkpoint-every",
    "keep", "early-stop",      "tensorboard", "quiet",     "allow-non-finite"};

template <class T>
Json to_json(const T& value) {
  return value;
}
template <class T>
Json to_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
template <class T>
void from_json(const Json& json, T& value) {
  json.get_to(value);
}
template <class T>
void from_json(const Json& json, std::optional<T>& value) {
  value = json.is_null() ? std::nullopt : std::optional<T>(json.get<T>());
}

Json options_json(const TrainOptions& options) {
  Json json;
  visit_options(options, [&](const char* name, const auto& value) { json[name] = to_json(value); });
  return json;
}

void check_name(const char* option, const std::string& value,
                const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (name == value) return;
    list += (list.empty() ? "" : ", ") + name;
  }
  throw UsageError(cat(option, " '", value, "' does not exist", did_you_mean(value, names),
                       " (it takes ", list, ")"));
}

void check_count(const char* option, long value, long low, long high) {
  require_usage(value >= low && value <= high, option, " takes ", low, " to ", high, ", got ",
                value);
}

// Refuses NaN, too.
void check_range(const char* option, double value, double low, double high) {
  require_usage(value >= low && value <= high, option, " takes a number from ", low, " to ", high,
                ", got ", value);
}

void check_optimizer(const TrainOptions& o) {
  check_range("--lr", *o.lr, 0, 1e6);
  check_range("--momentum", o.momentum, 0, 1);
  check_range("--dampening", o.dampening, 0, 1);
  check_range("--weight-decay", *o.weight_decay, 0, 1e6);
  check_range("--eps", o.eps, 0, 1);
  for (const double beta : o.betas)
    require_usage(beta >= 0 && beta < 1, "--betas takes two numbers from 0 to below 1, got ", beta);
  require_usage(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
                "--nesterov needs --momentum above 0 and no --dampening");
  require_usage(o.optimizer == "sgd" || (o.momentum == 0 && o.dampening == 0),
                "--momentum and --dampening are options of sgd; for ", o.optimizer, " see --betas");
  check_range("--lr-loc-scale", o.lr_loc_scale, 0, 1e6);
  check_range("--clip-norm", o.clip_norm, 0, 1e12);
  check_range("--clip-value", o.clip_value, 0, 1e12);
  check_range("--label-smoothing", o.label_smoothing, 0, 1);
  check_range("--gamma", o.gamma, 0, 1e6);
}

void check_values(const TrainOptions& o) {
  check_count("--epochs", o.epochs, 1, 1'000'000);
  check_count("--batch", o.batch, 1, 1'000'000);
  check_count("--threads", o.threads, 0, 256);
  check_count("--warmup", o.warmup, 0, 1'000'000'000);
  check_count("--decay-every", o.decay_every, 1, 1'000'000);
  check_count("--log-every", o.log_every, 1, 1'000'000'000);
  check_count("--checkpoint-every", o.checkpoint_every, 0, 1'000'000'000);
  check_count("--keep", o.keep, 1, 1'000'000);
  check_count("--early-stop", o.early_stop, 0, 1'000'000);
  check_range("--shift", *o.shift, 0, 1024);
  check_range("--rotate", *o.rotate, 0, 180);
  check_range("--scale", *o.scale, 0, 0.5);
  check_range("--shear", *o.shear, 0, 45);
  check_range("--elastic", *o.elastic, 0, 100);
  check_range("--erase", *o.erase, 0, 1);
  check_optimizer(o);
  require_usage(o.out.empty() || o.resume.empty() || o.out == o.resume, "--resume ", o.resume,
                " goes on in that folder; leave --out away");
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
  check_name("--optimizer", o.optimizer, {"sgd", "adam", "adamw"});
  const bool sgd = o.optimizer == "sgd";
  if (!o.lr) o.lr = sgd ? 0.01 : 0.004;
  if (!o.schedule) o.schedule = sgd ? "constant" : "one-cycle";
  check_name("--schedule", *o.schedule, {"constant", "step", "exponential", "cosine", "one-cycle"});
  if (!o.weight_decay) o.weight_decay = o.optimizer == "adamw" ? 0.01 : 0.0;
  if (!o.augment) o.augment = !sgd;
  if (!o.shift) o.shift = *o.augment ? 2.0 : 0.0;
  if (!o.rotate) o.rotate = *o.augment ? 10.0 : 0.0;
  if (!o.scale) o.scale = *o.augment ? 0.1 : 0.0;
  for (std::optional<double>* amount : {&o.shear, &o.elastic, &o.erase})
    if (!*amount) *amount = 0;
  fill_value(o, {0}, {1});
  check_values(o);
}

double fill_value(const TrainOptions& options, const std::vector<float>& mean,
                  const std::vector<float>& stddev) {
  if (options.fill != "auto") {
    char* end = nullptr;
    const double value = std::strtod(options.fill.c_str(), &end);
    require_usage(!options.fill.empty() && *end == '\0' && std::abs(value) <= 1e6,
                  "--fill takes auto or a number from -1e6 to 1e6, got '", options.fill, "'");
    return value;
  }
  if (options.optimizer == "sgd" || mean.size() != 1) return 0;
  return -static_cast<double>(mean[0]) / static_cast<double>(stddev[0]);
}

std::string options_text(const TrainOptions& options, int indent) {
  return dump_json(options_json(options), indent);
}

TrainOptions resumed_options(const std::string& stored, const TrainOptions& now,
                             const std::set<std::string>& given) {
  TrainOptions options;
  const Json current = options_json(now);
  Json json = parse_json(stored);
  const bool open_end = json.at("schedule") == "constant" || json.at("schedule") == "step" ||
                        json.at("schedule") == "exponential";
  visit_options(now, [&](const std::string& name, const auto&) {
    if (!given.count(name) || json.at(name) == current.at(name)) return;
    const std::string change =
        cat(now.resume, ": this run has --", name, " ", dump_json(json.at(name)),
            " and cannot be resumed with ", dump_json(current.at(name)));
    if (name == "epochs")
      require(open_end, change, ", because its schedule ", dump_json(json.at("schedule")),
              " is laid out for that end; start a new run, if you like with --init");
    else
      require(changeable.count(name) != 0, change, "; leave the option away or start a new run");
    json[name] = current.at(name);
  });
  visit_options(options, [&](const char* name, auto& value) { from_json(json.at(name), value); });
  options.resume = options.out = now.resume;
  return options;
}

}  // namespace fovea
