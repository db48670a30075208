#include "apps/onnx/export.h"

// The only file that includes ONNX's headers: they are heavy.
#define ONNX_NAMESPACE onnx
#define ONNX_ML 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>
#if __has_include(<onnx/defs/printer.h>)
#define FOVEA_ONNX_KNOWS_OPSET_16  // from 1.11 on; Ubuntu 22.04 has 1.7
#endif
#pragma GCC diagnostic pop

#include <bit>
#include <charconv>
#include <nlohmann/json.hpp>

#include "apps/shell/json.h"
#include "core/autograd.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/step.h"
#include "data/image.h"

namespace fovea {

namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

void fill_attribute(onnx::AttributeProto& out, const OnnxAttribute& attribute) {
  out.set_name(attribute.name);
  if (const auto* whole = std::get_if<std::int64_t>(&attribute.value)) {
    out.set_type(onnx::AttributeProto::INT);
    out.set_i(*whole);
  } else if (const auto* real = std::get_if<float>(&attribute.value)) {
    out.set_type(onnx::AttributeProto::FLOAT);
    out.set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    out.set_type(onnx::AttributeProto::STRING);
    out.set_s(*text);
  } else {
    out.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : std::get<std::vector<std::int64_t>>(attribute.value))
      out.add_ints(value);
  }
}

void fill_constant(onnx::TensorProto& out, const OnnxConstant& constant) {
  out.set_name(constant.name);
  for (const std::int64_t extent : constant.shape) out.add_dims(extent);
  const bool real = std::holds_alternative<std::vector<float>>(constant.values);
  out.set_data_type(real ? onnx::TensorProto::FLOAT : onnx::TensorProto::INT64);
  std::visit(
      [&](const auto& values) {
        out.set_raw_data(values.data(), values.size() * sizeof values[0]);
      },
      constant.values);
}

void fill_value(onnx::ValueInfoProto& out, const std::string& name, const Shape& shape) {
  out.set_name(name);
  auto* type = out.mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  type->mutable_shape()->add_dim()->set_dim_param("N");
  for (const int extent : shape) type->mutable_shape()->add_dim()->set_dim_value(extent);
}

onnx::ModelProto make_proto(const OnnxGraph& graph, const OnnxInfo& info) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  auto* opset = model.add_opset_import();
  opset->set_domain("");
  opset->set_version(16);
  model.set_producer_name("fovea");
  model.set_doc_string(info.doc);
  for (const auto& [key, value] : info.metadata) {
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  onnx::GraphProto& out = *model.mutable_graph();
  out.set_name(info.graph_name);
  fill_value(*out.add_input(), graph.input, graph.input_shape);
  fill_value(*out.add_output(), graph.output, graph.output_shape);
  for (const OnnxConstant& constant : graph.constants)
    fill_constant(*out.add_initializer(), constant);
  for (const OnnxNode& node : graph.nodes) {
    onnx::NodeProto& n = *out.add_node();
    n.set_op_type(node.type);
    n.set_name(node.name);
    for (const std::string& input : node.inputs) n.add_input(input);
    for (const std::string& output : node.outputs) n.add_output(output);
    for (const OnnxAttribute& attribute : node.attributes)
      fill_attribute(*n.add_attribute(), attribute);
  }
  return model;
}

// Error messages are one line.
[[maybe_unused]] std::string on_one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

void check([[maybe_unused]] const onnx::ModelProto& model) {
#ifdef FOVEA_ONNX_KNOWS_OPSET_16
  try {
    onnx::checker::check_model(model);
    onnx::ModelProto inferred = model;
    const onnx::ShapeInferenceOptions strict{true, 1, false};
    onnx::shape_inference::InferShapes(inferred, onnx::OpSchemaRegistry::Instance(), strict);
  } catch (const std::exception& error) {
    fail("ONNX export: the ONNX checker refuses the graph: ", on_one_line(error.what()));
  }
#endif
}

std::string list(const std::vector<float>& values) {
  std::string out;
  for (const float value : values) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);  // the shortest exact form
    out += (out.empty() ? "" : ",") + std::string(text, end.ptr);
  }
  return out;
}

OnnxInfo info_of(const ModelInfo& model) {
  OnnxInfo info;
  info.graph_name = model.name;
  const Shape& s = model.input;
  info.doc = cat("Input: images as [N, ", s[0], ", ", s[1], ", ", s[2],
                 "], normalised per channel: (pixel / 255 - mean) / stddev with mean ",
                 list(model.mean), " and stddev ", list(model.stddev),
                 ". Output: log-probabilities of ", model.classes(), " classes.");
  info.metadata = {{"model", model.name},
                   {"mean", list(model.mean)},
                   {"stddev", list(model.stddev)},
                   {"class_names", dump_json(model.class_names)}};
  return info;
}

// Pictures of soft blobs: more like real ones than noise is.
std::vector<std::uint8_t> blobs(const Shape& shape, int count) {
  Random random(1);
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < count * shape[0]; ++i) {
    Image small{6, 6, 1, {}};
    for (int k = 0; k < 36; ++k)
      small.pixels.push_back(random.below(3) ? 0 : static_cast<std::uint8_t>(random.below(256)));
    const Image plane = resize(small, shape[2], shape[1]);
    pixels.insert(pixels.end(), plane.pixels.begin(), plane.pixels.end());
  }
  return pixels;
}

}  // namespace

bool onnx_is_checked() {
#ifdef FOVEA_ONNX_KNOWS_OPSET_16
  return true;
#else
  return false;
#endif
}

OnnxGraph onnx_graph(const Module& network, const Shape& input_shape) {
  require(!network.training(),
          "ONNX export: the network is in training mode; call eval() before the export");
  const NoGrad guard;
  const Trace trace;
  const Tensor input = Tensor::zeros(input_shape, true);
  return translate(trace, input, network(input), network.named_parameters());
}

std::vector<std::uint8_t> encode_onnx(const OnnxGraph& graph, const OnnxInfo& info) {
  const onnx::ModelProto model = make_proto(graph, info);
  check(model);
  std::vector<std::uint8_t> bytes(model.ByteSizeLong());
  google::protobuf::io::ArrayOutputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream stream(&array);
  stream.SetSerializationDeterministic(true);
  require(model.SerializeToCodedStream(&stream), "ONNX export: the model could not be encoded");
  return bytes;
}

void export_onnx(const std::string& path, const Model& model) {
  model.network->eval();
  write_file_atomically(
      path, encode_onnx(onnx_graph(*model.network, model.info.input), info_of(model.info)));
}

void write_samples(const std::string& path, const Model& model, int count) {
  require(count > 0 && count <= 4096, "samples: their number must be 1 to 4096, got ", count);
  model.network->eval();
  const ModelInfo& info = model.info;
  const std::vector<std::uint8_t> pixels = blobs(info.input, count);
  Shape shape = {count};
  for (const int extent : info.input) shape.append(extent);
  SafeTensor images{shape, {}}, outputs{{count, info.classes()}, {}};
  const Batch batch = batch_of(info, pixels);
  const NoGrad guard;
  for (int index = 0; index < tile_count(count); ++index) {
    const Tile tile = make_tile(batch, index);
    const Tensor log_probabilities = (*model.network)(tile.images);
    const auto append = [&](const Tensor& from, std::vector<float>& to) {
      for (int lane = 0; lane < tile.valid; ++lane)
        for (int i = 0; i < from.size(); ++i) to.push_back(static_cast<float>(from[i][lane]));
    };
    append(tile.images, images.values);
    append(log_probabilities, outputs.values);
  }
  write_safetensors(path, {{{"images", images}, {"log_probabilities", outputs}}, {}});
}

}  // namespace fovea
