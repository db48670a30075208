// An ONNX graph as plain data, and how the operations of a forward pass become one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/debug.h"
#include "layers/module.h"

namespace fovea {

/// One attribute of an ONNX node.
struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;
};

struct OnnxNode {
  std::string type;  ///< ONNX operator: "Conv"
  std::string name;  ///< unique: "localization.0/Conv"
  std::vector<std::string> inputs, outputs;
  std::vector<OnnxAttribute> attributes;
};

/// An initialiser, row-major: parameters and constants are float, shapes and indices int64.
struct OnnxConstant {
  std::string name;
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;
};

/// One input and one output, both float with a dynamic first dimension: the batch.
struct OnnxGraph {
  std::string input, output;
  Shape input_shape, output_shape;  ///< of ONE sample
  std::vector<OnnxNode> nodes;      ///< in order of computation
  std::vector<OnnxConstant> constants;
};

/// Translates the operations that led from `input` to `output`, both per sample, to ONNX operators
/// of opset 16. A per-sample tensor of shape S becomes a tensor [N, S...], a shared one stays as it
/// is: an initialiser, with the name it has among `parameters`. Operations that the output does not
/// depend on are left out. Throws Error for an operation or option that ONNX cannot express, naming
/// it and the module it ran in.
OnnxGraph translate(const Trace& trace, const Tensor& input, const Tensor& output,
                    const std::vector<NamedTensor>& parameters);

}  // namespace fovea
