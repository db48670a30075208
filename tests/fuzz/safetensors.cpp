#include "core/safetensors.h"

#include <string_view>

#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "safetensors";

namespace {

Bytes file(std::string_view header, std::size_t data_bytes) {
  Bytes out(8);
  for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(header.size() >> 8 * i);
  out.insert(out.end(), header.begin(), header.end());
  out.resize(out.size() + data_bytes, 0x3c);
  return out;
}

}  // namespace

// The first is ours, with a checksum that nearly every change breaks; the others have none.
std::vector<Bytes> seeds() {
  return {
      encode_safetensors({{{"conv.weight", {{2, 3}, {1, 2, 3, 4, 5, 6}}}, {"b", {{}, {7}}}}, {}}),
      file(R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", 16),
      file(R"({"__metadata__":{"k":"v\n\u00e9"},"a":{"dtype":"F16","shape":[3],"data_offsets":)"
           R"([0,6]},"b":{"dtype":"BF16","shape":[1,1],"data_offsets":[6,8]}} )",
           8),
      file(R"({"d":{"dtype":"F64","shape":[],"data_offsets":[0,8]}})", 8),
  };
}

void run(std::span<const std::uint8_t> input) {
  // What was accepted must survive a round trip.
  encode_safetensors(parse_safetensors(input, "input"));
}

}  // namespace fovea::fuzz
