// The command line of mnist_stn: its commands, options they share, and errors that help.
#pragma once

#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "apps/train/data.h"

namespace CLI {
class App;
}

namespace fovea {

/// --data, --synthetic, --skip-unreadable, --test-limit and --distort.
void add_data_options(Command& command, DataOptions& options);

/// --weights of a command that can do with the pre-trained ones, and the model they name: an empty
/// name is the pre-trained one.
void add_weights_option(Command& command, std::string& weights);
Model load_chosen(const std::string& weights);
/// The file that --weights names, or the weights that come with the program.
std::string chosen_weights(const std::string& weights);

/// --model and --model-option.
void add_network_options(Command& command, std::string& model, std::vector<std::string>& options);

/// --threads, 0 to 256, 0 being one for each CPU.
void add_threads_option(Command& command, int& threads);

/// The names of its options, "--epochs", and of its commands.
std::vector<std::string> option_names(const CLI::App& app);
std::vector<std::string> command_names(const CLI::App& app);

/// Throws UsageError, with the nearest name, unless `name` is a command of `app`.
void require_command(const CLI::App& app, const std::string& name);

/// Runs the command that the arguments name; returns the exit code. `--help` and `--version` print.
/// Throws UsageError for arguments that do not fit: it names the option and suggests the nearest
/// one.
int run_command_line(int argc, char** argv);

/// Parses the arguments, with the same errors, and does nothing.
void check_command_line(int argc, char** argv);

}  // namespace fovea
