#include <cmath>
#include <limits>

#include "apps/report/chart.h"
#include "apps/report/chart_path.h"
#include "apps/report/ticks.h"
#include "apps/shell/numbers.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/markup_check.h"

using namespace fovea;
using fovea::testing::markup_error;
using fovea::testing::occurrences;
using Strings = std::vector<std::string>;
using Values = std::vector<double>;

namespace {

const double not_a_number = std::nan("");

std::string chart(std::vector<Series> series, ChartOptions options = {}) {
  const std::string svg = line_chart_svg(series, options);
  INFO(svg);
  REQUIRE(markup_error(svg) == "");
  REQUIRE(svg.find("nan") == svg.npos);
  REQUIRE(svg.find("inf") == svg.npos);
  return svg;
}

/// The d attributes of all lines.
Strings paths(const std::string& svg) {
  Strings out;
  for (std::size_t at = svg.find(" d=\""); at != svg.npos; at = svg.find(" d=\"", at + 1))
    out.push_back(svg.substr(at + 4, svg.find('"', at + 4) - at - 4));
  return out;
}

}  // namespace

TEST_CASE("axis marks are multiples of 1, 2 or 5 times a power of ten", "[chart]") {
  CHECK(nice_step(0, 1, 5) == Approx(0.2));
  CHECK(nice_step(0, 1, 10) == Approx(0.1));
  CHECK(nice_step(0, 97, 4) == Approx(50));
  CHECK(nice_step(1, 20, 8) == Approx(5));

  const Scale loss = linear_scale(0.037, 0.91, {.most = 5});
  CHECK(loss.low == Approx(0).margin(1e-12));
  CHECK(loss.high == Approx(1));
  CHECK(loss.labels == Strings{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});

  const Scale epochs = linear_scale(1, 4, {.most = 8, .round_outwards = false, .whole = true});
  CHECK(epochs.low == 1);
  CHECK(epochs.labels == Strings{"1", "2", "3", "4"});

  const Scale steps = linear_scale(0, 60000, {.most = 3});
  CHECK(steps.labels == Strings{"0", "20,000", "40,000", "60,000"});

  const Scale fixed_ends = linear_scale(3, 7, {.most = 5, .low = 0.0, .high = 9.5});
  CHECK(fixed_ends.low == 0);
  CHECK(fixed_ends.high == 9.5);
}

TEST_CASE("a logarithmic axis is marked at 1, 2, 5 or at powers of ten", "[chart]") {
  CHECK(log_scale(0.03, 2.4).labels == Strings{"0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"});
  const Scale wide = log_scale(1e-6, 1e6, {.most = 6});
  CHECK(wide.ticks.size() == 7);
  CHECK(wide.low == Approx(1e-6));
  CHECK(wide.high == Approx(1e6));
}

TEST_CASE("a scale has an extent whatever the data", "[chart]") {
  for (double value : {0.0, 3.0, -7e-9, 1e300, -1e300, 1e-310, 5e-324}) {
    const Scale scale = linear_scale(value, value);
    INFO(value);
    CHECK(scale.low < scale.high);
    CHECK(scale.low <= value);
    CHECK(scale.high >= value);
    CHECK(scale.ticks.size() >= 2);
    CHECK(scale.ticks.size() == scale.labels.size());
  }
  CHECK(linear_scale(-1e300, 1e300).ticks.size() >= 2);
  CHECK(log_scale(7, 7).low < 7);
  CHECK(log_scale(1e-300, 1e300).ticks.size() >= 2);
}

TEST_CASE("numbers are labelled with the digits that matter", "[chart]") {
  CHECK(value_label(0.031249) == "0.0312");
  CHECK(value_label(98.914) == "98.91");
  CHECK(value_label(20) == "20");
  CHECK(value_label(123456) == "123,456");
  CHECK(value_label(1.5e-7) == "1.5e-07");
  CHECK(tick_label(1e-9, 1e-9) == "1e-09");
  CHECK(tick_label(-0.0, 0.1) == "0");
  CHECK(fixed(-0.001, 2) == "0.00");
  CHECK(grouped(-1234567) == "-1,234,567");
}

TEST_CASE("points land where the axes say", "[chart]") {
  const Axis x{.low = 0, .high = 10, .start = 100, .end = 200};
  const Axis y{.low = 1, .high = 100, .start = 300, .end = 100, .logarithmic = true};
  const auto runs = pixel_runs(Values{0, 5, 10}, Values{1, 10, 100}, x, y);
  CHECK(path_data(runs) == "M100.0,300.0 150.0,200.0 200.0,100.0");

  // In a whole chart: equal steps in x and y are equal steps in pixels, upwards.
  const std::string d = paths(chart({{"a", {0, 1, 2}, {0, 5, 10}}})).at(0);
  double px[3], py[3];
  REQUIRE(std::sscanf(d.c_str(), "M%lf,%lf %lf,%lf %lf,%lf", &px[0], &py[0], &px[1], &py[1], &px[2],
                      &py[2]) == 6);
  CHECK(px[2] - px[1] == Approx(px[1] - px[0]).margin(0.11));
  CHECK(py[1] - py[2] == Approx(py[0] - py[1]).margin(0.11));
  CHECK(py[0] > py[2]);
  CHECK(px[0] > 0);
  CHECK(px[2] < 720);
}

TEST_CASE("values that cannot be drawn leave a gap", "[chart]") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(occurrences(paths(chart({{"a", {1, 2, 3, 4, 5}, {1, 2, not_a_number, 4, 5}}})).at(0),
                    "M") == 2);
  CHECK(occurrences(paths(chart({{"a", {1, 2, 3, 4, 5}, {1, 2, inf, 4, -inf}}})).at(0), "M") == 2);
  const ChartOptions logarithmic{.log_y = true};
  CHECK(occurrences(paths(chart({{"a", {1, 2, 3, 4}, {1, 0, -1, 4}}}, logarithmic)).at(0), "M") ==
        2);
  CHECK(path_data({{{1, 2}}}) == "M1.0,2.0h0");
}

TEST_CASE("odd series still make a chart", "[chart]") {
  CHECK(chart({}).find("no data") != std::string::npos);
  CHECK(chart({{"a", {}, {}}, {"b", {1}, {not_a_number}}}).find("no data") != std::string::npos);
  const std::string one = chart({{"a", {1}, {0.01}}});
  CHECK(occurrences(one, "<circle") == 1);
  chart({{"a", {1, 2, 3}, {0, 0, 0}}});
  chart({{"a", {1, 2}, {1e300, -1e300}}, {"b", {1, 2}, {1e308, 5e-324}}});
  const std::string clipped =
      chart({{"a", {1, 2}, {1e200, 1}}}, {.y_min = 0.0, .y_max = 2.0, .width = 240, .height = 240});
  CHECK(clipped.find("overflow=\"hidden\"") != std::string::npos);
  std::vector<Series> many;
  for (int i = 0; i < 40; ++i) many.push_back({cat("series ", i), {1, 2}, {1.0 * i, 2.0}});
  chart(many, {.width = 240, .height = 240});
}

TEST_CASE("many points are thinned without losing the extremes", "[chart]") {
  Values x, y;
  for (int i = 0; i < 200000; ++i) x.push_back(i), y.push_back(i % 2 ? 1 : 2);
  y[77777] = 50;
  y[150001] = -30;
  const std::string svg = chart({{"a", x, y}});
  CHECK(svg.size() < 100000);
  const Axis ax{.low = 0, .high = 200000, .start = 0, .end = 600};
  const Axis ay{.low = -30, .high = 50, .start = 80, .end = 0};
  const std::string d = path_data(pixel_runs(x, y, ax, ay));
  CHECK(occurrences(d, ",0.0") == 1);
  CHECK(occurrences(d, ",80.0") == 1);
}

TEST_CASE("series are named, coloured and labelled at their end", "[chart]") {
  const std::string svg = chart({{"training <loss>", {1, 2}, {0.5, 0.25}},
                                 {"test \"loss\"", {1, 2}, {0.6, 0.26}, "#123456", true}},
                                {.title = "A & B", .x_label = "epoch", .y_label = "loss"});
  CHECK(svg.find("training &lt;loss&gt;") != svg.npos);
  CHECK(svg.find("test &quot;loss&quot;") != svg.npos);
  CHECK(svg.find("A &amp; B") != svg.npos);
  CHECK(occurrences(svg, ">0.250</text>") == 1);
  CHECK(occurrences(svg, ">0.260</text>") == 1);
  CHECK(occurrences(svg, "#123456") >= 3);
  CHECK(occurrences(svg, "stroke-dasharray") == 2);  // legend and line
}

TEST_CASE("charts refuse what they cannot mean", "[chart]") {
  const auto message = [](std::vector<Series> series, ChartOptions options) -> std::string {
    try {
      line_chart_svg(series, options);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(message({{"loss", {1, 2}, {1}}}, {.title = "T"}) ==
        "chart \"T\": series \"loss\" has 2 x and 1 y values");
  CHECK(message({}, {.title = "T", .y_min = 2.0, .y_max = 1.0}) ==
        "chart \"T\": y_min 2 is not below y_max 1");
  CHECK(message({}, {.log_y = true, .y_min = 0.0}).find("cannot be drawn") != std::string::npos);
  CHECK(message({}, {.width = 3}).find("3 x 380 pixels") != std::string::npos);
}

TEST_CASE("a confusion matrix shows counts, mistakes and accuracies", "[chart]") {
  const std::vector<std::int64_t> counts = {8, 2, 0, 0, 5, 0, 1, 0, 3};
  const Strings names = {"cat", "<dog>", "a long name of a class"};
  const std::string svg = confusion_matrix_svg(counts, names, "Test");
  REQUIRE(markup_error(svg) == "");
  CHECK(svg.find(">Test: 84.21% of 19</text>") != svg.npos);
  CHECK(svg.find(">80.00%</text>") != svg.npos);
  CHECK(svg.find(">100.00%</text>") != svg.npos);
  CHECK(svg.find(">75.00%</text>") != svg.npos);
  CHECK(svg.find("2 of 10 &quot;cat&quot; taken for &quot;&lt;dog&gt;&quot;") != svg.npos);
  CHECK(occurrences(svg, "#2563eb") == 3);
  CHECK(occurrences(svg, "#dc2626") == 2);

  const std::vector<std::int64_t> none(4);
  const std::string empty = confusion_matrix_svg(none, Strings{"0", "1"});
  CHECK(markup_error(empty) == "");
  CHECK(empty.find("nan") == empty.npos);
  CHECK_THROWS_AS(confusion_matrix_svg(none, names), Error);
  CHECK_THROWS_AS(confusion_matrix_svg({}, {}), Error);
  CHECK_THROWS_AS(confusion_matrix_svg(std::vector<std::int64_t>{-1}, Strings{"0"}), Error);
}
