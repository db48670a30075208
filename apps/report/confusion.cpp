#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/report/chart.h"
#include "apps/report/markup.h"
#include "core/error.h"

namespace fovea {
namespace {

struct Matrix {
  std::span<const std::int64_t> counts;
  int classes;

  std::int64_t at(int truth, int predicted) const { return counts[truth * classes + predicted]; }
};

struct Totals {
  std::vector<std::int64_t> row;  // samples of each true class
  std::int64_t all = 0, right = 0, worst_mistake = 0;
};

Totals add_up(const Matrix& m) {
  Totals totals;
  totals.row.resize(m.classes);
  for (int t = 0; t < m.classes; ++t)
    for (int p = 0; p < m.classes; ++p) {
      const std::int64_t count = m.at(t, p);
      require(count >= 0, "confusion matrix: negative count ", count, " at [", t, "][", p, "]");
      require(count <= std::numeric_limits<std::int64_t>::max() / (m.classes * m.classes),
              "confusion matrix: count ", count, " is too large");
      totals.row[t] += count;
      totals.all += count;
      if (t == p)
        totals.right += count;
      else
        totals.worst_mistake = std::max(totals.worst_mistake, count);
    }
  return totals;
}

std::string percent(std::int64_t part, std::int64_t whole) {
  return whole ? fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 2) + "%"
               : "–";
}

/// Where the parts of the picture lie, in pixels.
struct Layout {
  double cell, left, top, label_room;
  bool slanted;  // class names over the columns
  int width, height;
};

Layout lay_out(const Totals& totals, std::span<const std::string> names) {
  double longest = 0;
  for (const std::string& name : names) longest = std::max(longest, estimated_width(name));
  const int n = static_cast<int>(names.size());
  std::int64_t largest = totals.worst_mistake;
  for (std::int64_t row : totals.row) largest = std::max(largest, row);
  const double digits = estimated_width(std::to_string(largest)) + 10;
  Layout l{};
  l.cell = std::max(n > 12 ? 30.0 : 42.0, digits);
  l.slanted = longest > l.cell - 4;
  l.label_room = l.slanted ? longest * 0.71 + 12 : 20;
  l.left = 40 + longest + 10;
  l.top = 62 + l.label_room;
  // A slanted last name leans out to the right, over the accuracy column's heading.
  l.width = static_cast<int>(l.left + n * l.cell + 84 + (l.slanted ? longest * 0.35 : 0));
  l.height = static_cast<int>(l.top + n * l.cell + 20);
  l.width = std::max(l.width, 320);
  return l;
}

std::string draw_cell(const Matrix& m, const Totals& totals, const Layout& l, int t, int p,
                      std::span<const std::string> names) {
  const std::int64_t count = m.at(t, p);
  const double x = l.left + p * l.cell, y = l.top + t * l.cell;
  // Square roots, so that a single mistake among hundreds of thousands can be seen.
  const double share =
      t == p
          ? static_cast<double>(count) / std::max<std::int64_t>(1, totals.row[t])
          : std::sqrt(static_cast<double>(count) / std::max<std::int64_t>(1, totals.worst_mistake));
  const double opacity = count == 0 ? 0 : t == p ? 0.15 + 0.75 * share : 0.15 + 0.7 * share;
  const std::string place =
      cat(" x=\"", fixed(x + 1, 1), "\" y=\"", fixed(y + 1, 1), "\" width=\"", fixed(l.cell - 2, 1),
          "\" height=\"", fixed(l.cell - 2, 1), "\" rx=\"3\"");
  std::string svg = "<g>";
  svg += cat("<title>",
             escape_markup(cat(grouped(count), " of ", grouped(totals.row[t]), " \"", names[t],
                               "\" taken for \"", names[p], "\"")),
             "</title><rect class=\"c\"", place, "/>");
  if (count > 0)
    svg += cat("<rect fill=\"", t == p ? "#2563eb" : "#dc2626", "\" fill-opacity=\"",
               fixed(opacity, 2), "\"", place, "/>");
  if (count > 0)
    svg += svg_text(x + l.cell / 2, y + l.cell / 2 + 4,
                    opacity > 0.5 ? "fill=\"#fff\" font-size=\"12\" text-anchor=\"middle\""
                                  : "class=\"t\" text-anchor=\"middle\"",
                    std::to_string(count));
  return svg + "</g>\n";
}

std::string draw_labels(const Matrix& m, const Totals& totals, const Layout& l,
                        std::span<const std::string> names) {
  const double size = m.classes * l.cell, right = l.left + size;
  std::string svg =
      svg_text(l.left + size / 2, 54, "class=\"m\" text-anchor=\"middle\"", "predicted class");
  svg += svg_text(28, l.top + size / 2,
                  cat("class=\"m\" text-anchor=\"middle\" transform=\"rotate(-90 28 ",
                      fixed(l.top + size / 2, 1), ")\""),
                  "true class");
  svg += svg_text(right + 74, l.slanted ? 54 : l.top - 10, "class=\"m\" text-anchor=\"end\"",
                  "accuracy");
  for (int i = 0; i < m.classes; ++i) {
    const double middle = (i + 0.5) * l.cell;
    svg += svg_text(l.left - 10, l.top + middle + 4, "class=\"t\" text-anchor=\"end\"", names[i]);
    const double x = l.left + middle, y = l.top - 10;
    const std::string turned =
        cat("class=\"t\" transform=\"rotate(-45 ", fixed(x, 1), ' ', fixed(y, 1), ")\"");
    svg += svg_text(x, y, l.slanted ? turned : "class=\"t\" text-anchor=\"middle\"", names[i]);
    svg += svg_text(right + 74, l.top + middle + 4, "class=\"t\" text-anchor=\"end\"",
                    percent(m.at(i, i), totals.row[i]));
  }
  return svg;
}

}  // namespace

std::string confusion_matrix_svg(std::span<const std::int64_t> counts,
                                 std::span<const std::string> class_names,
                                 const std::string& title) {
  const std::size_t n = class_names.size();
  require(n >= 1 && n <= 100, "confusion matrix: ", n, " classes (1 to 100)");
  require(counts.size() == n * n, "confusion matrix: ", counts.size(), " counts for ", n,
          " classes, not ", n * n);
  const Matrix matrix{counts, static_cast<int>(n)};
  const Totals totals = add_up(matrix);
  const Layout layout = lay_out(totals, class_names);
  std::string svg =
      open_svg(layout.width, layout.height,
               cat(title, ": ", percent(totals.right, totals.all), " of ", grouped(totals.all)));
  svg += draw_labels(matrix, totals, layout, class_names);
  for (int t = 0; t < matrix.classes; ++t)
    for (int p = 0; p < matrix.classes; ++p)
      svg += draw_cell(matrix, totals, layout, t, p, class_names);
  return svg + "</svg>\n";
}

}  // namespace fovea
