#include "apps/mnist_stn/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <sstream>

#include "apps/mnist_stn/command_line.h"
#include "apps/shell/console.h"
#include "core/error.h"

namespace fovea {

namespace {

constexpr std::size_t page_width = 80, text_column = 26;
constexpr char unbroken_space = '\1';

// `text` at its column behind `name`, broken at spaces; its own line breaks stay.
std::string two_columns(const std::string& name, const std::string& text) {
  std::string out = "  " + name;
  std::size_t column = out.size();
  const auto new_line = [&] {
    out += "\n" + std::string(text_column, ' ');
    column = text_column;
  };
  if (column + 2 > text_column) {
    new_line();
  } else {
    out.append(text_column - column, ' ');
    column = text_column;
  }
  std::istringstream lines(text);
  bool first_line = true;
  for (std::string line, word; std::getline(lines, line); first_line = false) {
    if (!first_line) new_line();
    bool first_word = true;
    for (std::istringstream words(line); words >> word; first_word = false) {
      if (!first_word && column + 1 + word.size() > page_width) {
        new_line();
        first_word = true;
      }
      if (!first_word) out += ' ', ++column;
      out += word;
      column += word.size();
    }
  }
  std::replace(out.begin(), out.end(), unbroken_space, ' ');
  return out + "\n";
}

// CLI11 would print the help of the command that was chosen, `help`, instead.
std::string own_help(const CLI::App& app, const std::string& name) {
  return app.get_formatter()->make_help(&app, name, CLI::AppFormatMode::Normal);
}

class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string program) : program_(std::move(program)) {}

  std::string make_option(const CLI::Option* option, bool positional) const override {
    std::string type = option->get_type_name();
    type.erase(std::min(type.size(), type.find(':')));  // what a validator adds
    if (option->get_expected_max() > 1000) type += " ...";
    if (option->get_expected_min() > 1) type += cat(" x ", option->get_expected_min());
    std::string name = CLI::detail::find_and_replace(option->get_name(false, true), "{false}", "");
    name = CLI::detail::find_and_replace(name, ",", ", ");
    if (option->get_type_size() == 0) type.clear();  // a flag
    if (positional)
      name = option->get_name(true) + type.substr(std::min(type.size(), type.find(' ')));
    else if (!type.empty())
      name += " " + type;
    std::string text = option->get_description();
    if (const std::string value = option->get_default_str(); !value.empty())
      text += cat(" (default:", unbroken_space, value, ")");
    if (option->get_required()) text += " (required)";
    return two_columns(name, text);
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return two_columns(command->get_name(), command->get_description());
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, name, mode);
    for (std::size_t gap; (gap = text.find("\n\n\n")) != std::string::npos;) text.erase(gap, 1);
    // Examples call the program as the user did.
    return CLI::detail::find_and_replace(text, "\n  mnist_stn ", "\n  " + program_ + " ");
  }

 private:
  std::string program_;
};

}  // namespace

void lay_out_help(CLI::App& app) {
  const auto formatter = std::make_shared<HelpFormatter>(app.get_name());
  formatter->label("SUBCOMMAND", "COMMAND");
  app.formatter(formatter);
  app.set_help_flag("-h,--help", "print this help");
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    command->formatter(formatter);
    command->group("Commands");
    command->set_help_flag("-h,--help", "print this help");
  }
  app.set_help_all_flag("--help-all", "print the help of all commands");
}

void add_help(CLI::App& app) {
  CLI::App* command = app.add_subcommand("help", "print the help of a command");
  const auto name = std::make_shared<std::string>();
  command->add_option("COMMAND", *name, "the command; without it, the help of the program");
  command->footer("Example:\n  mnist_stn help train");
  command->callback([name, &app] {
    if (name->empty()) return print(own_help(app, app.get_name()));
    require_command(app, *name);
    print(own_help(*app.get_subcommand(*name), cat(app.get_name(), " ", *name)));
  });
}

}  // namespace fovea
