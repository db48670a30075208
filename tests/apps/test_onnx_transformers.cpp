// Every kind of transformer becomes ONNX; onnxruntime compares its answers in
// tests/onnx/check_onnx.py.
#include <algorithm>

#include "apps/onnx/export.h"
#include "layers/warps/families.h"
#include "tests/digits.h"
#include "tests/shear_warp.h"
#include "tests/stage_networks.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// The graph of a network with these options, which ONNX's checker has accepted.
OnnxGraph graph_of(const std::string& name, const Shape& shape,
                   const std::vector<std::string>& options = {}) {
  ModelInfo info = describe_model(name, shape, digits().test.class_names);
  info.mean.resize(static_cast<std::size_t>(shape[0]), 0.5f);
  info.stddev.resize(static_cast<std::size_t>(shape[0]), 0.25f);
  for (const std::string& option : options) set_option(info.options, option);
  const Model model = make_model(std::move(info), 1);
  model.network->eval();
  OnnxGraph graph = onnx_graph(*model.network, shape);
  REQUIRE_NOTHROW(encode_onnx(graph, {}));
  return graph;
}

std::ptrdiff_t count(const OnnxGraph& graph, const std::string& type) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                       [&](const OnnxNode& node) { return node.type == type; });
}

}  // namespace

TEST_CASE("every family of transforms can be exported", "[onnx]") {
  std::vector<std::string> families = warp_names();
  for (const char* more : {"tps:points=5,limit=0.3", "flow:rows=5,columns=7", "flow:limit=0.2",
                           "pose:scale=1.5,angle=60,shift=0.3"})
    families.emplace_back(more);
  for (const std::string& warp : families) {
    INFO(warp);
    CHECK(count(graph_of("tutorial", {1, 28, 28}, {"warp=" + warp}), "GridSample") == 1);
  }
}

TEST_CASE("every sampler and padding can be exported", "[onnx]") {
  for (const char* sampler : {"bilinear", "nearest", "bicubic"})
    for (const char* padding : {"zeros", "border", "reflection"}) {
      INFO(sampler << ", " << padding);
      const OnnxGraph graph =
          graph_of("tutorial", {1, 28, 28}, {cat("sampler=", sampler), cat("padding=", padding)});
      for (const OnnxNode& node : graph.nodes) {
        if (node.type != "GridSample") continue;
        for (const OnnxAttribute& a : node.attributes) {
          if (a.name == "mode") CHECK(std::get<std::string>(a.value) == sampler);
          if (a.name == "padding_mode") CHECK(std::get<std::string>(a.value) == padding);
        }
      }
    }
}

TEST_CASE("a transformer that looks twice samples twice, by composed transforms", "[onnx]") {
  for (const char* warp : {"translation", "attention", "similarity", "affine", "projective"}) {
    INFO(warp);
    const OnnxGraph graph = graph_of("tutorial", {1, 28, 28}, {cat("warp=", warp), "steps=2"});
    CHECK(count(graph, "GridSample") == 2);
  }
  const OnnxGraph smaller = graph_of("tutorial", {1, 42, 42}, {"output=20", "antialias=true"});
  CHECK(count(smaller, "GridSample") == 1);
  CHECK(count(smaller, "AveragePool") == 1);
}

TEST_CASE("the paper's networks and best can be exported", "[onnx]") {
  for (const char* network : {"fcn", "cnn", "best-cnn"}) {
    INFO(network);
    CHECK(count(graph_of(network, {1, 28, 28}), "GridSample") == 0);
  }
  for (const char* network : {"st-fcn", "st-cnn", "best"})
    for (const char* warp : {"affine", "projective", "tps"}) {
      INFO(network << ", " << warp);
      CHECK(count(graph_of(network, {1, 42, 42}, {cat("warp=", warp)}), "GridSample") == 1);
    }
  CHECK(count(graph_of("st-cnn", {2, 42, 42}, {"transformers=2"}), "GridSample") == 2);
}

TEST_CASE("a family without a grid of operations is named in one line", "[onnx]") {
  add_stage_networks();
  const Model model = untrained("test-shear");
  model.network->eval();
  const std::string message = message_of([&] { onnx_graph(*model.network, {1, 28, 28}); });
  CHECK_THAT(message, contains("\"warp_grid\"") && contains("cannot be expressed"));
  CHECK(message.find('\n') == std::string::npos);
}
