#include "apps/onnx/graph.h"

#include <algorithm>
#include <cmath>

#include "apps/onnx/builder.h"

namespace fovea {

std::vector<std::int64_t> onnx_shape(const Shape& shape, bool per_sample) {
  std::vector<std::int64_t> out(shape.begin(), shape.end());
  if (per_sample) out.insert(out.begin(), -1);
  return out;
}

OnnxBuilder::OnnxBuilder(OnnxGraph& graph, const std::vector<NamedTensor>& parameters)
    : graph_(graph) {
  for (const NamedTensor& p : parameters) {
    parameter_names_[p.tensor.data()] = p.name;
    used_.insert(p.name);
  }
}

void OnnxBuilder::begin(const TracedOp& op) {
  op_ = &op;
}

std::string OnnxBuilder::unique(const std::string& wish) {
  std::string name = wish;
  for (int i = 2; !used_.insert(name).second; ++i) name = cat(wish, "_", i);
  return name;
}

void OnnxBuilder::define(const Tensor& tensor, const std::string& name) {
  used_.insert(name);
  values_[tensor.data()].emplace_back(tensor.shape(), name);
}

std::string OnnxBuilder::value(const Tensor& tensor) {
  return value_as(tensor, tensor.shape());
}

std::string OnnxBuilder::value_as(const Tensor& tensor, const Shape& shape) {
  auto& known = values_[tensor.data()];
  for (const auto& [known_shape, name] : known)
    if (known_shape == shape) return name;
  if (!known.empty()) {
    known.emplace_back(shape, reshape(known[0].second, onnx_shape(shape, tensor.is_per_sample())));
    return known.back().second;
  }
  require(!tensor.is_per_sample(), "ONNX export: an input of \"", op_ ? op_->op : "the network",
          "\", ", tensor, op_ && !op_->module.empty() ? cat(" in ", op_->module) : std::string(),
          ", was made without a recorded operation; compute it from the network's input");
  const auto parameter = parameter_names_.find(tensor.data());
  std::string name = parameter == parameter_names_.end() ? unique("constant") : parameter->second;
  graph_.constants.push_back({name, onnx_shape(tensor.shape(), false),
                              std::vector<float>(tensor.data(), tensor.data() + tensor.size())});
  known.emplace_back(tensor.shape(), name);
  return value_as(tensor, shape);
}

std::string OnnxBuilder::add(const std::string& type, const std::vector<std::string>& inputs,
                             std::vector<OnnxAttribute> attributes) {
  const std::string name = unique(op_ && !op_->module.empty() ? cat(op_->module, "/", type) : type);
  graph_.nodes.push_back({type, name, inputs, {name}, std::move(attributes)});
  return name;
}

std::string OnnxBuilder::reshape(const std::string& x, const std::vector<std::int64_t>& shape) {
  return add("Reshape", {x, indices(shape)});
}

std::string OnnxBuilder::constant(const std::vector<std::int64_t>& shape,
                                  std::vector<float> values) {
  for (const OnnxConstant& c : graph_.constants)
    if (c.shape == shape && std::holds_alternative<std::vector<float>>(c.values) &&
        std::get<std::vector<float>>(c.values) == values && c.name.starts_with("constant"))
      return c.name;
  graph_.constants.push_back({unique("constant"), shape, std::move(values)});
  return graph_.constants.back().name;
}

std::string OnnxBuilder::indices(const std::vector<std::int64_t>& values) {
  for (const OnnxConstant& c : graph_.constants)
    if (const auto* same = std::get_if<std::vector<std::int64_t>>(&c.values))
      if (*same == values) return c.name;
  graph_.constants.push_back({unique("shape"), {static_cast<std::int64_t>(values.size())}, values});
  return graph_.constants.back().name;
}

namespace {

// Drops nodes and constants that the output does not depend on.
void prune(OnnxGraph& graph) {
  std::set<std::string> wanted = {graph.output};
  std::vector<OnnxNode> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!wanted.contains(node->outputs[0])) continue;
    wanted.insert(node->inputs.begin(), node->inputs.end());
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
  std::erase_if(graph.constants, [&](const OnnxConstant& c) { return !wanted.contains(c.name); });
}

bool same_value(const Tensor& a, const Tensor& b) {
  return a.data() == b.data() && a.shape() == b.shape();
}

const OnnxTranslation& translation_of(const TracedOp& op) {
  for (const OnnxTranslations* table : {&onnx_layers(), &onnx_arithmetic()})
    if (const auto entry = table->find(op.op); entry != table->end()) return entry->second;
  fail("ONNX export: the operation \"", op.op, "\"",
       op.module.empty() ? std::string() : cat(" in ", op.module),
       " cannot be expressed; leave it out of the network, or add it to "
       "apps/onnx/layers.cpp");
}

}  // namespace

OnnxGraph translate(const Trace& trace, const Tensor& input, const Tensor& output,
                    const std::vector<NamedTensor>& parameters) {
  require(input.is_per_sample() && output.is_per_sample(),
          "ONNX export: input and output must be per sample, got ", input, " and ", output);
  OnnxGraph graph;
  graph.input = "images";
  graph.input_shape = input.shape();
  graph.output_shape = output.shape();
  OnnxBuilder builder(graph, parameters);
  builder.define(input, graph.input);
  std::string last_op = "output";
  for (const TracedOp* op : needed_operations(trace, output)) {
    builder.begin(*op);
    const OnnxTranslation& translate_op = translation_of(*op);
    try {
      builder.define(op->output, translate_op(builder, *op));
    } catch (const Error& error) {
      if (std::string_view(error.what()).starts_with("ONNX export")) throw;
      fail("ONNX export: ", op->op, op->module.empty() ? "" : " in ", op->module, ": ",
           error.what());
    }
    if (same_value(op->output, output)) last_op = op->op;
  }
  graph.output = last_op == "log_softmax" ? "log_probabilities"
                 : last_op == "softmax"   ? "probabilities"
                                          : "output";
  graph.nodes.push_back({"Identity", graph.output, {builder.value(output)}, {graph.output}, {}});
  prune(graph);
  // The last node can take the output's name itself, unless its value is used elsewhere too.
  const std::string renamed = graph.nodes.back().inputs[0];
  const auto uses = [&](const OnnxNode& node) {
    return std::count(node.inputs.begin(), node.inputs.end(), renamed) > 0;
  };
  if (renamed != graph.input && std::count_if(graph.nodes.begin(), graph.nodes.end(), uses) == 1) {
    graph.nodes.pop_back();
    for (OnnxNode& node : graph.nodes)
      if (node.outputs[0] == renamed) node.outputs[0] = graph.output;
  }
  return graph;
}

}  // namespace fovea
