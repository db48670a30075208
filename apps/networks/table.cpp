#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "apps/networks/localization.h"
#include "apps/networks/network.h"
#include "apps/networks/paper.h"
#include "apps/shell/numbers.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "layers/warps/families.h"

namespace fovea {

// Each is defined in the file of its name. A new network is declared here, and listed below.
std::vector<NetworkKind> tutorial_networks(), deep_networks(), feature_networks(), paper_networks(),
    best_networks();

namespace {

constexpr std::vector<NetworkKind> (*known[])() = {
    tutorial_networks, deep_networks, feature_networks, paper_networks, best_networks,
};

std::vector<NetworkKind> all_networks() {
  std::vector<NetworkKind> all;
  for (auto* kinds : known)
    for (NetworkKind& kind : kinds()) all.push_back(std::move(kind));
  return all;
}

std::vector<NetworkKind>& table() {
  static std::vector<NetworkKind> all = all_networks();
  return all;
}

// Stand beside the options in files of weights.
constexpr const char* taken_names[] = {"name",   "input",       "classes",   "mean",
                                       "stddev", "class_names", "distortion"};

// Beyond it is damage or a slip, and would take all memory.
constexpr std::int64_t largest_integer = 65536;

// Of a whole number or a list of them; empty for other kinds.
Attribute::Integers integers_of(const Attribute& attribute) {
  if (const auto* one = std::get_if<std::int64_t>(&attribute.value)) return {*one};
  if (const auto* list = std::get_if<Attribute::Integers>(&attribute.value)) return *list;
  return {};
}

std::int64_t smallest_integer(const Attribute& like) {
  const Attribute::Integers all = integers_of(like);
  const auto positive = [](std::int64_t value) { return value > 0; };
  return std::all_of(all.begin(), all.end(), positive) ? 1 : -largest_integer;
}

// What is wrong with it where the default is `like`: "takes 1 to 65536, got 0"; "" if nothing is.
std::string complaint(const Attribute& option, const Attribute& like) {
  if (const auto* real = std::get_if<double>(&option.value); real && !std::isfinite(*real))
    return cat("takes a finite number, got ", *real);
  const std::int64_t low = smallest_integer(like);
  for (const std::int64_t value : integers_of(option))
    if (value < low || value > largest_integer)
      return cat("takes ", low, " to ", largest_integer, ", got ", value);
  return "";
}

bool is_one_of(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The names that an option takes which means what localization_options() means by it; else none.
std::vector<std::string> names_for(const Attribute& option) {
  std::vector<std::string> names;
  if (option.name == "warp") names = warp_names();
  if (option.name == "sampler")
    for (auto m : {Interpolation::bilinear, Interpolation::nearest, Interpolation::bicubic})
      names.emplace_back(name_of(m));
  if (option.name == "padding")
    for (auto p : {Padding::zeros, Padding::border, Padding::reflection})
      names.emplace_back(name_of(p));
  return names;
}

// A name that does not exist is a slip of the command line, not of the network.
void require_known_name(const Attribute& option) {
  const std::vector<std::string> names = names_for(option);
  if (names.empty()) return;
  const std::string& text = std::get<std::string>(option.value);
  const std::string name = option.name == "warp" ? text.substr(0, text.find(':')) : text;
  if (!is_one_of(name, names)) throw_unknown("--model-option " + option.name, name, names);
  if (option.name != "warp") return;
  try {  // what stands behind the name
    make_warp(text);
  } catch (const Error& error) {
    throw UsageError(cat("--model-option warp: ", error.what()));
  }
}

const NetworkKind* find(const std::string& name) {
  for (const NetworkKind& kind : table())
    if (kind.name == name) return &kind;
  return nullptr;
}

std::int64_t whole_from(const std::string& name, std::string_view text) {
  const auto value = whole_number_of(text);
  require_usage(value.has_value(), "--model-option ", name, " takes a whole number, got '", text,
                "'");
  return *value;
}

double number_from(const std::string& name, std::string_view text) {
  const auto value = number_of(text);
  require_usage(value.has_value(), "--model-option ", name, " takes a number, got '", text, "'");
  return *value;
}

Attribute::Value value_from(const Attribute& like, const std::string& text) {
  if (std::holds_alternative<bool>(like.value)) {
    require_usage(text == "true" || text == "false", "--model-option ", like.name,
                  " takes true or false, got '", text, "'");
    return text == "true";
  }
  if (std::holds_alternative<std::int64_t>(like.value)) return whole_from(like.name, text);
  if (std::holds_alternative<double>(like.value)) return number_from(like.name, text);
  if (std::holds_alternative<std::string>(like.value)) return text;
  Attribute::Integers list;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    list.push_back(whole_from(like.name, std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return list;
}

// Of a transformer, of no use to a network without one.
bool is_of_transformer(const std::string& name) {
  return name != "transformer" &&
         (localization_options().find(name) || transformer_options().find(name));
}

// UsageError: the network, built by these options, does not read this one.
void require_option(const NetworkKind& kind, const Attributes& options, const std::string& name,
                    const char* prefix) {
  const Attribute* const transformer = options.find("transformer");
  const bool without = transformer && transformer->value == Attribute::Value(false);
  std::string taken;
  bool found = false;
  for (const Attribute& option : options.all()) {
    if (without && is_of_transformer(option.name)) continue;
    taken += cat(taken.empty() ? "" : ", ", option.name);
    found |= option.name == name;
  }
  require_usage(found, prefix, name, ": the network ", kind.name, " has no such option",
                without && options.find(name) ? " without a transformer" : "", "; it takes ",
                taken.empty() ? "none" : taken);
}

// Why the network cannot be built, on its usual images nor on larger ones; "" if it can.
std::string complaint_of_building(const NetworkKind& kind, const Attributes& options) {
  std::string wrong;
  for (const int times : {1, 4}) try {
      const Shape input = {kind.input[0], times * kind.input[1], times * kind.input[2]};
      Random rng(1);
      kind.make({.input = input, .classes = 10, .options = options}, rng);
      return "";
    } catch (const Error& error) {
      if (wrong.empty()) wrong = error.what();
    }
  return wrong;
}

}  // namespace

NetworkKind control_of(NetworkKind kind) {
  kind.description = "control: the classifier of " + kind.name + " without a transformer";
  kind.name += "-cnn";
  kind.options.set({"transformer", false});
  return kind;
}

const std::vector<NetworkKind>& networks() {
  return table();
}

void add_network(NetworkKind kind) {
  require(!find(kind.name), "network: the name \"", kind.name, "\" is taken");
  require(kind.make != nullptr, "network: \"", kind.name, "\" has no function that makes it");
  for (const Attribute& option : kind.options.all()) {
    const bool taken = std::find(std::begin(taken_names), std::end(taken_names), option.name) !=
                       std::end(taken_names);
    require(!taken && !option.name.empty() && option.name.find_first_of("= ") == std::string::npos,
            "network: \"", kind.name, "\" has an option \"", option.name,
            taken ? "\", which is a name that files of weights use; choose another"
                  : "\", whose name is empty or has a space or =");
  }
  table().push_back(std::move(kind));
}

const NetworkKind& find_network(const std::string& name) {
  if (const NetworkKind* kind = find(name)) return *kind;
  std::vector<std::string> names;
  for (const NetworkKind& kind : table()) names.push_back(kind.name);
  throw_unknown("--model", name, names);
}

void check_options(const std::string& network, const Attributes& options) {
  for (const Attribute& known : find_network(network).options.all()) {
    const Attribute* option = options.find(known.name);
    require(option && option->value.index() == known.value.index(), "the network ", network,
            " needs an option ", known.name, " like ", options_line({known}));
    const std::string wrong = complaint(*option, known);
    require(wrong.empty(), known.name, " ", wrong);
  }
}

std::unique_ptr<Module> make_network(const std::string& name, const NetworkSpec& spec,
                                     Random& rng) {
  check_options(name, spec.options);
  return find_network(name).make(spec, rng);
}

std::string options_line(const Attributes& options) {
  struct Text {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const {
      char text[32];
      return {text, std::to_chars(text, text + sizeof text, v).ptr};  // the shortest exact form
    }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const Attribute::Integers& v) const {
      std::string list;
      for (const std::int64_t item : v) list += cat(list.empty() ? "" : ",", item);
      return list;
    }
  };
  std::string line;
  for (const Attribute& option : options.all())
    line += cat(line.empty() ? "" : " ", option.name, "=", std::visit(Text(), option.value));
  return line;
}

void set_option(Attributes& options, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const Attribute* known = options.find(name);
  std::vector<std::string> names;
  for (const Attribute& option : options.all()) names.push_back(option.name);
  require_usage(equals != std::string::npos, "--model-option takes NAME=VALUE, got '", text, "'");
  if (!known) throw_unknown("--model-option", name, names);
  Attribute changed = *known;
  changed.value = value_from(*known, text.substr(equals + 1));
  const std::string wrong = complaint(changed, *known);
  require_usage(wrong.empty(), "--model-option ", name, " ", wrong);
  if (std::holds_alternative<std::string>(changed.value)) require_known_name(changed);
  options.set(std::move(changed));
}

Attributes options_with(const std::string& network, const std::vector<std::string>& texts) {
  const NetworkKind& kind = find_network(network);
  Attributes options = kind.options;
  for (const std::string& text : texts) set_option(options, text);
  for (const std::string& text : texts)
    require_option(kind, options, text.substr(0, text.find('=')), "--model-option ");
  if (texts.empty() || !complaint_of_building(kind, kind.options).empty()) return options;
  const std::string wrong = complaint_of_building(kind, options);
  require_usage(wrong.empty(), "--model-option: the network ", network,
                " cannot be built so: ", wrong);
  return options;
}

void require_network_option(const std::string& network, const Attributes& options,
                            const std::string& name) {
  require_option(find_network(network), options, name, "--");
}

}  // namespace fovea
