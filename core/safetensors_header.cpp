#include "core/safetensors_header.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/shape.h"

namespace fovea::safetensors_internal {

namespace {

using nlohmann::json;

// Receives the parser's events. A SAX handler, because the parsed form would silently keep one of
// two equal keys; the fixed form of the header also bounds the nesting.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  HeaderReader(Header& header, const std::string& file) : header_(header), file_(file) {}

  bool start_object(std::size_t) override {
    if (at_ == At::Start) {
      at_ = At::Root;
    } else if (at_ == At::Root && key_ == metadata_name) {
      at_ = At::Metadata;
    } else if (at_ == At::Root) {
      at_ = At::Tensor;
      require(header_.entries.size() < max_entries, file_, ": its header lists more than ",
              max_entries, " tensors; the file is damaged or forged");
      header_.entries.push_back({.name = key_, .dtype = {}, .shape = {}});
      seen_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(std::string& name) override {
    bool fresh = true;
    if (at_ == At::Root) {
      fresh = names_.insert(name).second;
    } else if (at_ == At::Metadata) {
      fresh = !header_.metadata.contains(name);
    } else {
      require(name == "dtype" || name == "shape" || name == "data_offsets", file_, ": tensor ",
              shown(tensor().name), " has an unknown field ", shown(name),
              "; this is not a safetensors file that can be understood");
      fresh = seen_.insert(name).second;
    }
    require(fresh, file_, ": the header has the key ", shown(name),
            " twice; the file is damaged or forged, save it again");
    key_ = std::move(name);
    return true;
  }

  bool end_object() override {
    if (at_ == At::Tensor)
      require(seen_.size() == 3, file_, ": tensor ", shown(tensor().name),
              " lacks dtype, shape or data_offsets; the file is damaged, save it again");
    at_ = at_ == At::Root ? At::Start : At::Root;
    return true;
  }

  bool start_array(std::size_t) override {
    if (at_ != At::Tensor || key_ == "dtype") unexpected("an array");
    at_ = key_ == "shape" ? At::Shape : At::Offsets;
    offsets_ = 0;
    return true;
  }

  bool end_array() override {
    if (at_ == At::Offsets && offsets_ != 2) wrong_offsets();
    at_ = At::Tensor;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (at_ == At::Shape) {
      require(tensor().shape.size() < Shape::max_rank, file_, ": tensor ", shown(tensor().name),
              " has more than ", Shape::max_rank, " dimensions; reshape it before saving");
      tensor().shape.push_back(value);
    } else if (at_ == At::Offsets) {
      if (offsets_ == 2) wrong_offsets();
      (offsets_++ == 0 ? tensor().begin : tensor().end) = value;
    } else {
      unexpected("a number");
    }
    return true;
  }

  bool string(std::string& text) override {
    if (at_ == At::Metadata) {
      require(header_.metadata.size() < max_entries, file_, ": its metadata has more than ",
              max_entries, " entries; the file is damaged or forged");
      header_.metadata.emplace(key_, std::move(text));
    } else if (at_ == At::Tensor && key_ == "dtype") {
      tensor().dtype = std::move(text);
    } else {
      unexpected("text");
    }
    return true;
  }

  bool number_integer(std::int64_t) override { unexpected("a negative number"); }
  bool number_float(double, const std::string&) override {
    unexpected("a fraction or huge number");
  }
  bool boolean(bool) override { unexpected("true or false"); }
  bool null() override { unexpected("null"); }
  bool binary(json::binary_t&) override { unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    // The parser's own message can repeat megabytes of the file.
    fail(file_, ": the header is not valid UTF-8 JSON at its byte ", position,
         "; the file is damaged or not a safetensors file");
  }

 private:
  enum class At { Start, Root, Metadata, Tensor, Shape, Offsets };

  Entry& tensor() { return header_.entries.back(); }

  [[noreturn]] void wrong_offsets() {
    fail(file_, ": tensor ", shown(tensor().name),
         " does not have exactly two data_offsets; the file is damaged, save it again");
  }

  [[noreturn]] void unexpected(std::string_view what) {
    fail(file_, ": the header has ", what, " where a safetensors file has none (near the key ",
         shown(key_), "); the file is damaged or of another format");
  }

  Header& header_;
  const std::string& file_;
  At at_ = At::Start;
  std::string key_;              // the last key read
  std::set<std::string> names_;  // keys of the root so far
  std::set<std::string> seen_;   // keys of this tensor so far
  int offsets_ = 0;
};

}  // namespace

Header parse_header(std::string_view text, const std::string& file) {
  // The parser would take a NUL for the end of its input.
  const std::size_t nul = text.find('\0');
  require(nul == std::string_view::npos, file, ": the header is not valid UTF-8 JSON at its byte ",
          nul, "; the file is damaged or not a safetensors file");
  Header header;
  HeaderReader reader(header, file);
  json::sax_parse(text.begin(), text.end(), &reader);
  return header;
}

std::string json_string(const std::string& text, std::string_view what) {
  try {
    return json(text).dump();
  } catch (const json::exception&) {
    fail(what, " ", shown(text), " is not UTF-8 text; safetensors files hold nothing else");
  }
}

std::string shown(std::string_view name) {
  constexpr std::size_t limit = 80;
  std::string out = "'";
  for (const char c : name.substr(0, limit)) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      out += c;
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(c) & 0xff);
      out += hex;
    }
  }
  return out + (name.size() > limit ? "...'" : "'");
}

std::string file_checksum(std::span<const std::uint8_t> file) {
  const std::size_t digits = sizeof(std::uint64_t) + checksum_start.size();
  const std::uint32_t sum =
      checksum(file.subspan(digits + checksum_digits), checksum(file.first(digits)));
  char text[checksum_digits + 1];
  std::snprintf(text, sizeof text, "%08x", sum);
  return text;
}

}  // namespace fovea::safetensors_internal
