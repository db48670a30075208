#include "layers/activations.h"
#include "layers/group_norm.h"
#include "layers/module.h"
#include "layers/summary.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

class Scale : public Module {
 public:
  explicit Scale(int size) { weight_ = add_parameter("weight", Tensor::filled({size}, 2)); }
  Tensor forward(const Tensor& x) const override {
    path = current_scope();
    return x;
  }
  std::string describe() const override { return "Scale()"; }
  static inline std::string path;

 private:
  Tensor weight_;
};

class Net : public Module {
 public:
  Net() {
    add_module("first", first_);
    add_module("inner", inner_);
    bias_ = add_parameter("bias", Tensor::zeros({3, 400}));
  }
  Tensor forward(const Tensor& x) const override { return inner_(first_(x)); }
  std::string describe() const override { return "Net"; }
  void twice(const std::string& name) { add_parameter(name, Tensor::zeros({1})); }
  void add(const Tensor& value) { add_parameter("added", value); }

  class Inner : public Module {
   public:
    Inner() { add_module("0", scale_); }
    Tensor forward(const Tensor& x) const override { return scale_(x); }
    std::string describe() const override { return "Inner"; }
    Scale scale_{5};
  };
  ReLU first_;
  Inner inner_;
  Tensor bias_;
};

}  // namespace

TEST_CASE("parameters are named as in PyTorch", "[module]") {
  const Net net;
  const std::vector<NamedTensor> all = net.named_parameters();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "bias");
  CHECK(all[1].name == "inner.0.weight");
  CHECK(all[1].tensor.shape() == Shape{5});
  CHECK(all[1].tensor.requires_grad());
  CHECK(net.parameters().size() == 2);
  CHECK(net.parameter_count() == 1205);
}

TEST_CASE("training mode reaches all children", "[module]") {
  Net net;
  CHECK(net.training());
  CHECK(net.inner_.scale_.training());
  net.eval();
  CHECK(!net.training());
  CHECK(!net.inner_.scale_.training());
  net.train();
  CHECK(net.inner_.scale_.training());
}

TEST_CASE("a running module knows its path", "[module]") {
  const Net net;
  net(Tensor::zeros({2}, true));
  CHECK(Scale::path == "inner.0");
  CHECK(current_scope().empty());
}

TEST_CASE("a module prints its tree and its summary", "[module]") {
  const Net net;
  CHECK(architecture(net) ==
        "Net(\n"
        "  (first): ReLU()\n"
        "  (inner): Inner(\n"
        "    (0): Scale()\n"
        "  )\n"
        ")\n");
  const std::string table = summary(net, {4, 2});
  CAPTURE(table);
  CHECK(table.find("inner.0") != std::string::npos);
  CHECK(table.find("[4, 2]") != std::string::npos);
  CHECK(table.find("Total parameters: 1,205\n") != std::string::npos);
}

TEST_CASE("names of parameters and children are checked", "[module]") {
  Net net;
  CHECK(message_of([&] { net.twice("bias"); }) == "[module] the name \"bias\" is taken");
  CHECK(message_of([&] { net.twice("inner"); }) == "[module] the name \"inner\" is taken");
  CHECK(message_of([&] { net.twice(""); }) == "[module] the name \"\" is empty or has a dot");
  CHECK(message_of([&] { net.twice("a.b"); }) == "[module] the name \"a.b\" is empty or has a dot");
}

TEST_CASE("parameters are shared by all samples", "[module]") {
  Net net;
  CHECK(message_of([&] { net.add(Tensor::zeros({1}, true)); }) ==
        "[module] the parameter \"added\" must be shared by all samples, got per-sample [1]");
  CHECK(message_of([&] { net.add({}); }) ==
        "[module] the parameter \"added\" must be shared by all samples, got (no tensor)");
  const Tensor value = Tensor::filled({2}, 4);
  net.add(value);
  CHECK(value.requires_grad());
  CHECK(net.named_parameters()[1].tensor[1] == 4);
}

TEST_CASE("a trace notes operations with their module", "[module]") {
  const Net net;
  const Trace trace;
  const Tensor x = Tensor::zeros({2}, true);
  net(x);
  REQUIRE(trace.ops().size() == 1);
  CHECK(trace.ops()[0].op == "relu");
  CHECK(trace.ops()[0].module == "first");
  CHECK(trace.ops()[0].inputs[0].data() == x.data());
}
