// mnist_stn: trains, judges and shows spatial-transformer networks.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "apps/common/build_info.h"
#include "apps/common/usage_error.h"
#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "core/workers.h"

namespace {

// Lines of a config file outside of any [section] belong to the command that is being run.
class FlatConfig : public CLI::ConfigTOML {
 public:
  explicit FlatConfig(std::string command) : command_(std::move(command)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(input);
    for (CLI::ConfigItem& item : items)
      if (item.parents.empty() && item.name != "++" && item.name != "--") item.parents = {command_};
    return items;
  }

 private:
  std::string command_;
};

std::string first_word(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (argv[i][0] != '-') return argv[i];
  return "train";
}

int fail_with(int code, const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "mnist_stn: error: %s\n", text.c_str());
  return code;
}

void set_up(CLI::App& app, const std::string& command) {
  app.set_version_flag("--version", std::string("mnist_stn, Fovea ") + fovea::version);
  app.set_help_all_flag("--help-all", "help of all commands");
  app.set_config("--config", "", "options from a file, one 'name = value' a line")
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.config_formatter(std::make_shared<FlatConfig>(command));
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  mnist_stn train --out runs/first          train on datasets/mnist, keep everything\n"
      "  mnist_stn eval --weights runs/first/best.safetensors\n"
      "  mnist_stn predict photo.jpg               read a picture of a digit\n"
      "  mnist_stn COMMAND --help                  options of a command, with examples");
  fovea::add_train(app);
  fovea::add_eval(app);
  fovea::add_summary(app);
  fovea::add_predict(app);
  fovea::add_visualize(app);
  fovea::add_export(app);
  fovea::refuse_empty_values(app);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Spatial-transformer networks on MNIST and other small images", "mnist_stn"};
  try {
    set_up(app, first_word(argc, argv));
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0) return fail_with(1, "standard output: cannot be written");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return fail_with(2, fovea::usage_message(app, error));
  } catch (const fovea::ExitStatus& status) {
    return status.code;
  } catch (const fovea::UsageError& error) {
    return fail_with(2, error.what());
  } catch (const std::bad_alloc&) {
    return fail_with(1, "out of memory; try a smaller --batch, fewer --threads or a smaller set");
  } catch (const std::exception& error) {
    return fail_with(1, error.what());
  }
}
