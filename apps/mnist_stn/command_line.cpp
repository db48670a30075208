#include "apps/mnist_stn/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/common/suggest.h"
#include "apps/common/usage_error.h"
#include "data/open_dataset.h"

namespace fovea {

namespace {

// The command that was being parsed, and what it is called with.
const CLI::App& active_command(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : *commands[0];
}

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

}  // namespace

void add_data_options(CLI::App& command, DataOptions& options) {
  command
      .add_option("--data", options.directory,
                  "folder of the data: MNIST and relatives, CIFAR-10, or a folder of images a "
                  "class (default: $FOVEA_DATA, else datasets/mnist)")
      ->type_name("DIR")
      ->group("Data");
  command
      .add_flag("--synthetic", options.synthetic, "digits drawn by the program instead of files")
      ->group("Data");
  command
      .add_flag("--skip-unreadable", options.skip_unreadable,
                "leave out images that cannot be read, naming them")
      ->group("Data");
  command.add_option("--test-limit", options.test_limit, "first N test images only; 0: all")
      ->type_name("N")
      ->capture_default_str()
      ->group("Data");
}

void add_threads_option(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "worker threads, 1 to 256; 0: one for each CPU")
      ->type_name("N")
      ->capture_default_str();
}

void refuse_empty_values(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    for (CLI::Option* option : command->get_options())
      if (option->get_expected_max() > 0)
        option->check([](const std::string& value) {
          return std::string(value.empty() ? "is empty, a value is needed" : "");
        });
}

void require_command(const CLI::App& app, const std::string& name) {
  const std::vector<std::string> names = command_names(app);
  require_usage(std::find(names.begin(), names.end(), name) != names.end(), no_command(app, name));
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
  if (dynamic_cast<const CLI::ConversionError*>(&error))
    text = cat("not a number: ", text.substr(text.find(": ") + 2));
  if (dynamic_cast<const CLI::FileError*>(&error))
    text = cat("--config: ", text.substr(0, text.find(' ')), " cannot be read; check the path");
  for (char& c : text)
    if (c == '\n') c = ' ';
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  const std::string name = &command == &app ? "" : command.get_name() + " ";
  return cat(text, " (see mnist_stn ", name, "--help)");
}

}  // namespace fovea
