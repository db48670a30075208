#include "apps/report/markup.h"

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "data/drawing/font.h"

namespace fovea {
namespace {

// Inline in HTML this sheet applies to the whole page, hence the class in front of every rule.
constexpr std::string_view style = R"(<style>
.fovea-svg{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.fovea-svg .b{fill:#fff}
.fovea-svg .t{fill:#1f2328;font-size:12px}
.fovea-svg .m{fill:#636c76;font-size:12px}
.fovea-svg .h{fill:#1f2328;font-size:15px;font-weight:600}
.fovea-svg .g{stroke:#e4e8ec;stroke-width:1}
.fovea-svg .a{stroke:#8c959f;stroke-width:1}
.fovea-svg .c{fill:#f2f4f6}
@media screen and (prefers-color-scheme:dark){
.fovea-svg .b{fill:#0d1117}
.fovea-svg .t,.fovea-svg .h{fill:#e6edf3}
.fovea-svg .m{fill:#9198a1}
.fovea-svg .g{stroke:#262c36}
.fovea-svg .a{stroke:#6e7681}
.fovea-svg .c{fill:#1b212a}
}
</style>
)";

bool forbidden(char32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view rest = text;
    const char32_t c = take_character(text);
    const std::string_view bytes = rest.substr(0, rest.size() - text.size());
    const bool malformed = c == 0xfffd && bytes.size() == 1;
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if (malformed || forbidden(c) || c == 0xfffe || c == 0xffff)
      out += "\uFFFD";
    else
      out += bytes;
  }
  return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? bytes[i + k] : 0);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= count ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string open_svg(int width, int height, std::string_view title) {
  const std::string name = escape_markup(title);
  return cat("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fovea-svg\" role=\"img\"",
             " aria-label=\"", name, "\" width=\"", width, "\" height=\"", height,
             "\" viewBox=\"0 0 ", width, ' ', height, "\">\n", style, "<rect class=\"b\" width=\"",
             width, "\" height=\"", height, "\" rx=\"6\"/>\n",
             svg_text(16, 26, "class=\"h\"", title));
}

std::string svg_text(double x, double y, std::string_view attributes, std::string_view text) {
  return cat("<text x=\"", fixed(x, 1), "\" y=\"", fixed(y, 1), "\" ", attributes, ">",
             escape_markup(text), "</text>\n");
}

double estimated_width(std::string_view text, double size) {
  return 0.6 * size * character_count(text);
}

}  // namespace fovea
