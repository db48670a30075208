// The graph under construction, as the translations of single operations see it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/onnx/graph.h"

namespace fovea {

/// Adds nodes and constants to a graph and knows which ONNX value holds which tensor. A tensor is
/// recognised by its storage and shape: a reshaped tensor shares the storage of the original.
class OnnxBuilder {
 public:
  OnnxBuilder(OnnxGraph& graph, const std::vector<NamedTensor>& parameters);

  /// Goes to the next operation: names of new nodes tell its module. `op` must live meanwhile.
  void begin(const TracedOp& op);
  void begin(const TracedOp&& temporary) = delete;

  /// The value that holds `tensor`; for a shared one that no operation made, a new initialiser.
  /// Throws Error for a per-sample one that no operation made: it is not a function of the input.
  std::string value(const Tensor& tensor);
  /// The same under another shape of one sample: [N, shape...].
  std::string value_as(const Tensor& tensor, const Shape& shape);
  void define(const Tensor& tensor, const std::string& name);

  /// Adds a node with one output and returns that.
  std::string add(const std::string& type, const std::vector<std::string>& inputs,
                  std::vector<OnnxAttribute> attributes = {});
  std::string reshape(const std::string& x, const std::vector<std::int64_t>& shape);

  std::string constant(const std::vector<std::int64_t>& shape, std::vector<float> values);
  std::string constant(float value) { return constant({}, {value}); }
  std::string indices(const std::vector<std::int64_t>& values);

 private:
  std::string unique(const std::string& wish);

  OnnxGraph& graph_;
  std::map<const void*, std::string> parameter_names_;
  std::map<const void*, std::vector<std::pair<Shape, std::string>>> values_;
  std::set<std::string> used_;
  const TracedOp* op_ = nullptr;
};

/// Translates one operation and returns the value that holds its output.
using OnnxTranslation = std::function<std::string(OnnxBuilder&, const TracedOp&)>;
/// By the name of the operation.
using OnnxTranslations = std::map<std::string, OnnxTranslation>;
const OnnxTranslations& onnx_layers();
const OnnxTranslations& onnx_arithmetic();

/// The shape as ONNX has it: [-1, shape...] if per sample.
std::vector<std::int64_t> onnx_shape(const Shape& shape, bool per_sample);

}  // namespace fovea
