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
  int stages, after_width;        // of each picture behind the input
  int text;                       // height of a line
  int caption_scale, caption_lines;
  int padding, gap;  // inside a card, between cards and around them
  int card_width, card_height;
  int width;
  std::vector<std::string> legend;
  int title_height, cards_top;
  int column_x(int column) const { return gap + column * (card_width + gap); }
  int row_y(int row) const { return cards_top + row * (card_height + gap); }
  int height() const { return row_y(rows); }
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
  require(!first.after.empty(), "contact sheet: sample 0 has nothing to show beside its input");
  const auto not_empty = [](const Image& image) {
    require(image.width > 0 && image.height > 0, "contact sheet: sample 0 has an empty picture");
  };
  not_empty(first.before);
  for (const StageView& view : first.after) not_empty(view.image);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto same = [&](const Image& a, const Image& b) {
      require(a.width == b.width && a.height == b.height, "contact sheet: sample ", i, " has ",
              a.width, " x ", a.height, " pixels, the first one ", b.width, " x ", b.height);
    };
    same(samples[i].before, first.before);
    require(samples[i].after.size() == first.after.size(), "contact sheet: sample ", i, " shows ",
            samples[i].after.size(), " transformers, the first one ", first.after.size());
    for (std::size_t k = 0; k < first.after.size(); ++k)
      same(samples[i].after[k].image, first.after[k].image);
  }
}

struct Extent {
  int width, height;
};

/// So that an identity looks as its input does, whatever the size of its output.
Extent after_extent(const Image& image, const Image& before, const ContactSheetOptions& o) {
  const double ratio =
      o.scale * std::min(1.0 * before.width / image.width, 1.0 * before.height / image.height);
  const auto side = [&](int of) { return std::max(1, static_cast<int>(std::lround(of * ratio))); };
  return {side(image.width), side(image.height)};
}

/// Columns of the longest caption.
int caption_letters(std::span<const SampleView> samples, const ContactSheetOptions& o) {
  int most = o.letters * text_width("x");
  if (o.letters == 0)
    for (const SampleView& sample : samples) most = std::max(most, text_width(sample.caption));
  return most / text_width("x");
}

Layout lay_out(std::span<const SampleView> samples, const ContactSheetOptions& o) {
  const Image& before = samples[0].before;
  Layout l{};
  const int count = static_cast<int>(samples.size());
  l.columns = std::min(o.columns, count);
  l.panel_width = (before.width + 2 * o.margin) * o.scale;
  l.panel_height = (before.height + 2 * o.margin) * o.scale;
  l.stages = static_cast<int>(samples[0].after.size());
  l.after_width = text_width("before", o.text_scale);
  for (const StageView& view : samples[0].after) {
    const Extent shown = after_extent(view.image, before, o);
    l.after_width = std::max(l.after_width, shown.width);
    l.panel_height = std::max(l.panel_height, shown.height);
  }
  l.text = text_height(o.text_scale);
  l.padding = 8 * o.text_scale;
  l.gap = 12 * o.text_scale;
  l.card_width = l.panel_width + l.padding + l.stages * (l.after_width + l.padding) + l.padding;
  const int room = l.card_width - 2 * l.padding;
  const int caption = caption_letters(samples, o) * text_width("x");
  l.caption_scale = caption * o.text_scale <= room ? o.text_scale : 1;
  // A line more than needed where words do not fill lines.
  l.caption_lines = caption <= room ? 1 : std::min(6, (caption + room - 1) / room + 1);
  l.card_height = l.panel_height + l.text + l.caption_lines * text_height(l.caption_scale) +
                  2 * l.padding + l.padding / 2;
  l.rows = (count + l.columns - 1) / l.columns;
  l.width = l.columns * (l.card_width + l.gap) + l.gap;
  l.legend = wrap_text(o.legend, l.width - 2 * l.gap, o.text_scale);
  l.title_height = o.title.empty() ? 0 : 2 * l.text + l.padding / 2;
  const int head = l.title_height + static_cast<int>(l.legend.size()) * l.text;
  l.cards_top = l.gap + head + (head > 0 ? l.gap : 0);
  return l;
}

/// The largest scale at which the sheet is no larger than it may be, with columns near those
/// wanted.
ContactSheetOptions fitted(std::span<const SampleView> samples, ContactSheetOptions o) {
  constexpr int legible = 48, for_large_text = 90;
  if (o.most_side == 0) return o;
  const int side = std::max(samples[0].before.width, samples[0].before.height);
  const int least = std::min(o.scale, (legible + side - 1) / side);
  const int wanted = o.columns, text_scale = o.text_scale;
  const int most = std::min<int>(64, static_cast<int>(samples.size()));
  for (;; --o.scale) {
    o.text_scale = side * o.scale >= for_large_text ? text_scale : 1;
    int widest = 1;
    for (int off = 0; off < 64; ++off)
      for (const int columns : {wanted + off, wanted - off}) {
        o.columns = std::clamp(columns, 1, most);
        const Layout l = lay_out(samples, o);
        if (l.width > o.most_side) continue;
        if (l.height() <= o.most_side) return o;
        widest = std::max(widest, o.columns);
      }
    if (o.scale > least) continue;
    o.columns = widest;  // more samples than a page holds
    while (o.columns < most && lay_out(samples, o).height() > canvas_extent) ++o.columns;
    return o;
  }
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

bool drawable(const std::vector<Point>& outline) {
  return !outline.empty() && std::all_of(outline.begin(), outline.end(), [](const Point& p) {
    return std::isfinite(p[0]) && std::isfinite(p[1]);
  });
}

/// Whether a point is inside of a closed outline (even-odd rule).
bool is_inside(const std::vector<Point>& outline, double x, double y) {
  if (outline.empty()) return false;
  bool inside = false;
  for (std::size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
    const auto [x1, y1] = outline[i];
    const auto [x2, y2] = outline[j];
    if ((y1 > y) != (y2 > y) && x < (x2 - x1) * ((y - y1) / (y2 - y1)) + x1) inside = !inside;
  }
  return inside;
}

/// Dims what no region holds.
void dim_outside(Image& panel, const std::vector<std::vector<Point>>& outlines) {
  for (int y = 0; y < panel.height; ++y)
    for (int x = 0; x < panel.width; ++x)
      if (std::none_of(outlines.begin(), outlines.end(),
                       [&](const auto& o) { return is_inside(o, x + 0.5, y + 0.5); }))
        blend_pixel(panel, x, y, card, 0.6);
}

Colour colour_of(std::size_t stage) {
  return outline_colours[stage % std::size(outline_colours)];
}

/// Of the lines within an outline: quieter, since they cross the digit.
Colour net_colour(std::size_t stage) {
  const auto quieter = [](std::uint8_t value, std::uint8_t ground) {
    return static_cast<std::uint8_t>((3 * value + 2 * ground) / 5);
  };
  const Colour c = colour_of(stage);
  return {quieter(c.r, card.r), quieter(c.g, card.g), quieter(c.b, card.b)};
}

/// The input within its margin, with the outlines of the regions over it.
Image before_panel(const SampleView& sample, const Layout& l, const ContactSheetOptions& o) {
  const Image& before = sample.before;
  Image panel = make_canvas(l.panel_width, l.panel_height, surround);
  const int left = (l.panel_width - before.width * o.scale) / 2;
  const int top = (l.panel_height - before.height * o.scale) / 2;
  draw_picture(panel, before, left, top, o.scale, o.scaling);
  std::vector<std::vector<Point>> outlines;
  for (const StageView& view : sample.after) {
    outlines.push_back(drawable(view.outline) ? view.outline : std::vector<Point>());
    for (Point& p : outlines.back()) p = {left + p[0] * o.scale, top + p[1] * o.scale};
  }
  if (std::any_of(outlines.begin(), outlines.end(), drawable)) dim_outside(panel, outlines);
  const double line = line_width(o);
  for (std::size_t k = 0; k < outlines.size(); ++k) {
    if (outlines[k].empty()) continue;
    for (std::vector<Point> within : sample.after[k].net) {
      for (Point& p : within) p = {left + p[0] * o.scale, top + p[1] * o.scale};
      draw_polyline(panel, within, line / 2, net_colour(k));
    }
    draw_polyline(panel, outlines[k], line, colour_of(k), true);
    fill_disc(panel, outlines[k][0], 1.75 * line, colour_of(k));
  }
  return panel;
}

void draw_after(Image& canvas, const Image& image, Colour colour, int x, int y,
                const Extent& extent, const ContactSheetOptions& o) {
  const auto [width, height] = extent;
  const int line = line_width(o), scale = width / image.width;
  if (scale * image.width == width && scale * image.height == height)
    draw_picture(canvas, image, x, y, scale, o.scaling);
  else
    draw_picture(canvas, resize(image, width, height), x, y, 1);
  draw_frame(canvas, x - line, y - line, width + 2 * line, height + 2 * line, line, colour);
  const double half = line / 2.0;
  fill_disc(canvas, {x - half, y - half}, 1.75 * line, colour);
}

void draw_card(Image& sheet, const SampleView& sample, int x, int y, const Layout& l,
               const ContactSheetOptions& o) {
  fill_rectangle(sheet, x, y, l.card_width, l.card_height, card);
  const int left = x + l.padding;
  const int top = y + l.padding / 2;
  draw_centred(sheet, left, top, l.panel_width, "before", muted, o.text_scale);
  const int panel_top = top + l.text + l.padding / 2;
  draw_picture(sheet, before_panel(sample, l, o), left, panel_top, 1);
  for (int k = 0; k < l.stages; ++k) {
    const Image& image = sample.after[static_cast<std::size_t>(k)].image;
    const Extent extent = after_extent(image, sample.before, o);
    const int after_x = left + l.panel_width + l.padding + k * (l.after_width + l.padding);
    draw_centred(sheet, after_x, top, l.after_width, l.stages > 1 ? cat("after ", k + 1) : "after",
                 muted, o.text_scale);
    draw_after(sheet, image, colour_of(static_cast<std::size_t>(k)),
               after_x + (l.after_width - extent.width) / 2,
               panel_top + (l.panel_height - extent.height) / 2, extent, o);
  }
  const int room = l.card_width - 2 * l.padding;
  int caption_y = panel_top + l.panel_height + l.padding / 2;
  for (const std::string& line : wrap_text(sample.caption, room, l.caption_scale)) {
    draw_centred(sheet, left, caption_y, room, line, sample.wrong ? alarm : bright,
                 l.caption_scale);
    caption_y += text_height(l.caption_scale);
  }
}

}  // namespace

std::string outline_legend(std::span<const SampleView> samples) {
  for (const SampleView& sample : samples)
    for (const StageView& view : sample.after)
      if (!view.net.empty())
        return "outline: the region the transformer samples · lines within: its quarters · dot: "
               "its top left corner · one scale";
  return ContactSheetOptions().legend;
}

Image contact_sheet(std::span<const SampleView> samples, const ContactSheetOptions& options) {
  check(samples, options);
  const ContactSheetOptions o = fitted(samples, options);
  const Layout l = lay_out(samples, o);
  require(std::max(l.width, l.height()) <= canvas_extent, "contact sheet: ", samples.size(),
          " samples would make ", l.width, "x", l.height(), " pixels, and ", canvas_extent,
          " a side can be drawn: take fewer, a smaller scale or other columns");
  const int room = l.width - 2 * l.gap;
  Image sheet = make_canvas(l.width, l.height(), page);
  const int doubled = 2 * o.text_scale;  // halved again for a title that is too wide
  const int title_scale = text_width(o.title, doubled) <= room ? doubled : o.text_scale;
  draw_text(sheet, l.gap, l.gap + (2 * l.text - text_height(title_scale)) / 2,
            fit_text(o.title, room, title_scale), bright, title_scale);
  int y = l.gap + l.title_height;
  for (const std::string& line : l.legend) {
    draw_text(sheet, l.gap, y, line, muted, o.text_scale);
    y += l.text;
  }
  for (std::size_t i = 0; i < samples.size(); ++i)
    draw_card(sheet, samples[i], l.column_x(static_cast<int>(i) % l.columns),
              l.row_y(static_cast<int>(i) / l.columns), l, o);
  return sheet;
}

}  // namespace fovea
