#include "core/error.h"

#include <cstdio>

#include "core/utf8.h"

namespace fovea {

namespace {

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
