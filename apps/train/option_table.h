// Every option of training, once: the command line, the checks, the text in config.json and what a
// resumed run may change all follow from this list. An option is a member of TrainOptions and a
// line here.
#pragma once

#include "apps/train/options.h"

namespace fovea {

struct OptionInfo {
  const char* name;        ///< long name; "--" in front of it on the command line
  const char* group = "";  ///< in the help; empty: added by those who share it with others
  const char* help = "";
  const char* type = "X";        ///< of the value, in the help
  double low = 0, high = 0;      ///< range of a number
  const char* recipe = nullptr;  ///< what the line about the recipe calls it when it is not usual
  double usual = 0;
  bool changeable = false;  ///< by a resumed run: the weights do not depend on it (or, for --data,
                            ///< the content is compared)
  bool negatable = false;   ///< a flag that is also --no-NAME
};

template <class Options, class Visit>
void visit_options(Options& o, Visit visit) {
  using I = OptionInfo;
  const auto number = [&](const char* group, const char* name, auto& value, double low, double high,
                          const char* help, const char* recipe = nullptr, double usual = 0,
                          const char* type = "X") {
    visit(I{.name = name,
            .group = group,
            .help = help,
            .type = type,
            .low = low,
            .high = high,
            .recipe = recipe,
            .usual = usual},
          value);
  };
  const auto running = [&](const char* name, auto& value, double low, double high, const char* help,
                           const char* type) {
    visit(I{.name = name,
            .group = "Run",
            .help = help,
            .type = type,
            .low = low,
            .high = high,
            .changeable = true},
          value);
  };
  visit(I{.name = "data", .changeable = true}, o.data.directory);
  visit(I{.name = "synthetic"}, o.data.synthetic);
  visit(I{.name = "skip-unreadable", .changeable = true}, o.data.skip_unreadable);
  visit(I{.name = "test-limit", .high = 2e9}, o.data.test_limit);
  number("Data", "train-limit", o.data.train_limit, 0, 2e9,
         "only N training images, chosen as by --test-limit; 0: all", nullptr, 0, "N");
  number("Data", "validation", o.validation, 0, 2e9,
         "hold N training images out, as many of each class, drawn by --seed: the epoch that does "
         "best on them is kept; 0: the last one is",
         "validation images", 0, "N");
  visit(I{.name = "distort"}, o.data.distortion);

  visit(I{.name = "model"}, o.model);
  visit(I{.name = "model-option"}, o.model_options);
  visit(I{.name = "init",
          .group = "Model",
          .help = "start from these weights (safetensors, also PyTorch's)",
          .type = "FILE"},
        o.init);
  visit(I{.name = "fill",
          .group = "Model",
          .help = "value the transformer sees outside of the image: auto is black as normalised, "
                  "but 0 with sgd (as the tutorial) and for colour images"},
        o.fill);
  visit(I{.name = "allow-non-finite",
          .group = "Model",
          .help = "load weights that hold NaN or infinity",
          .changeable = true},
        o.allow_non_finite);

  const char* const optim = "Optimisation";
  number(optim, "epochs", o.epochs, 1, 1e6, "times through the training images", nullptr, 0, "N");
  number(optim, "batch", o.batch, 1, 1e6, "images a step", nullptr, 0, "N");
  visit(
      I{.name = "optimizer", .group = optim, .help = "adamw, adam, rmsprop or sgd", .type = "NAME"},
      o.optimizer);
  number(optim, "lr", o.lr, 0, 1e6,
         "highest learning rate (default: 0.004, rmsprop: 0.001, sgd: 0.01)");
  visit(I{.name = "schedule",
          .group = optim,
          .help = "constant, step, multi-step, exponential, cosine, cosine-restarts, plateau or "
                  "one-cycle (default: one-cycle, sgd: constant)",
          .type = "NAME"},
        o.schedule);
  number(optim, "momentum", o.momentum, 0, 1, "sgd, rmsprop: momentum", "momentum");
  number(optim, "dampening", o.dampening, 0, 1, "sgd: dampening of momentum");
  visit(I{.name = "nesterov", .group = optim, .help = "sgd: Nesterov momentum"}, o.nesterov);
  number(optim, "weight-decay", o.weight_decay, 0, 1e6,
         "decay of weights (default: 0; adamw: 0.01)", "weight decay");
  visit(I{.name = "betas", .group = optim, .help = "adam, adamw: decay of both averages"}, o.betas);
  number(optim, "eps", o.eps, 0, 1, "adam, adamw, rmsprop: added to the denominator");
  visit(I{.name = "amsgrad",
          .group = optim,
          .help = "adam, adamw: divide by the largest average of squares so far",
          .recipe = "amsgrad"},
        o.amsgrad);
  number(optim, "alpha", o.alpha, 0, 1, "rmsprop: decay of the average of squares");
  visit(I{.name = "centered",
          .group = optim,
          .help = "rmsprop: divide by the deviation from the mean gradient",
          .recipe = "centered"},
        o.centered);
  number(optim, "warmup", o.warmup, 0, 1e9, "steps in which the rate rises before the schedule",
         "warm-up steps", 0, "STEPS");
  number(optim, "decay-every", o.decay_every, 1, 1e6, "schedule step: epochs between decays",
         nullptr, 0, "EPOCHS");
  number(optim, "gamma", o.gamma, 0, 1e6,
         "schedules step, multi-step, exponential and plateau: factor of a decay");
  visit(I{.name = "milestones",
          .group = optim,
          .help = "schedule multi-step: the epochs after which it decays, such as 10,15",
          .type = "EPOCHS"},
        o.milestones);
  number(optim, "restart-every", o.restart_every, 1, 1e6,
         "schedule cosine-restarts: epochs until the first restart", nullptr, 0, "EPOCHS");
  number(optim, "restart-growth", o.restart_growth, 1, 1000,
         "schedule cosine-restarts: how many times as long each period is as the one before",
         nullptr, 0, "N");
  number(
      optim, "patience", o.patience, 0, 1e6,
      "schedule plateau: epochs without a better loss, of validation images or else of training, "
      "that are let pass",
      nullptr, 0, "EPOCHS");
  number(optim, "cooldown", o.cooldown, 0, 1e6,
         "schedule plateau: epochs after a decay that do not count", nullptr, 0, "EPOCHS");
  number(optim, "threshold", o.threshold, 0, 1,
         "schedule plateau: share of that loss that makes a better one");
  number(optim, "min-lr", o.min_lr, 0, 1e6,
         "schedules cosine, cosine-restarts and plateau: lowest learning rate");
  visit(I{.name = "cycle-momentum",
          .group = optim,
          .help = "one-cycle moves momentum or beta1 between 0.95 and 0.85, as PyTorch (default: "
                  "on)",
          .negatable = true},
        o.cycle_momentum);
  number(optim, "clip-norm", o.clip_norm, 0, 1e12, "largest norm of all gradients; 0: no limit",
         "clip norm");
  number(optim, "clip-value", o.clip_value, 0, 1e12, "largest value of a gradient; 0: no limit",
         "clip value");
  number(optim, "label-smoothing", o.label_smoothing, 0, 1,
         "share of the target that all classes get", "label smoothing");
  number(optim, "warp-penalty", o.warp_penalty, 0, 1e9,
         "times the mean squared distance of theta from the identity, added to the loss",
         "warp penalty");
  number(optim, "bending-penalty", o.bending_penalty, 0, 1e9,
         "times the bending energy of tps or flow, added to the loss", "bending penalty");
  number(optim, "lr-loc-scale", o.lr_loc_scale, 0, 1e6,
         "times --lr: the rate of the transformers' localisation networks (default: 0.25, and less "
         "where --lr is above its default; sgd: 1)",
         "localisation lr x", 1);

  const char* const augment = "Augmentation";
  visit(I{.name = "augment",
          .group = augment,
          .help = "vary the images: shift 2, rotate 10, scale 0.1 (default: on, sgd and --distort: "
                  "off)",
          .negatable = true},
        o.augment);
  number(augment, "shift", o.shift, 0, 1024, "pixels to the side and up or down", "shift");
  number(augment, "rotate", o.rotate, 0, 180, "degrees", "rotate");
  number(augment, "scale", o.scale, 0, 0.5, "fraction: 0.1 is a factor of 0.9 to 1.1", "scale");
  number(augment, "shear", o.shear, 0, 45, "degrees of slant", "shear");
  number(augment, "elastic", o.elastic, 0, 100, "pixels of elastic distortion", "elastic");
  number(augment, "erase", o.erase, 0, 1, "probability of blanking a rectangle", "erase");
  visit(I{.name = "flip",
          .group = augment,
          .help = "swap left and right in half of the images",
          .recipe = "flip"},
        o.flip);

  visit(I{.name = "seed",
          .group = "Run",
          .help = "of weights, order, dropout and augmentation",
          .type = "N"},
        o.seed);
  running("threads", o.threads, 0, 256,
          "worker threads, 1 to 256; 0: one for each CPU; any number gives the same weights", "N");
  running("log-every", o.log_every, 1, 1e9, "batches between two log lines", "N");
  running("checkpoint-every", o.checkpoint_every, 0, 1e9,
          "steps between checkpoints; 0: after each epoch only", "STEPS");
  running("keep", o.keep, 1, 1e6, "checkpoints to keep", "N");
  running("early-stop", o.early_stop, 0, 1e6,
          "stop after N epochs without a better one on validation images; 0: never", "N");
  running("tensorboard", o.tensorboard, 0, 0, "write event files for TensorBoard, too", "");
  running("quiet", o.quiet, 0, 0, "print results on validation and test images only", "");
}

}  // namespace fovea
