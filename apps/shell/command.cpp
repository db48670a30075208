#include "apps/shell/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "apps/shell/build_info.h"
#include "apps/shell/numbers.h"
#include "apps/shell/usage_error.h"
#include "core/error.h"

namespace fovea {

namespace {

// What an option's value is made of.
template <class T>
struct Element {
  using type = T;
};
template <class T>
struct Element<std::vector<T>> : Element<T> {};
template <class T>
struct Element<std::optional<T>> : Element<T> {};
template <class T, std::size_t n>
struct Element<std::array<T, n>> : Element<T> {};

// CLI11 reads 010 as eight, 0x10 as sixteen, -1 as 2^64 - 1. Makes `text` what it reads as decimal;
// returns what is wrong with it, "" if nothing is.
template <class T>
std::string make_decimal(std::string& text) {
  if (text.empty()) return "is empty, a value is needed";
  if constexpr (std::is_floating_point_v<T>) {
    const auto value = number_of(text);
    const bool digits = text.find_first_not_of("+-.0123456789eE") == text.npos;
    if (!value && digits && text.find_first_of("123456789") < text.find_first_of("eE"))
      return cat("a number is needed that is no larger or smaller than doubles are, got '", text,
                 "'");
    if (!value) return cat("a number is needed, got '", text, "'");
    if (*value == 0) text = "0";  // -0 divides to -infinity
  } else if constexpr (std::is_integral_v<T>) {
    const bool natural = std::is_unsigned_v<T>;
    const auto value = whole_number_of(text);
    const auto large = natural_number_of(text);
    const bool fits = natural ? large.has_value() : value && std::in_range<T>(*value);
    const bool digits = text.find_first_not_of("+-0123456789") == text.npos;
    if (!fits && digits && number_of(text)) {
      if (natural) return cat("takes 0 to ", std::numeric_limits<T>::max(), ", got ", text);
      return cat(text, " is too ", text.starts_with('-') ? "small" : "large");  // for all options
    }
    if (!fits) return cat("a whole number is needed, got '", text, "'");
    text = natural ? std::to_string(*large) : std::to_string(*value);
  }
  return "";
}

}  // namespace

Command::Command(CLI::App& program, const std::string& name, const std::string& description)
    : app_(program.add_subcommand(name, description)) {}

Command& Command::group(const std::string& title) {
  group_ = title;
  return *this;
}

template <class T>
Command& Command::option(const std::string& names, T& value, const std::string& help,
                         const std::string& type) {
  last_ = app_->add_option(names, value, help)->type_name(type)->group(group_);
  last_->transform(CLI::Validator(make_decimal<typename Element<T>::type>, ""));
  bool has_default = help.find("(default:") == help.npos;
  if constexpr (requires { value.has_value(); }) has_default = false;
  if constexpr (requires { value.empty(); }) has_default = has_default && !value.empty();
  if (has_default) last_->capture_default_str();
  return *this;
}

template Command& Command::option(const std::string&, int&, const std::string&, const std::string&);
template Command& Command::option(const std::string&, std::uint64_t&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, double&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, std::string&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, std::vector<int>&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, std::vector<std::string>&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, std::array<double, 2>&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, std::optional<double>&, const std::string&,
                                  const std::string&);
template Command& Command::option(const std::string&, std::optional<std::string>&,
                                  const std::string&, const std::string&);

Command& Command::flag(const std::string& names, bool& value, const std::string& help) {
  last_ = app_->add_flag(names, value, help)->group(group_);
  return *this;
}

Command& Command::flag(const std::string& names, std::optional<bool>& value,
                       const std::string& help) {
  last_ = app_->add_flag_function(
                  names, [&value](std::int64_t count) { value = count > 0; }, help)
              ->group(group_);
  return *this;
}

Command& Command::required() {
  last_->required();
  return *this;
}

Command& Command::range(int low, int high) {
  last_->check(CLI::Range(low, high));
  return *this;
}

Command& Command::count(int values) {
  last_->expected(values);
  return *this;
}

Command& Command::one_of(const std::vector<std::string>& values) {
  last_->delimiter(',')->check(CLI::IsMember(values));
  return *this;
}

Command& Command::footer(const std::string& text) {
  app_->footer(text);
  return *this;
}

void Command::action(std::function<void()> run) {
  app_->callback(std::move(run));
}

std::set<std::string> Command::given() const {
  std::set<std::string> names;
  for (const CLI::Option* option : app_->get_options())
    if (option->count() > 0 && !option->get_lnames().empty()) names.insert(option->get_lnames()[0]);
  return names;
}

std::string Command::text(const std::string& program) const {
  std::string text = program + " " + app_->get_name();
  for (const CLI::Option* option : app_->get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    text += " --" + option->get_lnames()[0];
    const bool flag = option->get_expected_min() == 0;
    for (const std::string& value : option->results())
      text += flag ? (value == "false" ? "=false" : "") : " " + value;
  }
  return text;
}

std::optional<int> parse_options(const std::string& program, const std::string& description,
                                 int argc, char** argv, const std::function<void(Command&)>& add) {
  CLI::App app(description, program);
  app.set_version_flag("--version", cat(program, ", Fovea ", version), "print the version");
  Command command(app);
  add(command);
  return parse_all(app, argc, argv) ? std::nullopt : std::optional(0);
}

std::string plain_words(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::size_t at = text.find(": 1 required ");  // --epochs=
  if (at != text.npos && text.ends_with(" missing"))
    text = text.substr(0, at) + ": is empty, a value is needed";
  return text;
}

bool parse_all(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    app.exit(wanted);
    return false;
  } catch (const CLI::ParseError& error) {
    throw UsageError(cat(plain_words(error.what()), " (see ", app.get_name(), " --help)"));
  }
  return true;
}

}  // namespace fovea
