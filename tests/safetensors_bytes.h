// Safetensors files put together by hand, right or wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/safetensors.h"

namespace fovea::testing {

/// A file of this header and data, with `length` as the header's length if it is given.
inline std::vector<std::uint8_t> safetensors_bytes(const std::string& json, const std::string& data,
                                                   std::uint64_t length = ~std::uint64_t{0}) {
  if (length == ~std::uint64_t{0}) length = json.size();
  std::vector<std::uint8_t> file(8);
  std::memcpy(file.data(), &length, 8);
  file.insert(file.end(), json.begin(), json.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

inline std::string in_bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// Whether names, shapes, bits of the values and metadata agree.
inline bool same(const SafeTensors& a, const SafeTensors& b) {
  if (a.metadata != b.metadata || a.tensors.size() != b.tensors.size()) return false;
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    const auto& [name, tensor] = a.tensors[i];
    const auto& [other_name, other] = b.tensors[i];
    if (name != other_name || !(tensor.shape == other.shape)) return false;
    if (in_bytes(tensor.values) != in_bytes(other.values)) return false;
  }
  return true;
}

}  // namespace fovea::testing
