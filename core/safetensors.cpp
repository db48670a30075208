#include "core/safetensors.h"

#include <bit>
#include <cstring>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/safetensors_header.h"

namespace fovea {

using namespace safetensors_internal;

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

namespace {

std::string header_text(const SafeTensors& content) {
  std::string json(checksum_start);
  json.append(checksum_digits, '0');
  json += '"';
  for (const auto& [key, text] : content.metadata)
    if (key != checksum_key)
      json += cat(",", json_string(key, "metadata key"), ":", json_string(text, "metadata"));
  json += '}';

  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : content.tensors) {
    require(name != metadata_name, "safetensors: a tensor cannot be called ", shown(name),
            "; rename it");
    require(names.insert(name).second, "safetensors: two tensors are called ", shown(name),
            "; rename one");
    require(tensor.values.size() == static_cast<std::size_t>(tensor.shape.size()),
            "safetensors: tensor ", shown(name), " has shape ", tensor.shape, " but ",
            tensor.values.size(), " values");
    const std::uint64_t end = offset + tensor.values.size() * sizeof(float);
    json +=
        cat(",", json_string(name, "tensor name"), ":{\"dtype\":\"F32\",\"shape\":", tensor.shape,
            ",\"data_offsets\":[", offset, ",", end, "]}");
    offset = end;
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');  // so that the data is 8-byte aligned
  require(json.size() <= max_header_bytes, "safetensors: names and metadata take ", json.size(),
          " bytes, more than ", max_header_bytes, "; save fewer tensors a file");
  return json;
}

}  // namespace

const SafeTensor* SafeTensors::find(std::string_view name) const& {
  for (const auto& [candidate, tensor] : tensors)
    if (candidate == name) return &tensor;
  return nullptr;
}

std::vector<std::uint8_t> encode_safetensors(const SafeTensors& content) {
  const std::string json = header_text(content);
  std::size_t total = sizeof(std::uint64_t) + json.size();
  for (const auto& [name, tensor] : content.tensors) total += tensor.values.size() * sizeof(float);

  std::vector<std::uint8_t> file(total);
  std::uint8_t* out = file.data();
  const auto put = [&out](const void* bytes, std::size_t size) {
    if (size) std::memcpy(out, bytes, size);
    out += size;
  };
  const std::uint64_t length = json.size();
  put(&length, sizeof length);
  put(json.data(), json.size());
  for (const auto& [name, tensor] : content.tensors)
    put(tensor.values.data(), tensor.values.size() * sizeof(float));

  const std::string sum = file_checksum(file);
  std::memcpy(file.data() + sizeof length + checksum_start.size(), sum.data(), sum.size());
  return file;
}

void write_safetensors(const std::string& path, const SafeTensors& content) {
  write_file_atomically(path, encode_safetensors(content));
}

}  // namespace fovea
