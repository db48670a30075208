#include "core/error.h"

#include <cstdio>

namespace fovea {

namespace {

// The code point at the start of `text`, and how many bytes it takes; 0 bytes if it is not UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t value = lead & (0x7F >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return {value, size};
}

// Controls, and the marks that make a terminal write backwards.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  if (text.size() > most) {
    const std::size_t end = most / 4;
    // Not from the middle of a character.
    const auto whole = [&](std::size_t at) {
      for (int i = 0; i < 3 && at > 0 && (text[at] & 0xC0) == 0x80; ++i) --at;
      return at;
    };
    const std::size_t cut = whole(most - end), rest = whole(text.size() - end);
    return cat(printable(text.substr(0, cut), most), "...(", rest - cut, " bytes more)...",
               printable(text.substr(rest), most));
  }
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    char escape[16] = "";
    if (c.bytes == 0 || (c.bytes == 1 && is_control(c.value)))
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(text[0]));
    else if (is_control(c.value))
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c.value));
    if (c.value == '\n' && c.bytes == 1) std::snprintf(escape, sizeof escape, "\\n");
    if (c.value == '\t' && c.bytes == 1) std::snprintf(escape, sizeof escape, "\\t");
    const std::size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    if (escape[0] != 0)
      out += escape;
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

void append_text(std::string& out, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  out += text;
}

}  // namespace fovea
