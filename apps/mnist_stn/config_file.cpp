#include "apps/mnist_stn/config_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <string_view>

#include "apps/mnist_stn/command_line.h"
#include "apps/shell/numbers.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "core/file.h"

namespace fovea {

namespace {

// Newer versions of CLI11 take anything.
bool is_switch(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word :
       {"true", "on", "yes", "enable", "t", "y", "false", "off", "no", "disable", "f", "n"})
    if (value == word) return true;
  return whole_number_of(value).has_value();
}

class FlatConfig : public CLI::ConfigTOML {
 public:
  FlatConfig(const CLI::App& app, std::string command) : app_(app), command_(std::move(command)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    if (input.peek() == 0xEF) input.ignore(3);  // a byte-order mark
    std::vector<CLI::ConfigItem> items;
    for (CLI::ConfigItem& item : CLI::ConfigTOML::from_config(input)) {
      const bool bounds = (item.name == "++" || item.name == "--") && item.inputs.empty();
      if (item.parents.empty() || item.parents[0] == "default") item.parents = {command_};
      check_section(item.parents);
      if (!bounds && !item.parents[0].empty()) check_name(item);
      // CLI11 takes the first place where an option is set, and is silent about the others.
      const auto before = std::find_if(items.begin(), items.end(), [&](const auto& other) {
        return !bounds && other.name == item.name && other.parents == item.parents;
      });
      if (before != items.end())
        before->inputs.insert(before->inputs.end(), item.inputs.begin(), item.inputs.end());
      else
        items.push_back(std::move(item));
    }
    return items;
  }

 private:
  void check_section(const std::vector<std::string>& path) const {
    std::string section;
    for (const std::string& part : path) section += (section.empty() ? "" : ".") + part;
    const std::vector<std::string> names = command_names(app_);
    require_usage(section.empty() || std::find(names.begin(), names.end(), section) != names.end(),
                  "the config file has a section [", printable(section, 60),
                  "], which is no command", did_you_mean(section, names));
  }

  void check_name(const CLI::ConfigItem& item) const {
    for (const char* own : {"help", "version", "config"})
      require_usage(item.name != own, "the config file sets '", own,
                    "', which goes on the command line alone: mnist_stn ", item.parents[0], " --",
                    own, item.name == "config" ? " FILE" : "");
    const std::vector<std::string> names = option_names(*app_.get_subcommand(item.parents[0]));
    require_usage(std::find(names.begin(), names.end(), "--" + item.name) != names.end(),
                  "the config file sets '", printable(item.name, 60), "', which is no option of ",
                  item.parents[0], did_you_mean("--" + item.name, names));
    const CLI::Option* option = app_.get_subcommand(item.parents[0])->get_option("--" + item.name);
    if (option->get_expected_max() > 0) return;
    for (const std::string& value : item.inputs)
      require_usage(is_switch(value), "the config file sets '", item.name, "' to '",
                    printable(value, 60), "'; true or false is needed");
  }

  const CLI::App& app_;
  std::string command_;
};

}  // namespace

std::shared_ptr<CLI::Config> config_reader(const CLI::App& app, std::string command) {
  return std::make_shared<FlatConfig>(app, std::move(command));
}

void check_config_file(int argc, char** argv) {
  constexpr std::size_t size_limit = 1 << 20;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    std::string path;
    if (word == "--") return;
    if (word == "--config" && i + 1 < argc) path = argv[i + 1];
    if (word.starts_with("--config=")) path = word.substr(9);
    if (path.empty()) continue;
    std::vector<std::uint8_t> bytes;
    try {
      bytes = read_file(path, size_limit);
    } catch (const Error& error) {
      throw UsageError(cat("--config: ", error.what()));
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    require_usage(
        first == text.npos || text[first] != '{', "--config: ", path,
        " is JSON, as a run's own config.json is; 'name = value' lines are needed (to go on "
        "with a run: mnist_stn train --resume FOLDER)");
    require_usage(text.find('\0') == text.npos, "--config: ", path,
                  " is no text; 'name = value' lines are needed");
  }
}

}  // namespace fovea
