// How the layers of this library are said in ONNX (opset 16).
#include "apps/onnx/builder.h"
#include "layers/affine_grid.h"
#include "layers/grid_sample.h"

namespace fovea {

namespace {

using Ints = std::vector<std::int64_t>;

// The same padding at both ends, as ONNX wants it.
Ints both_ends(Ints padding) {
  const Ints copy = padding;
  padding.insert(padding.end(), copy.begin(), copy.end());
  return padding;
}

std::string as_conv2d(OnnxBuilder& b, const TracedOp& op) {
  std::vector<std::string> inputs = {b.value(op.inputs[0]), b.value(op.inputs[1])};
  if (op.inputs[2]) inputs.push_back(b.value(op.inputs[2]));
  const Shape& weight = op.inputs[1].shape();
  return b.add("Conv", inputs,
               {{"kernel_shape", Ints{weight[2], weight[3]}},
                {"strides", op.attributes.integers("stride")},
                {"pads", both_ends(op.attributes.integers("padding"))},
                {"dilations", op.attributes.integers("dilation")},
                {"group", op.attributes.integer("groups")}});
}

std::string as_max_pool2d(OnnxBuilder& b, const TracedOp& op) {
  return b.add("MaxPool", {b.value(op.inputs[0])},
               {{"kernel_shape", op.attributes.integers("kernel")},
                {"strides", op.attributes.integers("stride")},
                {"pads", both_ends(op.attributes.integers("padding"))}});
}

std::string as_avg_pool2d(OnnxBuilder& b, const TracedOp& op) {
  const std::int64_t kernel = op.attributes.integer("kernel"),
                     stride = op.attributes.integer("stride"),
                     padding = op.attributes.integer("padding");
  return b.add("AveragePool", {b.value(op.inputs[0])},
               {{"kernel_shape", Ints{kernel, kernel}},
                {"strides", Ints{stride, stride}},
                {"pads", Ints(4, padding)},
                {"count_include_pad", std::int64_t{op.attributes.flag("count_include_pad")}}});
}

// Row i averages the elements of bin i (layers/avg_pool2d.h).
std::vector<float> bins(int extent, int count, bool transposed) {
  std::vector<float> weights(static_cast<std::size_t>(extent) * count);
  for (int i = 0; i < count; ++i) {
    const int begin = i * extent / count, end = ((i + 1) * extent + count - 1) / count;
    for (int k = begin; k < end; ++k)
      weights[transposed ? k * count + i : i * extent + k] = 1.0f / static_cast<float>(end - begin);
  }
  return weights;
}

std::string as_adaptive_avg_pool2d(OnnxBuilder& b, const TracedOp& op) {
  const Shape &in = op.inputs[0].shape(), &out = op.output.shape();
  const std::string x = b.value(op.inputs[0]);
  if (in[1] % out[1] == 0 && in[2] % out[2] == 0) {
    const Ints window = {in[1] / out[1], in[2] / out[2]};
    return b.add("AveragePool", {x}, {{"kernel_shape", window}, {"strides", window}});
  }
  const std::string rows = b.constant({out[1], in[1]}, bins(in[1], out[1], false));
  const std::string columns = b.constant({in[2], out[2]}, bins(in[2], out[2], true));
  return b.add("MatMul", {b.add("MatMul", {rows, x}), columns});
}

std::string as_linear(OnnxBuilder& b, const TracedOp& op) {
  const Tensor& x = op.inputs[0];
  std::vector<std::string> inputs = {b.value_as(x, {x.size()}), b.value(op.inputs[1])};
  if (op.inputs[2]) inputs.push_back(b.value(op.inputs[2]));
  return b.add("Gemm", inputs, {{"transB", std::int64_t{1}}});
}

std::string as_affine_grid(OnnxBuilder& b, const TracedOp& op) {
  const int height = op.output.shape()[0], width = op.output.shape()[1];
  const bool corners = op.attributes.flag("align_corners");
  std::vector<float> base;  // (x, y, 1) of every output pixel
  for (int i = 0; i < height; ++i)
    for (int j = 0; j < width; ++j)
      base.insert(base.end(), {static_cast<float>(normalised_coordinate(j, width, corners)),
                               static_cast<float>(normalised_coordinate(i, height, corners)), 1});
  const std::string theta = b.value_as(op.inputs[0], {2, 3});
  const std::string columns = b.add("Transpose", {theta}, {{"perm", Ints{0, 2, 1}}});
  const std::string points =
      b.add("MatMul", {b.constant({height * width, 3}, std::move(base)), columns});
  return b.reshape(points, {-1, height, width, 2});
}

std::string as_grid_sample(OnnxBuilder& b, const TracedOp& op) {
  const std::string& padding = op.attributes.text("padding");
  const float fill = static_cast<float>(op.attributes.number("fill"));
  const bool shift = fill != 0 && padding == name_of(Padding::zeros);
  std::string x = b.value(op.inputs[0]);
  // Sampling is linear with weights that sum to 1: zeros around x - fill are `fill` around x.
  if (shift) x = b.add("Sub", {x, b.constant(fill)});
  x = b.add("GridSample", {x, b.value(op.inputs[1])},
            {{"mode", op.attributes.text("mode")},
             {"padding_mode", padding},
             {"align_corners", std::int64_t{op.attributes.flag("align_corners")}}});
  return shift ? b.add("Add", {x, b.constant(fill)}) : x;
}

std::string as_volume_sampler(OnnxBuilder&, const TracedOp& op) {
  fail("ONNX export: ", op.op,
       " is of volumes, which GridSample of opset 16 cannot sample; leave "
       "it out of the network that is exported");
}

std::string as_group_norm(OnnxBuilder& b, const TracedOp& op) {
  const int groups = static_cast<int>(op.attributes.integer("groups"));
  const Shape& shape = op.inputs[0].shape();
  const auto each = [&](float value) {
    return b.constant({groups}, std::vector<float>(static_cast<std::size_t>(groups), value));
  };
  const std::string rows = b.reshape(b.value(op.inputs[0]), {-1, groups, shape.size() / groups});
  std::string y = b.add("InstanceNormalization", {rows, each(1), each(0)},
                        {{"epsilon", static_cast<float>(op.attributes.number("eps"))}});
  y = b.reshape(y, onnx_shape(shape, true));
  Shape channels = {shape[0]};
  for (int i = 1; i < shape.rank(); ++i) channels.append(1);
  if (op.inputs[1]) y = b.add("Mul", {y, b.value_as(op.inputs[1], channels)});
  if (op.inputs[2]) y = b.add("Add", {y, b.value_as(op.inputs[2], channels)});
  return y;
}

std::string as_dropout(OnnxBuilder&, const TracedOp& op) {
  fail("ONNX export: ", op.op, " ran; call eval() on the network before the export");
}

}  // namespace

const OnnxTranslations& onnx_layers() {
  static const OnnxTranslations table = {
      {"adaptive_avg_pool2d", as_adaptive_avg_pool2d},
      {"affine_grid", as_affine_grid},
      {"affine_grid3d", as_volume_sampler},
      {"avg_pool2d", as_avg_pool2d},
      {"conv2d", as_conv2d},
      {"dropout", as_dropout},
      {"dropout2d", as_dropout},
      {"grid_sample", as_grid_sample},
      {"grid_sample_volume", as_volume_sampler},
      {"group_norm", as_group_norm},
      {"linear", as_linear},
      {"max_pool2d", as_max_pool2d},
  };
  return table;
}

}  // namespace fovea
