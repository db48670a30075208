// The exported model is read again with ONNX's own classes; onnxruntime compares its answers in
// tests/onnx/check_onnx.py.
#define ONNX_NAMESPACE onnx
#define ONNX_ML 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

#include <cstring>
#include <string_view>

#include "apps/onnx/export.h"
#include "core/autograd.h"
#include "core/file.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/avg_pool2d.h"
#include "layers/dropout.h"
#include "layers/grid_sample.h"
#include "layers/group_norm.h"
#include "layers/interpolate.h"
#include "layers/losses.h"
#include "layers/matmul.h"
#include "layers/max_pool2d.h"
#include "layers/pad.h"
#include "layers/reduce.h"
#include "layers/shape_ops.h"
#include "tests/function_module.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::contains;
using fovea::testing::Function;
using fovea::testing::message_of;
using fovea::testing::TempDir;

namespace {

onnx::ModelProto exported(const Model& model) {
  const TempDir dir;
  export_onnx(dir.file("m.onnx"), model);
  const std::vector<std::uint8_t> bytes = read_file(dir.file("m.onnx"), 1 << 26);
  onnx::ModelProto proto;
  REQUIRE(proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  if (onnx_is_checked()) REQUIRE_NOTHROW(onnx::checker::check_model(proto));
  return proto;
}

Model small_model(const std::string& name = "tutorial", Real fill = 0) {
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back(cat("class \"", i, "\""));
  ModelInfo info = describe_model(name, {1, 28, 28}, names);
  if (info.options.find("fill")) info.options.set({"fill", fill});
  return make_model(info, 3);
}

std::vector<std::string> types(const onnx::GraphProto& graph) {
  std::vector<std::string> out;
  for (const auto& node : graph.node()) out.push_back(node.op_type());
  return out;
}

std::vector<float> floats(const onnx::GraphProto& graph, const std::string& name) {
  for (const auto& tensor : graph.initializer())
    if (tensor.name() == name) {
      std::vector<float> out(tensor.raw_data().size() / sizeof(float));
      std::memcpy(out.data(), tensor.raw_data().data(), tensor.raw_data().size());
      return out;
    }
  FAIL("no initialiser " << name);
  return {};
}

const onnx::NodeProto& node(const onnx::GraphProto& graph, std::string_view type) {
  for (const auto& n : graph.node())
    if (n.op_type() == type) return n;
  FAIL("no node " << type);
  return graph.node(0);
}

// Operators of the function over an image [2, 6, 6]; the checker has inferred all shapes.
std::vector<std::string> operators(const std::function<Tensor(const Tensor&)>& f) {
  const OnnxGraph graph = onnx_graph(Function(f), {2, 6, 6});
  REQUIRE_NOTHROW(encode_onnx(graph, {}));
  std::vector<std::string> out;
  for (const OnnxNode& n : graph.nodes) out.push_back(n.type);
  return out;
}

using Types = std::vector<std::string>;

}  // namespace

TEST_CASE("the tutorial network becomes the operators of formats.md", "[onnx]") {
  const Model model = small_model();
  const onnx::ModelProto proto = exported(model);
  CHECK(proto.ir_version() == 8);
  REQUIRE(proto.opset_import_size() == 1);
  CHECK(proto.opset_import(0).version() == 16);
  const onnx::GraphProto& graph = proto.graph();
  CHECK(types(graph) ==
        Types{"Conv",       "MaxPool", "Relu",    "Conv",    "MaxPool",   "Relu",    "Reshape",
              "Gemm",       "Relu",    "Gemm",    "Reshape", "Transpose", "MatMul",  "Reshape",
              "GridSample", "Conv",    "MaxPool", "Relu",    "Conv",      "MaxPool", "Relu",
              "Reshape",    "Gemm",    "Relu",    "Gemm",    "LogSoftmax"});
  REQUIRE(graph.input_size() == 1);
  CHECK(graph.input(0).name() == "images");
  const auto& shape = graph.input(0).type().tensor_type().shape();
  REQUIRE(shape.dim_size() == 4);
  CHECK(shape.dim(0).dim_param() == "N");
  CHECK(shape.dim(3).dim_value() == 28);
  CHECK(graph.output(0).name() == "log_probabilities");
  CHECK(graph.node(graph.node_size() - 1).output(0) == "log_probabilities");
  for (const NamedTensor& p : model.network->named_parameters()) {
    INFO(p.name);
    const std::vector<float> values = floats(graph, p.name);
    REQUIRE(values.size() == static_cast<std::size_t>(p.tensor.size()));
    CHECK(std::equal(values.begin(), values.end(), p.tensor.data()));
  }
}

TEST_CASE("the sampling grid is a constant of pixel centres", "[onnx]") {
  const onnx::ModelProto proto = exported(small_model());
  const onnx::NodeProto& product = node(proto.graph(), "MatMul");
  const std::vector<float> base = floats(proto.graph(), product.input(0));
  REQUIRE(base.size() == 28 * 28 * 3);
  for (int i = 0; i < 28; ++i)
    for (int j = 0; j < 28; ++j) {
      const float* row = &base[static_cast<std::size_t>((i * 28 + j) * 3)];
      CHECK(std::abs(row[0] - ((2 * j + 1) / 28.0f - 1)) < 1e-6f);
      CHECK(std::abs(row[1] - ((2 * i + 1) / 28.0f - 1)) < 1e-6f);
      CHECK(row[2] == 1);
    }
  const onnx::NodeProto& sampler = node(proto.graph(), "GridSample");
  for (const auto& attribute : sampler.attribute()) {
    if (attribute.name() == "mode") CHECK(attribute.s() == "bilinear");
    if (attribute.name() == "padding_mode") CHECK(attribute.s() == "zeros");
    if (attribute.name() == "align_corners") CHECK(attribute.i() == 0);
  }
}

TEST_CASE("a background other than zero is subtracted and added again", "[onnx]") {
  const onnx::ModelProto proto = exported(small_model("tutorial", Real(-0.4242)));
  const onnx::GraphProto& graph = proto.graph();
  const onnx::NodeProto &sub = node(graph, "Sub"), &add = node(graph, "Add");
  CHECK(sub.input(0) == "images");
  CHECK(floats(graph, sub.input(1)) == std::vector<float>{-0.4242f});
  CHECK(node(graph, "GridSample").input(0) == sub.output(0));
  CHECK(add.input(0) == node(graph, "GridSample").output(0));
  CHECK(add.input(1) == sub.input(1));
}

TEST_CASE("a control has no sampler, and the file tells how to normalise", "[onnx]") {
  const onnx::ModelProto proto = exported(small_model("tutorial-cnn"));
  for (const std::string& type : types(proto.graph())) CHECK(type != "GridSample");
  std::map<std::string, std::string> metadata;
  for (const auto& entry : proto.metadata_props()) metadata[entry.key()] = entry.value();
  CHECK(metadata["mean"] == "0.1307");
  CHECK(metadata["stddev"] == "0.3081");
  CHECK(metadata["model"] == "tutorial-cnn");
  CHECK_THAT(metadata["class_names"], contains(R"("class \"9\"")"));
  CHECK_THAT(proto.doc_string(), contains("(pixel / 255 - mean) / stddev"));
}

TEST_CASE("operations of all kinds can be exported", "[onnx]") {
  const Tensor matrix = Tensor::filled({6, 3}, 1), bias = Tensor::filled({2}, 1);
  CHECK(operators([](const Tensor& x) { return tanh(sigmoid(leaky_relu(elu(x)))); }) ==
        Types{"Elu", "LeakyRelu", "Sigmoid", "Tanh"});
  CHECK(operators([](const Tensor& x) { return avg_pool2d(x, {.kernel = 2}); }) ==
        Types{"AveragePool"});
  CHECK(operators([](const Tensor& x) { return adaptive_avg_pool2d(x, 3, 2); }) ==
        Types{"AveragePool"});
  CHECK(operators([](const Tensor& x) { return adaptive_avg_pool2d(x, 4, 5); }) ==
        Types{"MatMul", "MatMul"});
  CHECK(operators([&](const Tensor& x) { return group_norm(x, 1, bias, bias); }) ==
        Types{"Reshape", "InstanceNormalization", "Reshape", "Reshape", "Mul", "Add"});
  CHECK(operators([&](const Tensor& x) {
          return matmul(x.reshape({12, 6}), matrix);
        }) == Types{"Reshape", "MatMul"});
  CHECK(operators([](const Tensor& x) { return x + sum(x, {0}); }) ==
        Types{"ReduceSum", "Reshape", "Add"});
  CHECK(operators([](const Tensor& x) { return mean(x * x); }) == Types{"Mul", "ReduceMean"});
  CHECK(operators([](const Tensor& x) {
          return concatenate({x, slice(x, 0, 0, 1)});
        }) == Types{"Slice", "Concat"});
  // Both ways round: what is shared is repeated for each sample.
  for (const bool first : {false, true})
    CHECK(operators([&](const Tensor& x) {
            const Tensor ones = Tensor::filled({1, 6, 6}, 1);
            return first ? concatenate({ones, x}) : concatenate({x, ones});
          }) == Types{"Shape", "Concat", "Expand", "Concat"});
  CHECK(operators([](const Tensor& x) { return softmax(transpose(x, 0, 2), 0); }) ==
        Types{"Transpose", "Softmax"});
  CHECK(operators([](const Tensor& x) { return gelu(x); }) ==
        Types{"Mul", "Erf", "Add", "Mul", "Mul"});
  CHECK(operators([](const Tensor& x) { return gelu(x, GeluForm::tanh); }) ==
        Types{"Mul", "Mul", "Mul", "Add", "Mul", "Tanh", "Add", "Mul", "Mul"});
  CHECK(operators([](const Tensor& x) { return power(x, Real(1.5)); }) == Types{"Pow"});
  CHECK(operators([](const Tensor& x) { return clamp(scale(x, 2, 1), 0, 1); }) ==
        Types{"Mul", "Add", "Clip"});
  CHECK(operators([](const Tensor& x) { return x / 3; }) == Types{"Div"});
  CHECK(operators([](const Tensor& x) {
          return cos(sin(permute(x, {1, 2, 0})));
        }) == Types{"Transpose", "Sin", "Cos"});
  CHECK(operators([&](const Tensor& x) { return prelu(softplus(silu(x)), bias); }) ==
        Types{"Sigmoid", "Mul", "Softplus", "Reshape", "PRelu"});
  CHECK(operators([](const Tensor& x) {
          const Tensor mask = greater(x, x * 2);
          return where(mask, maximum(x, x), x);
        }) == Types{"Mul", "Greater", "Cast", "Max", "Cast", "Where"});
  CHECK(operators([](const Tensor& x) { return minimum(x, max(x, 0).values); }) ==
        Types{"ReduceMax", "Reshape", "Min"});
  CHECK(operators([](const Tensor& x) { return amin(amax(x, {0})); }) ==
        Types{"ReduceMax", "ReduceMin"});
  CHECK(operators([](const Tensor& x) {
          return interpolate(x, {.scale_factor = {0.7, 1.3}});
        }) == Types{"Resize"});
  CHECK(operators([](const Tensor& x) {
          return pad(x, {1, -2, 0, 3}, PadMode::replicate);
        }) == Types{"Pad"});
  CHECK(operators([](const Tensor& x) {
          return max_pool2d(x, {.kernel = 3, .stride = 4, .padding = 1, .ceil_mode = true});
        }) == Types{"MaxPool"});
  CHECK(operators([](const Tensor& x) {
          return avg_pool2d(x, {.kernel = {2, 3},
                                .stride = {3, 4},
                                .padding = {1, 0},
                                .count_include_pad = false,
                                .ceil_mode = true});
        }) == Types{"AveragePool"});
  CHECK(operators([](const Tensor& x) { return argmin(x, -1); }) == Types{"ArgMin", "Cast"});
  CHECK(operators([](const Tensor& x) {
          return stack({x, slice(x, 1, 0, 6, 1)});
        }) == Types{"Slice", "Reshape", "Reshape", "Concat"});
  for (Interpolation mode :
       {Interpolation::bilinear, Interpolation::nearest, Interpolation::bicubic})
    CHECK(operators([&](const Tensor& x) {
            return grid_sample(x, tanh(x).reshape({6, 6, 2}), {.mode = mode});
          }) == Types{"Tanh", "Reshape", "GridSample"});
  CHECK(operators([](const Tensor& x) { return x; }) == Types{"Identity"});
}

TEST_CASE("what does not reach the output is left out", "[onnx]") {
  CHECK(operators([](const Tensor& x) {
          const Tensor unused = exp(x);
          return relu(x);
        }) == Types{"Relu"});
}

TEST_CASE("what ONNX cannot express is named", "[onnx]") {
  const auto message = [](std::function<Tensor(const Tensor&)> f) {
    return message_of([&] { onnx_graph(Function(f), {2, 6, 6}); });
  };
  CHECK_THAT(message([](const Tensor& x) { return dropout(x, Real(0.5)); }),
             contains("dropout") && contains("eval()"));
  CHECK_THAT(message([](const Tensor& x) { return atan2(x, x); }),
             contains("\"atan2\"") && contains("cannot be expressed"));
  CHECK_THAT(message([](const Tensor& x) {
               return pad(x, {1, 1}, PadMode::circular);
             }),
             contains("circular cannot be expressed"));
  CHECK_THAT(message([](const Tensor& x) { return softplus(x, 2); }), contains("softplus with"));
  CHECK_THAT(message([](const Tensor& x) {
               return avg_pool2d(x, {.kernel = 3, .stride = 2, .ceil_mode = true});
             }),
             contains("set count_include_pad to false"));
  CHECK_THAT(message([](const Tensor& x) { return nll_loss(x.reshape({72}), Labels{}); }),
             contains("\"nll_loss\"") && contains("cannot be expressed"));
  CHECK_THAT(message([](const Tensor& x) {
               return x + Tensor::zeros({2, 6, 6}, true);
             }),
             contains("without a recorded operation"));
  CHECK_THAT(message([](const Tensor& x) {
               return grid_sample(x.reshape({1, 2, 6, 6}), x.reshape({4, 3, 2, 3}));
             }),
             contains("grid_sample_volume is of volumes") && contains("opset 16"));
  Function training([](const Tensor& x) { return x; });
  training.train();
  CHECK_THAT(message_of([&] { onnx_graph(training, {2, 6, 6}); }), contains("training mode"));
}

TEST_CASE("an export that fails leaves no file, the same export the same bytes", "[onnx]") {
  const TempDir dir;
  CHECK_THROWS_AS(export_onnx(dir.path() + "/missing/m.onnx", small_model()), Error);
  export_onnx(dir.file("a.onnx"), small_model());
  export_onnx(dir.file("b.onnx"), small_model());
  CHECK(read_file(dir.file("a.onnx"), 1 << 26) == read_file(dir.file("b.onnx"), 1 << 26));
}
