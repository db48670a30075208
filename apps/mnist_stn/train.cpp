// mnist_stn train: the command line of training.
#include "apps/train/train.h"

#include <memory>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "core/error.h"

namespace fovea {

namespace {

std::string model_help() {
  std::string text = "network:";
  for (const auto& [name, description] : model_names())
    text += (name == "tutorial" ? " " : ", ") + name;
  return text + " (see mnist_stn summary --help)";
}

void add_data_and_model(Command& command, TrainOptions& o) {
  add_data_options(command, o.data);
  command.group("Data").option("--train-limit", o.data.train_limit,
                               "only N training images, chosen as by --test-limit; 0: all", "N");
  command.group("Model")
      .option("--model", o.model, model_help(), "NAME")
      .option("--init", o.init, "start from these weights (safetensors, also PyTorch's)", "FILE")
      .option("--fill", o.fill,
              "value the transformer sees outside of the image: auto is black as normalised, but 0 "
              "with sgd (as the tutorial) and for colour images")
      .flag("--allow-non-finite", o.allow_non_finite, "load weights that hold NaN or infinity");
}

void add_optimization(Command& command, TrainOptions& o) {
  command.group("Optimisation")
      .option("--epochs", o.epochs, "times through the training images", "N")
      .option("--batch", o.batch, "images a step", "N")
      .option("--optimizer", o.optimizer, "sgd, adam or adamw", "NAME")
      .option("--lr", o.lr, "highest learning rate (default: 0.004, sgd: 0.01)")
      .option(
          "--schedule", o.schedule,
          "constant, step, exponential, cosine or one-cycle (default: one-cycle, sgd: constant)",
          "NAME")
      .option("--warmup", o.warmup, "steps in which the rate rises before the schedule", "STEPS")
      .option("--decay-every", o.decay_every, "schedule step: epochs between decays", "EPOCHS")
      .option("--gamma", o.gamma, "schedules step and exponential: factor of a decay")
      .flag("--cycle-momentum,!--no-cycle-momentum", o.cycle_momentum,
            "one-cycle moves momentum or beta1 between 0.95 and 0.85, as PyTorch (default: on)")
      .option("--momentum", o.momentum, "sgd: momentum")
      .option("--dampening", o.dampening, "sgd: dampening of momentum")
      .flag("--nesterov", o.nesterov, "sgd: Nesterov momentum")
      .option("--weight-decay", o.weight_decay, "decay of weights (default: 0; adamw: 0.01)")
      .option("--betas", o.betas, "adam, adamw: decay of both averages")
      .option("--eps", o.eps, "adam, adamw: added to the denominator")
      .option("--lr-loc-scale", o.lr_loc_scale, "times --lr: the localisation network's rate")
      .option("--clip-norm", o.clip_norm, "largest norm of all gradients; 0: no limit")
      .option("--clip-value", o.clip_value, "largest value of a gradient; 0: no limit")
      .option("--label-smoothing", o.label_smoothing, "share of the target that all classes get");
}

void add_augmentation(Command& command, TrainOptions& o) {
  command.group("Augmentation")
      .flag("--augment,!--no-augment", o.augment,
            "vary the images: shift 2, rotate 10, scale 0.1 (default: on, sgd: off)")
      .option("--shift", o.shift, "pixels to the side and up or down")
      .option("--rotate", o.rotate, "degrees")
      .option("--scale", o.scale, "fraction: 0.1 is a factor of 0.9 to 1.1")
      .option("--shear", o.shear, "degrees of slant")
      .option("--elastic", o.elastic, "pixels of elastic distortion")
      .option("--erase", o.erase, "probability of blanking a rectangle")
      .flag("--flip", o.flip, "swap left and right in half of the images");
}

void add_running(Command& command, TrainOptions& o) {
  command.group("Run")
      .option("--out", o.out, "folder for weights, logs, pictures, report and checkpoints", "DIR")
      .flag("--overwrite", o.overwrite, "replace the run that --out holds")
      .option("--resume", o.resume, "go on with the run in this folder, to the same bits", "DIR")
      .option("--seed", o.seed, "of weights, order, dropout and augmentation", "N")
      .option("--threads", o.threads,
              "worker threads, 1 to 256; 0: one for each CPU; any number "
              "gives the same weights",
              "N")
      .option("--log-every", o.log_every, "batches between two log lines", "N")
      .option("--checkpoint-every", o.checkpoint_every,
              "steps between checkpoints; 0: after each epoch only", "STEPS")
      .option("--keep", o.keep, "checkpoints to keep", "N")
      .option("--early-stop", o.early_stop,
              "stop after N epochs without a better test loss; 0: never", "N")
      .flag("--tensorboard", o.tensorboard, "write event files for TensorBoard, too")
      .flag("--quiet", o.quiet, "print the results on the test set only");
}

}  // namespace

void add_train(CLI::App& app) {
  Command command(app, "train", "train a network");
  const auto options = std::make_shared<TrainOptions>();
  add_data_and_model(command, *options);
  add_optimization(command, *options);
  add_augmentation(command, *options);
  add_running(command, *options);
  command.footer(
      "Examples:\n"
      "  mnist_stn train --out runs/first            AdamW, one-cycle, 20 epochs\n"
      "  mnist_stn train --optimizer sgd             the tutorial's recipe\n"
      "  mnist_stn train --resume runs/first         go on where it stopped\n"
      "  mnist_stn train --config my.toml --seed 2   options from a file: epochs = 10\n"
      "Ctrl-C finishes the step and saves; a second one ends at once.");
  command.action([options, command] {
    const int code = train_run(*options, command.given(), command.text("mnist_stn"));
    if (code != 0) throw ExitStatus{code};
  });
}

}  // namespace fovea
