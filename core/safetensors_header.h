// The JSON header of a safetensors file, and the checksum in it; used by core/safetensors*.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::safetensors_internal {

// The reference reader takes 100 MB, whose parsed form takes gigabytes; 2^16 tensors fit in this.
constexpr std::uint64_t max_header_bytes = 1 << 24;
constexpr std::size_t max_entries = 65536;  // of tensors, and of metadata
constexpr std::string_view metadata_name = "__metadata__";
constexpr std::string_view checksum_key = "fovea.crc32";

/// How the header of a file that Fovea wrote begins; eight hexadecimal digits follow. The seven
/// spaces are the mark: other writers never put them there (so a file that Python saved again with
/// our metadata is not checked against a stale sum), and no single flipped bit turns a space into
/// something that JSON allows there (so the mark cannot vanish unnoticed).
constexpr std::string_view checksum_mark = "{       ";
constexpr std::string_view checksum_start = "{       \"__metadata__\":{\"fovea.crc32\":\"";
constexpr std::size_t checksum_digits = 8;

struct Entry {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;  ///< at most Shape::max_rank extents
  std::uint64_t begin = 0;           ///< bytes from the start of the data
  std::uint64_t end = 0;
};

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

/// Parses the header's text without recursion. Error: not UTF-8 JSON, not of the format's form,
/// duplicate keys, too many dimensions; `file` names the file in it.
Header parse_header(std::string_view json, const std::string& file);

/// `text` as a JSON string, quotes included. Error: not UTF-8; `what` says what the text is.
std::string json_string(const std::string& text, std::string_view what);

/// A name from a file made fit for a one-line message: quoted, no control characters, not long.
std::string shown(std::string_view name);

/// CRC-32 of a whole file, but for the digits of its checksum, as eight hexadecimal digits. The
/// file's header must begin with checksum_start and the digits.
std::string file_checksum(std::span<const std::uint8_t> file);

}  // namespace fovea::safetensors_internal
