#include "apps/mnist_stn/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstring>
#include <sstream>

#include "apps/mnist_stn/commands.h"
#include "apps/mnist_stn/config_file.h"
#include "apps/mnist_stn/help.h"
#include "apps/mnist_stn/pictures.h"
#include "apps/shell/build_info.h"
#include "apps/shell/console.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "data/distort.h"

namespace fovea {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_fnames())
      names.push_back("--" + name.substr(name.find_first_not_of('-')));
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

namespace {

// The command that was being parsed, and what it is called with.
const CLI::App& active_command(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : *commands[0];
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string no_command(const CLI::App& app, const std::string& name) {
  return cat("there is no command '", name, "'", did_you_mean(name, command_names(app)),
             " (commands: ", join(command_names(app)), ")");
}

// The first argument that nothing took.
std::string unexpected(const CLI::App& app, const CLI::App& command) {
  const std::vector<std::string> left =
      command.remaining_size() ? command.remaining() : app.remaining(true);
  const std::string word = left.empty() ? "" : left[0];
  if (&command == &app && !word.starts_with('-')) return no_command(app, word);
  if (!word.starts_with('-')) return cat("unexpected argument '", word, "'");
  const std::string name = word.substr(0, word.find('='));
  return cat("there is no option ", name, did_you_mean(name, option_names(command)));
}

void refuse_empty_values(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    for (CLI::Option* option : command->get_options())
      if (option->get_expected_max() > 0)
        option->check([](const std::string& value) {
          return std::string(value.empty() ? "is empty, a value is needed" : "");
        });
}

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = active_command(app);
  std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) text = unexpected(app, command);
  if (dynamic_cast<const CLI::RequiredError*>(&error) && &command == &app)
    text = app.remaining_size() > 0
               ? unexpected(app, command)
               : cat("a command is missing (commands: ", join(command_names(app)), ")");
  if (dynamic_cast<const CLI::ConfigError*>(&error)) {
    const std::string name = text.substr(text.find_last_of(". ") + 1);
    text = cat("the config file sets '", name, "', which is no option",
               did_you_mean("--" + name, option_names(command)));
  }
  const std::string_view too_many = ": At Most 1 required but received ";
  if (const std::size_t at = text.find(too_many); at != text.npos)
    text = cat(text.substr(0, at), " is given ", text.substr(at + too_many.size()),
               " times; leave all but one out");
  if (dynamic_cast<const CLI::ConversionError*>(&error))
    text = cat("not a value it takes: ", text.substr(text.find(": ") + 2));
  if (dynamic_cast<const CLI::FileError*>(&error))
    text = cat("--config: ", text.substr(0, text.find(' ')), " cannot be read; check the path");
  text = plain_words(text);
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  const std::string name = &command == &app ? "" : command.get_name() + " ";
  return cat(text, " (see ", app.get_name(), " ", name, "--help)");
}

// The command that a config file is for.
std::string chosen_command(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      if (command->get_name() == argv[i]) return argv[i];
  return "";
}

void set_up(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", std::string("mnist_stn, Fovea ") + version,
                       "print the version");
  app.set_config("--config", "", "options from a file, one 'name = value' a line")
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  mnist_stn train --out runs/first    train on MNIST, keep everything\n"
      "  mnist_stn train --synthetic         on drawn digits, without any data\n"
      "  mnist_stn eval --weights runs/first/best.safetensors\n"
      "  mnist_stn predict photo.jpg         read a picture of a digit\n"
      "  mnist_stn help train                options of a command, examples\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 128 + N stopped by signal N.");
  add_train(app);
  add_eval(app);
  add_summary(app);
  add_predict(app);
  add_visualize(app);
  add_export(app);
  add_help(app);
  refuse_empty_values(app);
  lay_out_help(app);
  app.config_formatter(config_reader(app, chosen_command(app, argc, argv)));
}

// As the user called it, but for a long path or one that a shell would not take.
std::string invoked_name(char** argv) {
  const std::string name = argv[0] ? argv[0] : "";
  const bool plain = !name.empty() && name.size() <= 20 &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isalnum(c) || std::strchr("/._-+~", c);
                     });
  return plain ? name : "mnist_stn";
}

constexpr const char* description = "Spatial-transformer networks on MNIST and other small images";

// Throws CLI::Success where help or version is wanted, else UsageError.
void parse(CLI::App& app, int argc, char** argv) {
  require_usage(argc > 1, "a command is missing");
  check_config_file(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::ParseError& error) {
    throw UsageError(usage_message(app, error));
  }
}

std::string distort_help() {
  std::string help =
      "distort the images as Jaderberg et al. did; those for training anew each epoch, "
      "test images always the same way (default: as the weights were trained):";
  for (const DistortionKind& kind : distortions())
    help += cat("\n  ", kind.name, ": ", kind.description);
  return help + "\n  none: as they are";
}

}  // namespace

void add_data_options(Command& command, DataOptions& options) {
  command.group("Data")
      .option("--data", options.directory,
              "folder of the data: MNIST and relatives, CIFAR-10, or a folder of images a class "
              "(default: that of the weights' run, $FOVEA_DATA or datasets/mnist)",
              "DIR")
      .flag("--synthetic", options.synthetic, "digits drawn by the program instead of files")
      .flag("--skip-unreadable", options.skip_unreadable,
            "leave out images that cannot be read, naming them")
      .option(
          "--test-limit", options.test_limit,
          "only N test images: the first, or evenly spaced ones of a set sorted by class; 0: all",
          "N")
      .option("--distort", options.distortion, distort_help(), "NAME")
      .group("Options");
}

void add_weights_option(Command& command, std::string& weights) {
  command.option("-w,--weights", weights,
                 "safetensors file of a run (default: the pre-trained ones)", "FILE");
}

std::string chosen_weights(const std::string& weights) {
  return weights.empty() ? default_weights() : weights;
}

Model load_chosen(const std::string& weights) {
  return load_model(chosen_weights(weights));
}

void add_network_options(Command& command, std::string& model, std::vector<std::string>& options) {
  std::string names = "one of:";
  for (const NetworkKind& kind : networks()) names += "\n  " + kind.name + ": " + kind.description;
  command.option("--model", model, names, "NAME")
      .option("--model-option", options,
              "an option of the network, such as warp=similarity or conv1=20 (summary lists them)",
              "NAME=VALUE");
}

void add_threads_option(Command& command, int& threads) {
  command.option("--threads", threads, "worker threads, 1 to 256; 0: one for each CPU", "N")
      .range(0, 256);
}

void require_command(const CLI::App& app, const std::string& name) {
  const std::vector<std::string> names = command_names(app);
  require_usage(std::find(names.begin(), names.end(), name) != names.end(), no_command(app, name));
}

int run_command_line(int argc, char** argv) {
  CLI::App app{description, invoked_name(argv)};
  set_up(app, argc, argv);
  if (argc == 1) print(app.help() + "\n");
  try {
    parse(app, argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    std::ostringstream text;
    app.exit(wanted, text, text);
    print(text.str());
  } catch (const ExitStatus& status) {
    return status.code;
  }
  return 0;
}

void check_command_line(int argc, char** argv) {
  CLI::App app{description, invoked_name(argv)};
  set_up(app, argc, argv);
  app.parse_complete_callback([] { throw CLI::Success(); });  // before any command's action
  try {
    parse(app, argc, argv);
  } catch (const CLI::Success&) {
  }
}

}  // namespace fovea
