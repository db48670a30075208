#include "layers/warps/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "core/error.h"

namespace fovea {

WarpArguments::WarpArguments(const std::string& text)
    : text_(text), name_(text.substr(0, text.find(':'))) {
  if (name_.size() == text.size()) return;
  std::string_view rest = std::string_view(text).substr(name_.size() + 1);
  for (bool more = true; more;) {
    const std::string_view item = rest.substr(0, rest.find(','));
    more = item.size() < rest.size();
    rest.remove_prefix(more ? item.size() + 1 : item.size());
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::string key(item.substr(0, equals));
    const std::string_view digits = item.substr(std::min(equals + 1, item.size()));
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    require(!key.empty() && !digits.empty() && error == std::errc() &&
                end == digits.data() + digits.size() && std::isfinite(value),
            "family of transforms \"", text, "\": \"", std::string(item),
            "\" is not KEY=NUMBER (arguments stand behind a colon, with commas between them)");
    for (const auto& [other, unused] : given_)
      require(other != key, "family of transforms \"", text, "\": ", key, " is given twice");
    given_.emplace_back(key, value);
  }
}

double WarpArguments::number(const std::string& key, double otherwise, double low, double high) {
  known_.push_back(key);
  for (const auto& [name, value] : given_) {
    if (name != key) continue;
    require(value >= low && value <= high, "family of transforms \"", text_, "\": ", key,
            " must be in [", low, ", ", high, "], got ", value);
    return value;
  }
  return otherwise;
}

int WarpArguments::integer(const std::string& key, int otherwise, int low, int high) {
  const double value = number(key, otherwise, low, high);
  require(value == std::floor(value), "family of transforms \"", text_, "\": ", key,
          " must be a whole number, got ", value);
  return static_cast<int>(value);
}

void WarpArguments::require_all_used() const {
  std::string known;
  for (const std::string& name : known_) known += (known.empty() ? "" : ", ") + name;
  for (const auto& [name, value] : given_)
    require(std::find(known_.begin(), known_.end(), name) != known_.end(),
            "family of transforms \"", text_, "\": ", name_, " has no argument ", name,
            known.empty() ? "; it has none" : "; it has " + known);
}

}  // namespace fovea
