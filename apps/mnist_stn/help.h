// How the help of every command is laid out.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace fovea {

/// Columns of 80 characters, wrapped, with defaults in parentheses; for `app` and all its commands.
void lay_out_help(CLI::App& app);

/// Adds `help [COMMAND]`. Its callback throws UsageError, with the nearest name, for an unknown
/// one.
void add_help(CLI::App& app);

}  // namespace fovea
