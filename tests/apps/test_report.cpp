#include "apps/report/chart.h"
#include "apps/report/markup.h"
#include "apps/report/report.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/markup_check.h"

using namespace fovea;
using fovea::testing::markup_error;
using fovea::testing::occurrences;

namespace {

const std::string evil = "<script>alert(\"1\")</script> & 'co'";
const std::string tamed = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;";

ReportData full_report() {
  const std::vector<Series> series = {{evil, {1, 2}, {3, 4}}};
  const std::vector<std::int64_t> counts = {1};
  const std::vector<std::string> names = {evil};
  return {.title = evil,
          .subtitle = evil,
          .key_figures = {{evil, evil}},
          .pictures = {{evil, evil, "image/png", {0x89, 'P', 'N', 'G'}}},
          .charts = {{evil, line_chart_svg(series, {.title = evil, .x_label = evil})}},
          .confusion_svg = confusion_matrix_svg(counts, names, evil),
          .epoch_columns = {"epoch", evil},
          .epoch_rows = {{"1", evil}},
          .model_summary = evil,
          .options = {{evil, evil}},
          .notes = {evil}};
}

}  // namespace

TEST_CASE("text is escaped for HTML and XML", "[report]") {
  CHECK(escape_markup(evil) == tamed);
  CHECK(escape_markup("7 → 1 (63%)") == "7 → 1 (63%)");
  CHECK(escape_markup("a\nb\tc") == "a\nb\tc");
  CHECK(escape_markup(std::string_view("a\0b\x1b", 4)) ==
        "a\uFFFD"
        "b\uFFFD");
  CHECK(escape_markup("\xff\xc3(") == "\uFFFD\uFFFD(");  // malformed
  CHECK(escape_markup("\xc0\xbc") == "\uFFFD\uFFFD");    // "<" in an overlong encoding
  CHECK(escape_markup("\xed\xa0\x80").find('\xed') == std::string::npos);  // half a surrogate
}

TEST_CASE("base64 as in RFC 4648", "[report]") {
  const auto encode = [](std::string_view text) {
    return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  CHECK(encode("") == "");
  CHECK(encode("f") == "Zg==");
  CHECK(encode("fo") == "Zm8=");
  CHECK(encode("foo") == "Zm9v");
  CHECK(encode("foobar") == "Zm9vYmFy");
  CHECK(encode("\xfb\xff\xfe") == "+//+");
}

TEST_CASE("a report is one page that asks for nothing and runs nothing", "[report]") {
  const std::string html = render_report(full_report());
  INFO(html);
  CHECK(markup_error(html) == "");
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.find("<meta charset=\"utf-8\">") != html.npos);
  CHECK(html.find("<script") == html.npos);
  CHECK(html.find("http") == html.npos);
  CHECK(html.find("url(") == html.npos);
  CHECK(html.find("<link") == html.npos);
  CHECK(html.find("prefers-color-scheme") != html.npos);
  CHECK(html.find("@media print") != html.npos);
  CHECK(occurrences(html, tamed) >= 12);
  CHECK(html.find("src=\"data:image/png;base64,iVBORw==\"") != html.npos);
  CHECK(occurrences(html, "<svg class=\"fovea-svg\"") == 2);
}

TEST_CASE("a report leaves out what it was not given", "[report]") {
  const std::string html = render_report({.title = "bare"});
  CHECK(markup_error(html) == "");
  CHECK(html.find("<h1>bare</h1>") != html.npos);
  for (const char* part : {"<h2", "<dl", "<table", "<figure", "<pre", "<ul", "<p"})
    CHECK(html.find(part) == html.npos);
}

TEST_CASE("a report refuses parts that would break the page", "[report]") {
  const auto message = [](auto change) -> std::string {
    ReportData data = full_report();
    change(data);
    try {
      render_report(data);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(message([](ReportData&) {}) == "");
  CHECK(message([](ReportData& d) { d.pictures[0].mime = "text/html"; }).find("not image/") !=
        std::string::npos);
  CHECK(message([](ReportData& d) { d.pictures[0].mime = "image/\">"; }) != "");
  CHECK(message([](ReportData& d) { d.pictures[0].bytes.clear(); }).find("is empty") !=
        std::string::npos);
  CHECK(message([](ReportData& d) { d.charts[0].svg = "<p>"; }).find("<svg") != std::string::npos);
  CHECK(message([](ReportData& d) { d.epoch_rows[0].push_back("x"); }) ==
        "report: row 0 of the table of epochs has 3 cells under 2 heads");
}
