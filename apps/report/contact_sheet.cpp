#include "apps/report/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace fovea {
namespace {

constexpr Colour page = {13, 17, 23};
constexpr Colour card = {27, 33, 42};
constexpr Colour surround = {52, 60, 72};  // around the input, which is mostly black itself
constexpr Colour bright = {240, 244, 248};
constexpr Colour muted = {158, 170, 183};
constexpr Colour alarm = {255, 123, 114};

/// All lengths of a sheet, in pixels.
struct Layout {
  int columns, rows;
  int panel_width, panel_height;  // of an input with its margin
  int after_scale;
  int text;          // height of a line
  int padding, gap;  // inside a card, between cards and around them
  int card_width, card_height;
  int width;
  int cards_top = 0;
  int column_x(int column) const { return gap + column * (card_width + gap); }
  int row_y(int row) const { return cards_top + row * (card_height + gap); }
};

void check(std::span<const SampleView> samples, const ContactSheetOptions& o) {
  const auto in_range = [](const char* name, int value, int low, int high) {
    require(value >= low && value <= high, "contact sheet: ", name, " ", value, " is not in [", low,
            ", ", high, "]");
  };
  in_range("columns", o.columns, 1, 64);
  in_range("scale", o.scale, 1, 64);
  in_range("margin", o.margin, 0, 256);
  in_range("text scale", o.text_scale, 1, 8);
  require(!samples.empty(), "contact sheet: no samples to draw");
  const SampleView& first = samples[0];
  for (const Image* image : {&first.before, &first.after})
    require(image->width > 0 && image->height > 0, "contact sheet: sample 0 has an empty picture");
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto same = [&](const Image& a, const Image& b) {
      require(a.width == b.width && a.height == b.height, "contact sheet: sample ", i, " has ",
              a.width, " x ", a.height, " pixels, the first one ", b.width, " x ", b.height);
    };
    same(samples[i].before, first.before);
    same(samples[i].after, first.after);
  }
}

Layout lay_out(std::span<const SampleView> samples, const ContactSheetOptions& o) {
  const Image& before = samples[0].before;
  const Image& after = samples[0].after;
  Layout l{};
  const int count = static_cast<int>(samples.size());
  l.columns = std::min(o.columns, count);
  l.rows = (count + l.columns - 1) / l.columns;
  l.panel_width = (before.width + 2 * o.margin) * o.scale;
  l.panel_height = (before.height + 2 * o.margin) * o.scale;
  l.after_scale = std::max(1, std::min(l.panel_width / after.width, l.panel_height / after.height));
  l.panel_height = std::max(l.panel_height, after.height * l.after_scale);
  l.text = text_height(o.text_scale);
  l.padding = 8 * o.text_scale;
  l.gap = 12 * o.text_scale;
  const int after_width = std::max(l.panel_width, after.width * l.after_scale);
  l.card_width = l.panel_width + after_width + 3 * l.padding;
  l.card_height = l.panel_height + 2 * l.text + 2 * l.padding + l.padding / 2;
  l.width = l.columns * (l.card_width + l.gap) + l.gap;
  return l;
}

/// Breaks at spaces into lines of at most `width` pixels.
std::vector<std::string> wrap(std::string_view text, int width, int scale) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string word(text.substr(0, space));
    text.remove_prefix(space == text.npos ? text.size() : space + 1);
    if (lines.empty() || text_width(lines.back() + ' ' + word, scale) > width)
      lines.push_back(word);
    else
      lines.back() += ' ' + word;
  }
  return lines;
}

void draw_centred(Image& canvas, int x, int y, int width, std::string_view text, Colour colour,
                  int scale) {
  const std::string fitted = fit_text(text, width, scale);
  draw_text(canvas, x + (width - text_width(fitted, scale)) / 2, y, fitted, colour, scale);
}

/// Even, so that a line along pixel edges covers whole pixels; never too thin to see.
int line_width(const ContactSheetOptions& o) {
  return std::max(2, o.scale / 4 * 2);
}

/// How much smaller than at o.scale an input is drawn so that all of its outline fits into the
/// panel; never so small that the input cannot be made out.
double zoom_to_fit(const std::vector<Point>& outline, const Image& before, const Layout& l,
                   const ContactSheetOptions& o) {
  constexpr double smallest = 0.2;
  const double dot = 2.0 * line_width(o);
  double zoom = 1;
  for (const Point& p : outline) {
    const double x = std::abs(p[0] - before.width / 2.0) * o.scale;
    const double y = std::abs(p[1] - before.height / 2.0) * o.scale;
    zoom = std::min({zoom, (l.panel_width / 2.0 - dot) / x, (l.panel_height / 2.0 - dot) / y});
  }
  return std::max(smallest, zoom);
}

/// The input within its margin, with the outline of the region over it.
Image before_panel(const SampleView& sample, const Layout& l, const ContactSheetOptions& o) {
  const Image& before = sample.before;
  Image panel = make_canvas(l.panel_width, l.panel_height, surround);
  std::vector<Point> outline = sample.outline;
  if (outline.empty()) outline.assign(sample.region.begin(), sample.region.end());
  const bool finite = std::all_of(outline.begin(), outline.end(), [](const Point& p) {
    return std::isfinite(p[0]) && std::isfinite(p[1]);
  });
  const double zoom = finite ? zoom_to_fit(outline, before, l, o) : 1;
  const auto drawn = [&](int pixels) {
    return std::max(1, static_cast<int>(std::lround(pixels * o.scale * zoom)));
  };
  const int width = drawn(before.width), height = drawn(before.height);
  const int left = (l.panel_width - width) / 2, top = (l.panel_height - height) / 2;
  if (zoom < 1)
    draw_picture(panel, resize(before, width, height), left, top, 1);
  else
    draw_picture(panel, before, left, top, o.scale, o.scaling);
  if (!finite) return panel;
  for (Point& p : outline)
    p = {left + p[0] * width / before.width, top + p[1] * height / before.height};
  const double line = line_width(o);
  draw_polyline(panel, outline, line, outline_colour, true);
  fill_disc(panel, outline[0], 1.75 * line, outline_colour);
  return panel;
}

void draw_after(Image& canvas, const SampleView& sample, int x, int y, int scale,
                const ContactSheetOptions& o) {
  const int width = sample.after.width * scale, height = sample.after.height * scale;
  const int line = line_width(o);
  draw_picture(canvas, sample.after, x, y, scale, o.scaling);
  draw_frame(canvas, x - line, y - line, width + 2 * line, height + 2 * line, line, outline_colour);
  const double half = line / 2.0;
  fill_disc(canvas, {x - half, y - half}, 1.75 * line, outline_colour);
}

void draw_card(Image& sheet, const SampleView& sample, int x, int y, const Layout& l,
               const ContactSheetOptions& o) {
  fill_rectangle(sheet, x, y, l.card_width, l.card_height, card);
  const int left = x + l.padding;
  const int after_x = left + l.panel_width + l.padding;
  const int after_room = l.card_width - l.panel_width - 3 * l.padding;
  const int top = y + l.padding / 2;
  draw_centred(sheet, left, top, l.panel_width, "before", muted, o.text_scale);
  draw_centred(sheet, after_x, top, after_room, "after", muted, o.text_scale);

  const int panel_top = top + l.text + l.padding / 2;
  draw_picture(sheet, before_panel(sample, l, o), left, panel_top, 1);
  draw_after(sheet, sample, after_x + (after_room - sample.after.width * l.after_scale) / 2,
             panel_top + (l.panel_height - sample.after.height * l.after_scale) / 2, l.after_scale,
             o);
  draw_centred(sheet, left, panel_top + l.panel_height + l.padding / 2,
               l.card_width - 2 * l.padding, sample.caption, sample.wrong ? alarm : bright,
               o.text_scale);
}

}  // namespace

Image contact_sheet(std::span<const SampleView> samples, const ContactSheetOptions& options) {
  check(samples, options);
  Layout l = lay_out(samples, options);
  const int room = l.width - 2 * l.gap;
  const std::vector<std::string> legend = wrap(options.legend, room, options.text_scale);
  const int title_height = options.title.empty() ? 0 : 2 * l.text + l.padding / 2;
  const int legend_height = static_cast<int>(legend.size()) * l.text;
  l.cards_top = l.gap + title_height + legend_height + (title_height + legend_height ? l.gap : 0);

  Image sheet = make_canvas(l.width, l.row_y(l.rows), page);
  const int doubled = 2 * options.text_scale;  // halved again for a title that is too wide
  const bool fits = text_width(options.title, doubled) <= room;
  const int title_scale = fits ? doubled : options.text_scale;
  draw_text(sheet, l.gap, l.gap + (2 * l.text - text_height(title_scale)) / 2,
            fit_text(options.title, room, title_scale), bright, title_scale);
  int y = l.gap + title_height;
  for (const std::string& line : legend) {
    draw_text(sheet, l.gap, y, line, muted, options.text_scale);
    y += l.text;
  }
  for (std::size_t i = 0; i < samples.size(); ++i)
    draw_card(sheet, samples[i], l.column_x(static_cast<int>(i) % l.columns),
              l.row_y(static_cast<int>(i) / l.columns), l, options);
  return sheet;
}

}  // namespace fovea
