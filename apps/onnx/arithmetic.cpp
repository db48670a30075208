// How arithmetic, activations and moves of elements are said in ONNX (opset 16).
#include <algorithm>
#include <cmath>

#include "apps/onnx/builder.h"

namespace fovea {

namespace {

using Ints = std::vector<std::int64_t>;

// The axis of an ONNX tensor for a dimension of one sample.
std::int64_t axis(const TracedOp& op, std::int64_t dim) {
  return dim >= 0 && op.inputs[0].is_per_sample() ? dim + 1 : dim;
}

OnnxTranslation unary(const char* type) {
  return
      [type](OnnxBuilder& b, const TracedOp& op) { return b.add(type, {b.value(op.inputs[0])}); };
}

// Operands are aligned at the last dimension; a sample of lower rank than the result needs extents
// of 1 between the batch and its own.
std::string aligned(OnnxBuilder& b, const Tensor& x, int rank) {
  if (!x.is_per_sample() || x.shape().rank() == rank) return b.value(x);
  Shape shape;
  for (int i = x.shape().rank(); i < rank; ++i) shape.append(1);
  for (const int extent : x.shape()) shape.append(extent);
  return b.value_as(x, shape);
}

OnnxTranslation binary(const char* type) {
  return [type](OnnxBuilder& b, const TracedOp& op) {
    const int rank = op.output.shape().rank();
    return b.add(type, {aligned(b, op.inputs[0], rank), aligned(b, op.inputs[1], rank)});
  };
}

std::string as_leaky_relu(OnnxBuilder& b, const TracedOp& op) {
  return b.add("LeakyRelu", {b.value(op.inputs[0])},
               {{"alpha", static_cast<float>(op.attributes.number("slope"))}});
}

std::string as_elu(OnnxBuilder& b, const TracedOp& op) {
  return b.add("Elu", {b.value(op.inputs[0])},
               {{"alpha", static_cast<float>(op.attributes.number("alpha"))}});
}

// x * (1 + curve) / 2
std::string gated(OnnxBuilder& b, const std::string& x, const std::string& curve) {
  const std::string gate = b.add("Add", {curve, b.constant(1)});
  return b.add("Mul", {b.add("Mul", {x, gate}), b.constant(0.5f)});
}

std::string as_gelu(OnnxBuilder& b, const TracedOp& op) {
  const std::string x = b.value(op.inputs[0]);
  return gated(b, x, b.add("Erf", {b.add("Mul", {x, b.constant(0.70710678f)})}));
}

std::string as_gelu_tanh(OnnxBuilder& b, const TracedOp& op) {
  const std::string x = b.value(op.inputs[0]);
  const std::string cube = b.add("Mul", {b.add("Mul", {x, x}), x});
  const std::string sum = b.add("Add", {x, b.add("Mul", {cube, b.constant(0.044715f)})});
  return gated(b, x, b.add("Tanh", {b.add("Mul", {sum, b.constant(0.79788456f)})}));
}

std::string as_power(OnnxBuilder& b, const TracedOp& op) {
  return b.add("Pow", {b.value(op.inputs[0]),
                       b.constant(static_cast<float>(op.attributes.number("exponent")))});
}

std::string as_clamp(OnnxBuilder& b, const TracedOp& op) {
  return b.add("Clip",
               {b.value(op.inputs[0]), b.constant(static_cast<float>(op.attributes.number("low"))),
                b.constant(static_cast<float>(op.attributes.number("high")))});
}

std::string as_scale(OnnxBuilder& b, const TracedOp& op) {
  const float factor = static_cast<float>(op.attributes.number("factor"));
  const float offset = static_cast<float>(op.attributes.number("offset"));
  std::string x = b.value(op.inputs[0]);
  if (factor != 1) x = b.add("Mul", {x, b.constant(factor)});
  return offset == 0 && factor != 1 ? x : b.add("Add", {x, b.constant(offset)});
}

OnnxTranslation softmax(const char* type) {
  return [type](OnnxBuilder& b, const TracedOp& op) {
    return b.add(type, {b.value(op.inputs[0])}, {{"axis", axis(op, op.attributes.integer("dim"))}});
  };
}

std::string as_matmul(OnnxBuilder& b, const TracedOp& op) {
  const Tensor &x = op.inputs[0], &y = op.inputs[1];
  // ONNX would take a batch of vectors for a matrix.
  const bool x_vectors = x.is_per_sample() && x.shape().rank() == 1 && y.is_per_sample();
  const bool y_vectors = y.is_per_sample() && y.shape().rank() == 1;
  const std::string product =
      b.add("MatMul", {x_vectors ? b.value_as(x, {1, x.size()}) : b.value(x),
                       y_vectors ? b.value_as(y, {y.size(), 1}) : b.value(y)});
  if (!x_vectors && !y_vectors) return product;
  return b.reshape(product, onnx_shape(op.output.shape(), true));
}

std::string as_reshape(OnnxBuilder& b, const TracedOp& op) {
  return b.value_as(op.inputs[0], op.output.shape());
}

std::string as_reduce(OnnxBuilder& b, const TracedOp& op) {
  Ints axes = op.attributes.integers("dims");
  for (std::int64_t& dim : axes) dim = axis(op, dim);
  const std::string x = b.value(op.inputs[0]);
  if (axes.empty()) return b.add("Identity", {x});  // no axes would mean all of them
  const std::int64_t keep = op.attributes.flag("keepdim");
  if (op.op == "sum") return b.add("ReduceSum", {x, b.indices(axes)}, {{"keepdims", keep}});
  const char* type = op.op == "amax" ? "ReduceMax" : op.op == "amin" ? "ReduceMin" : "ReduceMean";
  return b.add(type, {x}, {{"axes", axes}, {"keepdims", keep}});
}

// A shared tensor for each sample of the batch that `like`, a per-sample tensor, has.
std::string repeated(OnnxBuilder& b, const Tensor& shared, const Tensor& like) {
  const std::string batch = b.add("Shape", {b.value(like)}, {{"end", std::int64_t{1}}});
  const Ints sample(shared.shape().begin(), shared.shape().end());
  const std::string shape =
      sample.empty() ? batch
                     : b.add("Concat", {batch, b.indices(sample)}, {{"axis", std::int64_t{0}}});
  return b.add("Expand", {b.value(shared), shape});
}

std::string as_concatenate(OnnxBuilder& b, const TracedOp& op) {
  const auto sample = std::find_if(op.inputs.begin(), op.inputs.end(),
                                   [](const Tensor& x) { return x.is_per_sample(); });
  std::vector<std::string> inputs;
  for (const Tensor& x : op.inputs)
    inputs.push_back(x.is_per_sample() || !op.output.is_per_sample() ? b.value(x)
                                                                     : repeated(b, x, *sample));
  const std::int64_t dim = op.attributes.integer("dim");  // of a sample
  return b.add("Concat", inputs, {{"axis", op.output.is_per_sample() && dim >= 0 ? dim + 1 : dim}});
}

std::string as_slice(OnnxBuilder& b, const TracedOp& op) {
  return b.add("Slice", {b.value(op.inputs[0]), b.indices({op.attributes.integer("begin")}),
                         b.indices({op.attributes.integer("end")}),
                         b.indices({axis(op, op.attributes.integer("dim"))}),
                         b.indices({op.attributes.integer("step")})});
}

std::string as_transpose(OnnxBuilder& b, const TracedOp& op) {
  Ints order;
  if (op.inputs[0].is_per_sample()) order.push_back(0);
  for (const std::int64_t dim : op.attributes.integers("order")) order.push_back(axis(op, dim));
  return b.add("Transpose", {b.value(op.inputs[0])}, {{"perm", order}});
}

std::string as_softplus(OnnxBuilder& b, const TracedOp& op) {
  require(op.attributes.number("beta") == 1,
          "ONNX export: softplus with another beta than 1 cannot be expressed");
  return b.add("Softplus", {b.value(op.inputs[0])});
}

std::string as_silu(OnnxBuilder& b, const TracedOp& op) {
  const std::string x = b.value(op.inputs[0]);
  return b.add("Mul", {x, b.add("Sigmoid", {x})});
}

std::string as_where(OnnxBuilder& b, const TracedOp& op) {
  const int rank = op.output.shape().rank();
  const std::string taken =
      b.add("Cast", {aligned(b, op.inputs[0], rank)}, {{"to", std::int64_t{9}}});  // to BOOL
  return b.add("Where", {taken, aligned(b, op.inputs[1], rank), aligned(b, op.inputs[2], rank)});
}

// A comparison as numbers.
OnnxTranslation comparison(const char* type) {
  return [type](OnnxBuilder& b, const TracedOp& op) {
    return b.add("Cast", {binary(type)(b, op)}, {{"to", std::int64_t{1}}});  // to FLOAT
  };
}

OnnxTranslation extremum(const char* type) {
  return [type](OnnxBuilder& b, const TracedOp& op) {
    return b.add(type, {b.value(op.inputs[0])},
                 {{"axes", Ints{axis(op, op.attributes.integer("dim"))}},
                  {"keepdims", std::int64_t{op.attributes.flag("keepdim")}}});
  };
}

OnnxTranslation extremum_index(const char* type) {
  return [type](OnnxBuilder& b, const TracedOp& op) {
    const std::string index = b.add(type, {b.value(op.inputs[0])},
                                    {{"axis", axis(op, op.attributes.integer("dim"))},
                                     {"keepdims", std::int64_t{op.attributes.flag("keepdim")}}});
    return b.add("Cast", {index}, {{"to", std::int64_t{1}}});  // to FLOAT
  };
}

}  // namespace

const OnnxTranslations& onnx_arithmetic() {
  static const OnnxTranslations table = {
      {"abs", unary("Abs")},
      {"add", binary("Add")},
      {"amax", as_reduce},
      {"amin", as_reduce},
      {"argmax", extremum_index("ArgMax")},
      {"argmin", extremum_index("ArgMin")},
      {"clamp", as_clamp},
      {"concatenate", as_concatenate},
      {"cos", unary("Cos")},
      {"divide", binary("Div")},
      {"elu", as_elu},
      {"exp", unary("Exp")},
      {"gelu", as_gelu},
      {"gelu_tanh", as_gelu_tanh},
      {"greater", comparison("Greater")},
      {"leaky_relu", as_leaky_relu},
      {"less", comparison("Less")},
      {"log", unary("Log")},
      {"log_softmax", softmax("LogSoftmax")},
      {"matmul", as_matmul},
      {"max", extremum("ReduceMax")},
      {"maximum", binary("Max")},
      {"mean", as_reduce},
      {"min", extremum("ReduceMin")},
      {"minimum", binary("Min")},
      {"multiply", binary("Mul")},
      {"negate", unary("Neg")},
      {"permute", as_transpose},
      {"power", as_power},
      {"prelu", binary("PRelu")},
      {"relu", unary("Relu")},
      {"reshape", as_reshape},
      {"scale", as_scale},
      {"sigmoid", unary("Sigmoid")},
      {"silu", as_silu},
      {"sin", unary("Sin")},
      {"slice", as_slice},
      {"softmax", softmax("Softmax")},
      {"softplus", as_softplus},
      {"sqrt", unary("Sqrt")},
      {"subtract", binary("Sub")},
      {"sum", as_reduce},
      {"tanh", unary("Tanh")},
      {"transpose", as_transpose},
      {"where", as_where},
  };
  return table;
}

}  // namespace fovea
