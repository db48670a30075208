// mnist_stn train: the command line of training.
#include "apps/train/train.h"

#include <memory>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/shell/command.h"
#include "apps/train/option_table.h"

namespace fovea {

namespace {

void add_option(Command& command, const OptionInfo& info, bool& value) {
  const std::string name = cat("--", info.name);
  command.flag(info.negatable ? cat(name, ",!--no-", info.name) : name, value, info.help);
}
void add_option(Command& command, const OptionInfo& info, std::optional<bool>& value) {
  command.flag(cat("--", info.name, ",!--no-", info.name), value, info.help);
}
template <class T>
void add_option(Command& command, const OptionInfo& info, T& value) {
  command.option(cat("--", info.name), value, info.help, info.type);
}

void add_options(Command& command, TrainOptions& o) {
  add_data_options(command, o.data);
  command.group("Model");
  add_network_options(command, o.model, o.model_options);
  command.group("Run")
      .option("--out", o.out, "folder for weights, logs, pictures, report and checkpoints", "DIR")
      .flag("--overwrite", o.overwrite, "replace the run that --out holds")
      .option("--resume", o.resume, "go on with the run in this folder, to the same bits", "DIR");
  visit_options(o, [&](const OptionInfo& info, auto& value) {
    if (*info.group) add_option(command.group(info.group), info, value);
  });
}

}  // namespace

void add_train(CLI::App& app) {
  Command command(app, "train", "train a network");
  const auto options = std::make_shared<TrainOptions>();
  add_options(command, *options);
  command.footer(
      "Examples:\n"
      "  mnist_stn train --out runs/first            AdamW, one-cycle, 20 epochs\n"
      "  mnist_stn train --optimizer sgd             the tutorial's recipe\n"
      "  mnist_stn train --model-option warp=similarity\n"
      "  mnist_stn train --resume runs/first         go on where it stopped\n"
      "  mnist_stn train --config my.toml --seed 2   from a file: epochs = 10\n"
      "Ctrl-C finishes the step and saves; a second one ends at once.");
  command.action([options, command] {
    const int code =
        train(*options, {.given = command.given(), .command = command.text("mnist_stn")});
    if (code != 0) throw ExitStatus{code};
  });
}

}  // namespace fovea
