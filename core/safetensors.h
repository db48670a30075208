// Named arrays in a file that Python reads too: https://github.com/huggingface/safetensors.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/shape.h"

namespace fovea {

/// One array, row-major; values.size() == shape.size(). {} is a scalar, extents may be zero.
struct SafeTensor {
  Shape shape;
  std::vector<float> values;
};

/// The content of a file: arrays in file order and free-form text. Counters and the like live in
/// the metadata as text. Names are only ever compared, never used as paths.
struct SafeTensors {
  std::vector<std::pair<std::string, SafeTensor>> tensors;
  std::map<std::string, std::string> metadata;

  const SafeTensor* find(std::string_view name) const&;            ///< null if there is none
  const SafeTensor* find(std::string_view name) const&& = delete;  // of a temporary
};

/// Reads a file of at most 4 GiB. F32, F64, F16 and BF16 become float; PyTorch's counters
/// *num_batches_tracked are left out. Error: what read_file and
/// parse_safetensors say.
SafeTensors read_safetensors(const std::string& path);

/// The content of a file in memory; `name` is the file's name for messages. Error: not the format
/// (pickle, zip, HDF5, ... are recognised and named), header too long, not UTF-8 JSON, duplicate
/// names, holes or overlaps in the data, sizes that do not agree or overflow, more than six
/// dimensions, another dtype, an F64 beyond float's range, or the checksum that encode_safetensors
/// leaves does not match. Memory stays within a small multiple of the file's size.
SafeTensors parse_safetensors(std::span<const std::uint8_t> file, const std::string& name);

/// The bytes of a file: F32, data 8-byte aligned, and a CRC-32 over everything in the metadata
/// entry "fovea.crc32", so that any flipped bit is an Error on reading. (That entry is not shown
/// to readers of SafeTensors, and replaced if given.) The same input gives the same bytes.
/// Error: a name twice or "__metadata__", text that is not UTF-8, values that do not fit the shape.
std::vector<std::uint8_t> encode_safetensors(const SafeTensors& content);

/// encode_safetensors into write_file_atomically.
void write_safetensors(const std::string& path, const SafeTensors& content);

}  // namespace fovea
