// Networks as ONNX files, for onnxruntime and everything else that reads the format.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "apps/onnx/graph.h"

namespace fovea {

/// What an ONNX file says about itself.
struct OnnxInfo {
  std::string graph_name = "network";
  std::string doc;                              ///< for people
  std::map<std::string, std::string> metadata;  ///< metadata_props
};

/// The operations of one forward pass of `network` over images of `input_shape`, [C, H, W], as an
/// ONNX graph. The network must be in evaluation mode. Errors as translate().
OnnxGraph onnx_graph(const Module& network, const Shape& input_shape);

/// Whether the ONNX library that this was built with knows opset 16: an older one checks nothing.
bool onnx_is_checked();

/// The graph as an ONNX file in memory: IR version 8, opset 16, checked by the ONNX checker, where
/// onnx_is_checked(), with full inference of shapes. The same graph gives the same bytes. Throws
/// Error with the checker's complaint.
std::vector<std::uint8_t> encode_onnx(const OnnxGraph& graph, const OnnxInfo& info);

/// Writes `model` to `path`, whole or not at all. The input "images" [N, C, H, W] takes normalised
/// images, (pixel / 255 - mean) / stddev; mean, stddev and class names are in metadata_props and
/// the normalisation in doc_string. The output is "log_probabilities" [N, classes]. Leaves the
/// network in evaluation mode. Errors as above, and those of write_file_atomically().
void export_onnx(const std::string& path, const Model& model);

/// Writes `count` made-up images, normalised, as "images" and the network's answers to them as
/// "log_probabilities" into a safetensors file: what another runtime must compute as well. The same
/// images every time. Throws Error unless 1 <= count <= 4096, or if the file cannot be written.
void write_samples(const std::string& path, const Model& model, int count = 64);

}  // namespace fovea
