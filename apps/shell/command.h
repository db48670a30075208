// The options of a command. CLI11 is behind this: each file that includes it compiles four seconds
// longer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fovea {

/// Adds a command to a program, then its options one after the other:
///
///     Command command(program, "eval", "loss and accuracy on the test images");
///     command.option("-w,--weights", o.weights, "safetensors file", "FILE").required();
///
/// The variables must live until the program has parsed its arguments. The help prints what they
/// hold now as the default, but not for std::optional and empty ones, and not where the text has a
/// "(default: ...)" of its own. Numbers are decimal: 010 is ten, 0x10 and 1.5 for an int are
/// misuse.
class Command {
 public:
  Command(CLI::App& program, const std::string& name, const std::string& description);
  explicit Command(CLI::App& program) : app_(&program) {}  ///< options of the program itself

  /// The title in the help of the options that follow.
  Command& group(const std::string& title);

  /// An option with a value: int, std::uint64_t, double, std::string, a vector of int or string, an
  /// array of two doubles, std::optional of double or string. A name without a dash is positional.
  template <class T>
  Command& option(const std::string& names, T& value, const std::string& help,
                  const std::string& type = "X");
  Command& flag(const std::string& names, bool& value, const std::string& help);
  Command& flag(const std::string& names, std::optional<bool>& value, const std::string& help);

  // About the option before:
  Command& required();
  Command& range(int low, int high);
  Command& count(int values);                               ///< takes exactly so many
  Command& one_of(const std::vector<std::string>& values);  ///< takes some of these, with commas

  Command& footer(const std::string& text);            ///< examples, below the options
  void action(std::function<void()> run);              ///< what the command does
  std::set<std::string> given() const;                 ///< long names of what the user gave
  std::string text(const std::string& program) const;  ///< the command line, normalised

 private:
  CLI::App* app_;
  CLI::Option* last_ = nullptr;
  std::string group_ = "Options";
};

/// What CLI11 says of a mistake, on one line, and as the other errors are worded.
std::string plain_words(std::string text);

/// Parses the arguments; false after --help and the like, which it prints. UsageError: misuse, in
/// one line.
bool parse_all(CLI::App& app, int argc, char** argv);

/// The same for a program without commands, whose options `add` names. Returns the exit code, 0,
/// where the program is to end at once.
std::optional<int> parse_options(const std::string& program, const std::string& description,
                                 int argc, char** argv, const std::function<void(Command&)>& add);

}  // namespace fovea
