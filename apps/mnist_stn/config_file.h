// --config: options of a command from a file.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
class Config;
}  // namespace CLI

namespace fovea {

/// What reads the file that --config names: lines 'name = value' outside of any [section] belong to
/// `command`, every section is a command of `app`, and every name one of its options. Throws
/// UsageError for others, with the nearest name.
std::shared_ptr<CLI::Config> config_reader(const CLI::App& app, std::string command);

/// Throws UsageError if --config among the arguments names what is no such file. CLI11 would wait
/// for a FIFO, read /dev/zero for ever, and take any text for options.
void check_config_file(int argc, char** argv);

}  // namespace fovea
