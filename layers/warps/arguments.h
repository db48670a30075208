// What stands behind the name of a family: "tps:points=5,limit=0.3".
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// The arguments of a family as its options read them: each once, by name, with a default.
class WarpArguments {
 public:
  /// Takes "NAME" or "NAME:KEY=NUMBER,KEY=NUMBER". Error: it is not of this form.
  explicit WarpArguments(const std::string& text);

  const std::string& text() const { return text_; }  ///< as given
  const std::string& name() const { return name_; }
  /// The number given for `key`, or `otherwise`. Error: it is not in [low, high].
  double number(const std::string& key, double otherwise, double low, double high);
  /// The same for whole numbers.
  int integer(const std::string& key, int otherwise, int low, int high);
  /// Error, naming those there are: an argument that nobody asked for.
  void require_all_used() const;

 private:
  std::string text_, name_;
  std::vector<std::pair<std::string, double>> given_;
  std::vector<std::string> known_;
};

}  // namespace fovea
