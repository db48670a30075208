// What the commands' options have in common, and errors that help.
#pragma once

#include <string>

#include "apps/common/data_options.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace fovea {

/// --data, --synthetic, --skip-unreadable and --test-limit.
void add_data_options(CLI::App& command, DataOptions& options);

/// --threads, 0 to 256, 0 being one for each CPU.
void add_threads_option(CLI::App& command, int& threads);

/// Makes an empty value ("--epochs ''") an error for every option of every command.
void refuse_empty_values(CLI::App& app);

/// Throws UsageError, with the nearest name, unless `name` is a command of `app`.
void require_command(const CLI::App& app, const std::string& name);

/// One line about what is wrong with the command line: names the option, suggests the nearest one.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace fovea
