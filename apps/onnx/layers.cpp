// How the layers of this library are said in ONNX (opset 16).
#include <algorithm>
#include <cmath>

#include "apps/onnx/builder.h"
#include "layers/affine_grid.h"
#include "layers/extent2.h"
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

// Padding at both ends, and behind it as much as the last window of ceil_mode reaches over: then
// the sizes are the same without, and nobody's own idea of ceil_mode matters.
Ints pool_padding(const TracedOp& op, const Ints& kernel, const Ints& dilation) {
  const Ints stride = op.attributes.integers("stride");
  Ints pads = both_ends(op.attributes.integers("padding"));
  for (std::size_t d = 0; d < 2; ++d) {
    const int i = static_cast<int>(d) + 1;
    const std::int64_t reach =
        (op.output.shape()[i] - 1) * stride[d] +
        window_reach(static_cast<int>(kernel[d]), static_cast<int>(dilation[d]));
    pads[d + 2] = std::max(pads[d + 2], reach - op.inputs[0].shape()[i] - pads[d]);
  }
  return pads;
}

std::string as_max_pool2d(OnnxBuilder& b, const TracedOp& op) {
  const Ints kernel = op.attributes.integers("kernel"),
             dilation = op.attributes.integers("dilation");
  return b.add("MaxPool", {b.value(op.inputs[0])},
               {{"kernel_shape", kernel},
                {"strides", op.attributes.integers("stride")},
                {"pads", pool_padding(op, kernel, dilation)},
                {"dilations", dilation}});
}

std::string as_avg_pool2d(OnnxBuilder& b, const TracedOp& op) {
  const Ints kernel = op.attributes.integers("kernel"), pads = pool_padding(op, kernel, {1, 1});
  const bool include = op.attributes.flag("count_include_pad");
  require(!include || pads == both_ends(op.attributes.integers("padding")),
          "ONNX export: avg_pool2d with ceil_mode counts padding, but not what is beyond it, which "
          "cannot be expressed; set count_include_pad to false");
  return b.add("AveragePool", {b.value(op.inputs[0])},
               {{"kernel_shape", kernel},
                {"strides", op.attributes.integers("stride")},
                {"pads", pads},
                {"count_include_pad", std::int64_t{include}}});
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

std::string as_pad(OnnxBuilder& b, const TracedOp& op) {
  const std::string& mode = op.attributes.text("mode");
  require(mode != "circular", "ONNX export: pad in mode circular cannot be expressed in opset 16");
  Ints pads;
  for (const char* end : {"before", "after"}) {
    if (op.inputs[0].is_per_sample()) pads.push_back(0);
    for (const std::int64_t pad : op.attributes.integers(end)) pads.push_back(pad);
  }
  return b.add("Pad",
               {b.value(op.inputs[0]), b.indices(pads),
                b.constant(static_cast<float>(op.attributes.number("value")))},
               {{"mode", mode == "replicate" ? std::string("edge") : mode}});
}

std::string as_interpolate(OnnxBuilder& b, const TracedOp& op) {
  const std::string& mode = op.attributes.text("mode");
  const bool nearest = mode == "nearest", corners = op.attributes.flag("align_corners");
  std::vector<float> scales = {1, 1};
  for (int i : {1, 2}) {
    const double in = op.inputs[0].shape()[i], out = op.output.shape()[i];
    const double step = op.attributes.number(i == 1 ? "step_h" : "step_w");
    float scale = static_cast<float>(corners ? out / in : 1 / step);
    while (std::floor(in * scale) < out) scale = std::nextafter(scale, 2 * scale);
    scales.push_back(scale);
  }
  return b.add("Resize", {b.value(op.inputs[0]), "", b.constant({4}, scales)},
               {{"mode", std::string(nearest              ? "nearest"
                                     : mode == "bilinear" ? "linear"
                                                          : "cubic")},
                {"coordinate_transformation_mode", std::string(nearest   ? "asymmetric"
                                                               : corners ? "align_corners"
                                                                         : "half_pixel")},
                {"nearest_mode", std::string("floor")},
                {"cubic_coeff_a", -0.75f}});
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
      {"interpolate", as_interpolate},
      {"linear", as_linear},
      {"max_pool2d", as_max_pool2d},
      {"pad", as_pad},
  };
  return table;
}

}  // namespace fovea
