#include <sstream>

#include "apps/networks/network.h"
#include "core/debug.h"
#include "layers/all.h"
#include "layers/summary.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

long number_at_end(const std::string& line) {
  std::string digits;
  for (const char c : line.substr(line.find_last_of(' ') + 1))
    if (c != ',') digits += c;
  return digits.find_first_not_of("0123456789") == std::string::npos && !digits.empty()
             ? std::stol(digits)
             : 0;
}

// The sum of the rows, and the total below them.
std::pair<long, long> sums(const std::string& table) {
  std::istringstream lines(table);
  long rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Total parameters: ")) return {rows, number_at_end(line)};
    if (!line.ends_with(']') && !line.ends_with("Parameters")) rows += number_at_end(line);
  }
  return {rows, -1};
}

class Odd : public Module {
 public:
  Odd() : gain_(add_parameter("gain", Tensor::filled({3}, 1))) {
    add_module("used", used_), add_module("never", never_);
  }
  Tensor forward(const Tensor& x) const override { return used_(used_(x)); }
  std::string describe() const override { return "Odd"; }

 private:
  Random rng_{1};
  SharedTensor gain_;
  Linear used_{{.in = 4, .out = 4}, rng_}, never_{{.in = 2, .out = 5}, rng_};
};

}  // namespace

TEST_CASE("the rows of a summary sum to its total, for every network", "[summary][networks]") {
  for (const NetworkKind& kind : networks()) {
    INFO(kind.name);
    Random rng(1);
    const auto net = kind.make({kind.input, 10, kind.options}, rng);
    const auto [rows, total] = sums(summary(*net, kind.input));
    CHECK(rows == total);
    CHECK(total == static_cast<long>(net->parameter_count()));
  }
}

TEST_CASE("a summary counts what runs twice once, and what never runs", "[summary]") {
  const std::string table = summary(Odd(), {4});
  CAPTURE(table);
  const auto [rows, total] = sums(table);
  CHECK(total == 3 + 20 + 15);
  CHECK(rows == total);
  CHECK_THAT(table, contains("never") && contains("(not run)") && contains("(network)"));
}

TEST_CASE("what is not finite is found in the layer it comes from, fused or not", "[summary]") {
  for (const auto& [name, poisoned, layer] :
       {std::tuple("tutorial", "conv1.bias", "in conv1 is"),
        std::tuple("tutorial", "localization.3.weight", "in localization.3 is"),
        std::tuple("cifar-deep", "features.2.weight", "in features.2 is"),
        std::tuple("features", "0.weight", "in 0 is")}) {
    const NetworkKind& kind = find_network(name);
    Random rng(1);
    const auto net = kind.make({kind.input, 10, kind.options}, rng);
    net->eval();
    for (const NamedTensor& p : net->named_parameters())
      if (p.name == poisoned) p.tensor.data()[0] = std::numeric_limits<Real>::quiet_NaN();
    set_check_finite(true);
    const Tensor x = random_tensor(kind.input, Kind::per_sample);
    const std::string message = message_of([&] { (*net)(x); });
    set_check_finite(false);
    CHECK_THAT(message, contains(layer));
  }
}

TEST_CASE("an error in a fused run names its convolution", "[summary]") {
  const NetworkKind& kind = find_network("tutorial");
  Random rng(1);
  Sequential net;
  net.append(kind.make({kind.input, 10, kind.options}, rng));
  Sequential chain;
  chain.add<Conv2d>({.in = 2, .out = 3, .kernel = 3}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>();
  CHECK(message_of([&] {
          chain(Tensor::zeros({1, 8, 8}, true));
        }) == "[conv2d] input must be per-sample [2, H, W], got per-sample [1, 8, 8] (in 0)");
  const auto transformers = spatial_transformers(net);
  REQUIRE(transformers.size() == 1);
  CHECK(transformers[0]->path() == "0.transformer");
}

TEST_CASE("modules may be destroyed in any order, and have one parent", "[summary]") {
  auto parent = std::make_unique<Sequential>();
  parent->add<ReLU>();
  class Holder : public Module {
   public:
    explicit Holder(Module& child) { add_module("child", child); }
    Tensor forward(const Tensor& x) const override { return x; }
    std::string describe() const override { return "Holder"; }
  };
  {
    const Holder holder(*parent);
    CHECK(parent->path() == "child");
    CHECK_THAT(message_of([&] { Holder second(*parent); }), contains("a module has one parent"));
  }
  CHECK(parent->path().empty());
  const Holder again(*parent);
  parent.reset();
  CHECK(again.children().empty());
}
