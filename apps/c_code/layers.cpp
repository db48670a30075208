// How the layers of this library are said in C: calls of the functions in functions.cpp.
#include "apps/c_code/builder.h"
#include "core/error.h"
#include "layers/sampling.h"

namespace fovea {

namespace {

using Arguments = std::vector<std::string>;

// Appends numbers as text.
template <class... Numbers>
void append(Arguments& arguments, Numbers... numbers) {
  (arguments.push_back(std::to_string(numbers)), ...);
}

// Both directions of these attributes.
void append_pairs(Arguments& arguments, const TracedOp& op,
                  std::initializer_list<const char*> names) {
  for (const char* name : names)
    for (const std::int64_t value : op.attributes.integers(name)) append(arguments, value);
}

void append_shape(Arguments& arguments, const Shape& shape) {
  for (const int extent : shape) append(arguments, extent);
}

void conv2d(CBuilder& b) {
  const TracedOp& op = b.op();
  Arguments arguments = {b.input(2), b.input(0)};
  append_shape(arguments, op.inputs[0].shape());
  arguments.push_back(b.output());
  append_shape(arguments, op.output.shape());
  append(arguments, op.inputs[1].shape()[2], op.inputs[1].shape()[3]);
  append_pairs(arguments, op, {"stride", "padding", "dilation"});
  append(arguments, op.attributes.integer("groups"));
  b.call_with_weights("conv2d", arguments);
}

void linear(CBuilder& b) {
  const TracedOp& op = b.op();
  b.call_with_weights("linear", {b.input(2), b.input(0), cat(op.inputs[0].size()), b.output(),
                                 cat(op.output.size())});
}

// [n, k] times [k, m]; vectors are rows on the left and columns on the right.
void matmul(CBuilder& b) {
  const Shape &x = b.op().inputs[0].shape(), &y = b.op().inputs[1].shape();
  require(x.rank() <= 2 && y.rank() <= 2, "C export: matmul of ", x, " and ", y,
          " is not known; use matrices or vectors");
  const int k = x[x.rank() - 1];
  b.call("matmul",
         {b.input(0), b.input(1), b.output(), cat(x.size() / k), cat(k), cat(y.size() / k)});
}

void pool(CBuilder& b, std::initializer_list<const char*> attributes, const char* flag = nullptr) {
  const TracedOp& op = b.op();
  Arguments arguments = {b.input(0)};
  append_shape(arguments, op.inputs[0].shape());
  arguments.push_back(b.output());
  append(arguments, op.output.shape()[1], op.output.shape()[2]);
  append_pairs(arguments, op, attributes);
  if (flag) append(arguments, int{op.attributes.flag(flag)});
  b.call(op.op, arguments);
}

void affine_grid(CBuilder& b) {
  const TracedOp& op = b.op();
  b.call("affine_grid", {b.input(0), b.output(), cat(op.output.shape()[0]),
                         cat(op.output.shape()[1]), cat(int{op.attributes.flag("align_corners")})});
}

void grid_sample(CBuilder& b) {
  const TracedOp& op = b.op();
  const std::string& padding = op.attributes.text("padding");
  const bool zeros = padding == name_of(Padding::zeros);
  Arguments arguments = {b.input(0)};
  append_shape(arguments, op.inputs[0].shape());
  arguments.insert(arguments.end(), {b.input(1), b.output()});
  append(arguments, op.inputs[1].size() / 2,
         zeros                                 ? 0
         : padding == name_of(Padding::border) ? 1
                                               : 2);
  arguments.push_back(c_literal(zeros ? op.attributes.number("fill") : 0));
  append(arguments, int{op.attributes.flag("align_corners")});
  b.call("grid_sample_" + op.attributes.text("mode"), arguments);
}

void group_norm(CBuilder& b) {
  const TracedOp& op = b.op();
  const int channels = op.inputs[0].shape()[0];
  b.call("group_norm", {b.input(0), b.input(1), b.input(2), b.output(), cat(channels),
                        cat(op.output.size() / channels), cat(op.attributes.integer("groups")),
                        c_literal(op.attributes.number("eps"))});
}

void softmax(CBuilder& b) {
  const Shape& shape = b.op().output.shape();
  const int dim = b.dim();
  int outer = 1, inner = 1;
  for (int d = 0; d < shape.rank(); ++d) (d < dim ? outer : inner) *= d == dim ? 1 : shape[d];
  b.call(b.op().op, {b.input(0), b.output(), cat(outer), cat(shape[dim]), cat(inner)});
}

}  // namespace

const CTranslations& c_layers() {
  static const CTranslations table = {
      {"adaptive_avg_pool2d", [](CBuilder& b) { pool(b, {}); }},
      {"affine_grid", affine_grid},
      {"avg_pool2d",
       [](CBuilder& b) {
         pool(b, {"kernel", "stride", "padding"}, "count_include_pad");
       }},
      {"conv2d", conv2d},
      {"grid_sample", grid_sample},
      {"group_norm", group_norm},
      {"linear", linear},
      {"log_softmax", softmax},
      {"matmul", matmul},
      {"max_pool2d",
       [](CBuilder& b) {
         pool(b, {"kernel", "stride", "padding", "dilation"});
       }},
      {"softmax", softmax},
  };
  return table;
}

}  // namespace fovea
