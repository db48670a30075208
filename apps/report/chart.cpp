#include "apps/report/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "apps/report/chart_path.h"
#include "apps/report/markup.h"
#include "apps/report/ticks.h"
#include "core/error.h"

namespace fovea {
namespace {

constexpr std::array house_colours = {"#3b82f6", "#f97316", "#10b981", "#a855f7",
                                      "#ef4444", "#0891b2", "#ca8a04", "#ec4899"};
constexpr double line_height = 18;
constexpr std::size_t most_markers = 25;

struct Legend {
  struct Entry {
    std::size_t series;
    double x;
    int row;
  };
  std::vector<Entry> entries;
  int rows = 0;
};

/// The last value of a series, written beside the plot.
struct EndLabel {
  std::size_t series;
  double y;  // in pixels
  std::string text;
};

struct Chart {
  std::span<const Series> series;
  const ChartOptions& options;
  Axis x = {}, y = {};  // start and end are the edges of the plot
  Scale x_scale = {}, y_scale = {};
  Legend legend = {};

  std::string colour(std::size_t i) const {
    const std::string& own = series[i].colour;
    return own.empty() ? house_colours[i % house_colours.size()] : escape_markup(own);
  }
};

void check(std::span<const Series> series, const ChartOptions& o) {
  require(o.width >= 240 && o.height >= 240 && o.width <= 4096 && o.height <= 4096, "chart \"",
          o.title, "\": ", o.width, " x ", o.height, " pixels (240 to 4096 each)");
  for (const Series& s : series)
    require(s.x.size() == s.y.size(), "chart \"", o.title, "\": series \"", s.name, "\" has ",
            s.x.size(), " x and ", s.y.size(), " y values");
  for (const auto& limit : {o.y_min, o.y_max})
    require(!limit || Axis{.logarithmic = o.log_y}.shows(*limit), "chart \"", o.title,
            "\": y limit ", limit.value_or(0), " cannot be drawn");
  require(!o.y_min || !o.y_max || *o.y_min < *o.y_max, "chart \"", o.title, "\": y_min ",
          o.y_min.value_or(0), " is not below y_max ", o.y_max.value_or(0));
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  bool whole = true;
  void add(double v) {
    low = std::min(low, v);
    high = std::max(high, v);
    whole = whole && v == std::round(v);
  }
};

Legend lay_out_legend(const Chart& chart) {
  Legend legend;
  double x = 16;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    if (chart.series[i].name.empty()) continue;
    const double width = 24 + estimated_width(chart.series[i].name) + 16;
    if (legend.rows == 0 || x + width > chart.options.width) x = 16, ++legend.rows;
    legend.entries.push_back({i, x, legend.rows - 1});
    x += width;
  }
  return legend;
}

bool visible(const Chart& chart, const Series& s, std::size_t i) {
  return chart.x.shows(s.x[i]) && chart.y.shows(s.y[i]);
}

std::optional<std::size_t> last_visible(const Chart& chart, const Series& s) {
  for (std::size_t i = s.x.size(); i-- > 0;)
    if (visible(chart, s, i)) return i;
  return std::nullopt;
}

/// The last value that each series shows, top to bottom, moved apart so that none hides another.
std::vector<EndLabel> end_labels(const Chart& chart) {
  std::vector<EndLabel> labels;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Series& s = chart.series[i];
    const auto last = last_visible(chart, s);
    if (!last) continue;
    const double y = std::clamp(chart.y(s.y[*last]), chart.y.end, chart.y.start);
    labels.push_back({i, y, value_label(s.y[*last])});
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const EndLabel& a, const EndLabel& b) { return a.y < b.y; });
  constexpr double apart = 14;
  for (std::size_t i = 1; i < labels.size(); ++i)
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + apart);
  double floor = chart.y.start;
  for (std::size_t i = labels.size(); i-- > 0; floor -= apart)
    labels[i].y = std::min(labels[i].y, floor);
  return labels;
}

double widest(const std::vector<std::string>& labels) {
  double width = 0;
  for (const std::string& label : labels) width = std::max(width, estimated_width(label));
  return width;
}

/// Chooses scales and the place of the plot. False if there is nothing to draw.
bool lay_out(Chart& chart) {
  const ChartOptions& o = chart.options;
  chart.y.logarithmic = o.log_y;
  Range x, y;
  double end_width = 0;
  for (const Series& s : chart.series) {
    for (std::size_t i = 0; i < s.x.size(); ++i)
      if (visible(chart, s, i)) x.add(s.x[i]), y.add(s.y[i]);
    if (const auto last = last_visible(chart, s))
      end_width = std::max(end_width, estimated_width(value_label(s.y[*last])));
  }
  if (x.low > x.high) return false;

  chart.legend = lay_out_legend(chart);
  const double top =
      (o.title.empty() ? 16 : 40) + chart.legend.rows * line_height + (chart.legend.rows ? 10 : 4);
  chart.y.end = top;
  chart.y.start = std::max(top + 60, o.height - (o.x_label.empty() ? 32.0 : 52.0));
  const int rows = std::max(2, static_cast<int>((chart.y.start - top) / 42));
  const ScaleOptions y_options = {.most = rows, .low = o.y_min, .high = o.y_max};
  chart.y_scale =
      o.log_y ? log_scale(y.low, y.high, y_options) : linear_scale(y.low, y.high, y_options);
  chart.x.start = 16 + (o.y_label.empty() ? 0 : 20) + widest(chart.y_scale.labels) + 8;
  chart.x.end = std::max(chart.x.start + 60, o.width - 22 - end_width);
  const int columns = std::max(2, static_cast<int>((chart.x.end - chart.x.start) / 64));
  chart.x_scale =
      linear_scale(x.low, x.high, {.most = columns, .round_outwards = false, .whole = x.whole});
  chart.x.low = chart.x_scale.low, chart.x.high = chart.x_scale.high;
  chart.y.low = chart.y_scale.low, chart.y.high = chart.y_scale.high;
  return true;
}

std::string line(double x1, double y1, double x2, double y2, std::string_view attributes) {
  return cat("<line x1=\"", fixed(x1, 1), "\" y1=\"", fixed(y1, 1), "\" x2=\"", fixed(x2, 1),
             "\" y2=\"", fixed(y2, 1), "\" ", attributes, "/>\n");
}

std::string draw_axes(const Chart& c) {
  const ChartOptions& o = c.options;
  const double left = c.x.start, right = c.x.end, top = c.y.end, bottom = c.y.start;
  std::string svg;
  for (std::size_t i = 0; i < c.y_scale.ticks.size(); ++i) {
    const double y = c.y(c.y_scale.ticks[i]);
    svg += line(left, y, right, y, "class=\"g\"");
    svg += svg_text(left - 8, y + 4, "class=\"m\" text-anchor=\"end\"", c.y_scale.labels[i]);
  }
  for (std::size_t i = 0; i < c.x_scale.ticks.size(); ++i) {
    const double x = c.x(c.x_scale.ticks[i]);
    svg += line(x, bottom, x, bottom + 5, "class=\"a\"");
    svg += svg_text(x, bottom + 18, "class=\"m\" text-anchor=\"middle\"", c.x_scale.labels[i]);
  }
  svg += line(left, bottom, right, bottom, "class=\"a\"");
  if (!o.x_label.empty())
    svg +=
        svg_text((left + right) / 2, bottom + 38, "class=\"m\" text-anchor=\"middle\"", o.x_label);
  if (!o.y_label.empty()) {
    const double x = 24, y = (top + bottom) / 2;
    const std::string turned = cat("class=\"m\" text-anchor=\"middle\" transform=\"rotate(-90 ",
                                   fixed(x, 1), " ", fixed(y, 1), ")\"");
    svg += svg_text(x, y, turned, o.y_label);
  }
  return svg;
}

std::string draw_legend(const Chart& c) {
  std::string svg;
  const double top = c.options.title.empty() ? 24 : 48;
  for (const Legend::Entry& e : c.legend.entries) {
    const double y = top + e.row * line_height;
    const Series& s = c.series[e.series];
    svg += line(e.x, y - 4, e.x + 18, y - 4,
                cat("stroke=\"", c.colour(e.series), "\" stroke-width=\"3\"",
                    s.dashed ? " stroke-dasharray=\"5 4\"" : ""));
    svg += svg_text(e.x + 24, y, "class=\"t\"", s.name);
  }
  return svg;
}

std::string draw_markers(const Chart& c, std::size_t i) {
  const Series& s = c.series[i];
  std::string svg;
  for (std::size_t k = 0; k < s.x.size(); ++k)
    if (visible(c, s, k))
      svg += cat("<circle cx=\"", fixed(c.x(s.x[k]), 1), "\" cy=\"", fixed(c.y(s.y[k]), 1),
                 "\" r=\"3\" fill=\"", c.colour(i), "\"><title>",
                 escape_markup(cat(s.name, s.name.empty() ? "" : ", ", c.options.x_label, " ",
                                   value_label(s.x[k]), ": ", value_label(s.y[k]))),
                 "</title></circle>\n");
  return svg;
}

/// Lines and markers, inside an <svg> of their own that cuts off what lies beyond fixed limits.
std::string draw_series(const Chart& c) {
  const double margin = 5;  // so that lines and markers on the edge stay whole
  const double x = c.x.start - margin, y = c.y.end - margin;
  const double width = c.x.end + margin - x, height = c.y.start + margin - y;
  const std::string box =
      cat(fixed(x, 1), ' ', fixed(y, 1), ' ', fixed(width, 1), ' ', fixed(height, 1));
  std::string svg =
      cat("<svg x=\"", fixed(x, 1), "\" y=\"", fixed(y, 1), "\" width=\"", fixed(width, 1),
          "\" height=\"", fixed(height, 1), "\" viewBox=\"", box, "\" overflow=\"hidden\">\n");
  for (std::size_t i = 0; i < c.series.size(); ++i) {
    const Series& s = c.series[i];
    svg += cat("<path fill=\"none\" stroke=\"", c.colour(i), "\" stroke-width=\"",
               s.x.size() > 1000 ? "1.2" : "2", "\"",
               " stroke-linejoin=\"round\" stroke-linecap=\"round\"",
               s.dashed ? " stroke-dasharray=\"5 5\"" : "", " d=\"",
               path_data(pixel_runs(s.x, s.y, c.x, c.y)), "\"/>\n");
    if (s.x.size() <= most_markers) svg += draw_markers(c, i);
  }
  return svg + "</svg>\n";
}

}  // namespace

std::string line_chart_svg(std::span<const Series> series, const ChartOptions& options) {
  check(series, options);
  Chart chart{series, options};
  std::string svg = open_svg(options.width, options.height, options.title);
  if (!lay_out(chart)) {
    svg += svg_text(options.width / 2.0, options.height / 2.0, "class=\"m\" text-anchor=\"middle\"",
                    "no data");
    return svg + "</svg>\n";
  }
  svg += draw_axes(chart) + draw_legend(chart) + draw_series(chart);
  for (const EndLabel& label : end_labels(chart))
    svg += svg_text(
        chart.x.end + 8, label.y + 4,
        cat("font-size=\"12\" font-weight=\"600\" fill=\"", chart.colour(label.series), "\""),
        label.text);
  return svg + "</svg>\n";
}

}  // namespace fovea
