// mnist_stn train: the command line of training.
#include <CLI/CLI.hpp>
#include <memory>

#include "apps/common/model.h"
#include "apps/common/train_run.h"
#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "core/error.h"

namespace fovea {

namespace {

constexpr const char* optimization = "Optimisation";
constexpr const char* augmentation = "Augmentation";
constexpr const char* running = "Run";

// Adds options to one group of the help.
class Group {
 public:
  Group(CLI::App& command, const char* name) : command_(command), name_(name) {}

  template <class T>
  const Group& number(const std::string& flag, T& value, const std::string& what,
                      const char* type = "X") const {
    CLI::Option* option = command_.add_option(flag, value, what)->type_name(type)->group(name_);
    if constexpr (requires { value.has_value(); }) return *this;
    option->capture_default_str();
    return *this;
  }
  const Group& flag(const std::string& flag, bool& value, const std::string& what) const {
    command_.add_flag(flag, value, what)->group(name_);
    return *this;
  }

 private:
  CLI::App& command_;
  const char* name_;
};

std::string model_help() {
  std::string text = "network:";
  for (const auto& [name, description] : model_names())
    text += (name == "tutorial" ? " " : ", ") + name;
  return text + " (see mnist_stn summary --help)";
}

void add_data_and_model(CLI::App& command, TrainOptions& o) {
  add_data_options(command, o.data);
  Group(command, "Data")
      .number("--train-limit", o.data.train_limit, "first N training images only; 0: all", "N");
  Group(command, "Model")
      .number("--model", o.model, model_help(), "NAME")
      .number("--init", o.init, "start from these weights (safetensors, also PyTorch's)", "FILE")
      .number("--fill", o.fill,
              "value the transformer sees outside of the image: auto is black as normalised, but 0 "
              "with sgd (as the tutorial) and for colour images")
      .flag("--allow-non-finite", o.allow_non_finite, "load weights that hold NaN or infinity");
}

void add_optimization(CLI::App& command, TrainOptions& o) {
  Group(command, optimization)
      .number("--epochs", o.epochs, "times through the training images", "N")
      .number("--batch", o.batch, "images a step", "N")
      .number("--optimizer", o.optimizer, "sgd, adam or adamw", "NAME")
      .number("--lr", o.lr, "highest learning rate (default: 0.004, sgd: 0.01)")
      .number(
          "--schedule", o.schedule,
          "constant, step, exponential, cosine or one-cycle (default: one-cycle, sgd: constant)",
          "NAME")
      .number("--warmup", o.warmup, "steps in which the rate rises before the schedule", "STEPS")
      .number("--decay-every", o.decay_every, "schedule step: epochs between decays", "EPOCHS")
      .number("--gamma", o.gamma, "schedules step and exponential: factor of a decay")
      .flag("--cycle-momentum,!--no-cycle-momentum", o.cycle_momentum,
            "one-cycle moves momentum or beta1 between 0.95 and 0.85, as PyTorch (default: on)")
      .number("--momentum", o.momentum, "sgd: momentum")
      .number("--dampening", o.dampening, "sgd: dampening of momentum")
      .flag("--nesterov", o.nesterov, "sgd: Nesterov momentum")
      .number("--weight-decay", o.weight_decay, "decay of weights (default: 0; adamw: 0.01)")
      .number("--betas", o.betas, "adam, adamw: decay of both averages")
      .number("--eps", o.eps, "adam, adamw: added to the denominator")
      .number("--lr-loc-scale", o.lr_loc_scale, "times --lr: the localisation network's rate")
      .number("--clip-norm", o.clip_norm, "largest norm of all gradients; 0: no limit")
      .number("--clip-value", o.clip_value, "largest value of a gradient; 0: no limit")
      .number("--label-smoothing", o.label_smoothing, "share of the target that all classes get");
}

void add_augmentation(CLI::App& command, TrainOptions& o) {
  command
      .add_flag_function(
          "--augment,!--no-augment", [&o](std::int64_t count) { o.augment = count > 0; },
          "vary the images: shift 2, rotate 10, scale 0.1 (default: on, sgd: off)")
      ->group(augmentation);
  Group(command, augmentation)
      .number("--shift", o.shift, "pixels to the side and up or down")
      .number("--rotate", o.rotate, "degrees")
      .number("--scale", o.scale, "fraction: 0.1 is a factor of 0.9 to 1.1")
      .number("--shear", o.shear, "degrees of slant")
      .number("--elastic", o.elastic, "pixels of elastic distortion")
      .number("--erase", o.erase, "probability of blanking a rectangle")
      .flag("--flip", o.flip, "swap left and right in half of the images");
}

void add_running(CLI::App& command, TrainOptions& o) {
  Group(command, running)
      .number("--out", o.out, "folder for weights, logs, pictures, report and checkpoints", "DIR")
      .flag("--overwrite", o.overwrite, "replace the run that --out holds")
      .number("--resume", o.resume, "go on with the run in this folder, to the same bits", "DIR")
      .number("--seed", o.seed, "of weights, order, dropout and augmentation", "N")
      .number("--threads", o.threads,
              "worker threads, 1 to 256; 0: one for each CPU; any number "
              "gives the same weights",
              "N")
      .number("--log-every", o.log_every, "batches between two log lines", "N")
      .number("--checkpoint-every", o.checkpoint_every,
              "steps between checkpoints; 0: after each epoch only", "STEPS")
      .number("--keep", o.keep, "checkpoints to keep", "N")
      .number("--early-stop", o.early_stop,
              "stop after N epochs without a better test loss; 0: never", "N")
      .flag("--tensorboard", o.tensorboard, "write event files for TensorBoard, too")
      .flag("--quiet", o.quiet, "print the results on the test set only");
}

// The long names of what the user gave, here or in a config file.
std::set<std::string> given_options(const CLI::App& command) {
  std::set<std::string> names;
  for (const CLI::Option* option : command.get_options())
    if (option->count() > 0 && !option->get_lnames().empty()) names.insert(option->get_lnames()[0]);
  return names;
}

std::string command_line(const CLI::App& command) {
  std::string text = "mnist_stn train";
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    text += " --" + option->get_lnames()[0];
    const bool flag = option->get_expected_min() == 0;
    for (const std::string& value : option->results())
      text += flag ? (value == "false" ? "=false" : "") : " " + value;
  }
  return text;
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "train a network");
  const auto options = std::make_shared<TrainOptions>();
  add_data_and_model(*command, *options);
  add_optimization(*command, *options);
  add_augmentation(*command, *options);
  add_running(*command, *options);
  command->footer(
      "Examples:\n"
      "  mnist_stn train --out runs/first            AdamW, one-cycle, 20 epochs\n"
      "  mnist_stn train --optimizer sgd             the tutorial's recipe\n"
      "  mnist_stn train --resume runs/first         go on where it stopped\n"
      "  mnist_stn train --config my.toml --seed 2   options from a file: epochs = 10\n"
      "Ctrl-C finishes the step and saves; a second one ends at once.");
  command->callback([options, command] {
    const int code = train_run(*options, given_options(*command), command_line(*command));
    if (code != 0) throw ExitStatus{code};
  });
}

}  // namespace fovea
