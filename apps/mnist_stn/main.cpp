// mnist_stn: trains, judges and shows spatial-transformer networks.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "apps/common/build_info.h"
#include "apps/common/console.h"
#include "apps/common/usage_error.h"
#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/mnist_stn/help.h"
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

// The command that a config file is for.
std::string chosen_command(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      if (command->get_name() == argv[i]) return argv[i];
  return "";
}

int fail_with(int code, const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "mnist_stn: error: %s\n", text.c_str());
  return code;
}

void set_up(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", std::string("mnist_stn, Fovea ") + fovea::version,
                       "print the version");
  app.set_config("--config", "", "options from a file, one 'name = value' a line")
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  mnist_stn train --out runs/first    train on datasets/mnist, keep everything\n"
      "  mnist_stn train --synthetic         on drawn digits, without any data\n"
      "  mnist_stn eval --weights runs/first/best.safetensors\n"
      "  mnist_stn predict photo.jpg         read a picture of a digit\n"
      "  mnist_stn help train                options of a command, with examples\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 and 143 stopped by a signal.");
  fovea::add_train(app);
  fovea::add_eval(app);
  fovea::add_summary(app);
  fovea::add_predict(app);
  fovea::add_visualize(app);
  fovea::add_export(app);
  fovea::add_help(app);
  fovea::refuse_empty_values(app);
  fovea::lay_out_help(app);
  app.config_formatter(std::make_shared<FlatConfig>(chosen_command(app, argc, argv)));
}

// OpenBLAS starts threads while it is loaded. Under a limit of memory (ulimit -v) they spin for the
// buffer that they do not get, and the program cannot end; so it starts again, without them.
void forbid_blas_threads(char** argv) {
  rlimit memory = {};
  if (::getrlimit(RLIMIT_AS, &memory) != 0 || memory.rlim_cur == RLIM_INFINITY) return;
  const char* now = std::getenv("OPENBLAS_NUM_THREADS");
  if (now && std::string_view(now) == "1") return;
  ::setenv("OPENBLAS_NUM_THREADS", "1", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is an error like a full disk
  forbid_blas_threads(argv);
  CLI::App app{"Spatial-transformer networks on MNIST and other small images", "mnist_stn"};
  try {
    set_up(app, argc, argv);
    if (argc == 1) {
      fovea::print(app.help() + "\n");
      return fail_with(2, "a command is missing");
    }
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
    return fail_with(1,
                     "out of memory; try a smaller --batch, fewer --threads, a smaller set or a "
                     "higher ulimit -v");
  } catch (const std::filesystem::filesystem_error& error) {
    return fail_with(1, error.what());
  } catch (const std::system_error& error) {
    return fail_with(1, fovea::cat("a thread cannot be started: ", error.code().message(),
                                   "; use fewer --threads, or raise ulimit -u or ulimit -v"));
  } catch (const std::exception& error) {
    return fail_with(1, error.what());
  }
}
