#include "apps/report/report.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "apps/report/markup.h"
#include "apps/report/report_style.h"
#include "core/error.h"

namespace fovea {
namespace {

/// Appends pieces to the page.
class Page {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    (append_text(html_, parts), ...);
    html_ += '\n';
  }
  void heading(std::string_view text) { add("<h2>", text, "</h2>"); }
  std::string take() { return std::move(html_); }

 private:
  std::string html_;
};

/// The SVG for use inside HTML, where the name space is understood and its address is noise.
std::string inline_svg(const std::string& svg, std::string_view title) {
  require(svg.starts_with("<svg"), "report: the SVG \"", title, "\" does not begin with \"<svg\"");
  constexpr std::string_view name_space = " xmlns=\"http://www.w3.org/2000/svg\"";
  std::string out = svg;
  const std::size_t at = out.find(name_space);
  if (at < out.find('>')) out.erase(at, name_space.size());
  return out;
}

void add_figures(Page& page, const ReportData::Pairs& figures) {
  if (figures.empty()) return;
  page.add("<dl class=\"figures\">");
  for (const auto& [name, value] : figures)
    page.add("<div><dt>", escape_markup(name), "</dt><dd>", escape_markup(value), "</dd></div>");
  page.add("</dl>");
}

void add_picture(Page& page, const ReportData::Picture& picture) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) || c == '/' || c == '+' || c == '-' || c == '.';
  };
  require(picture.mime.starts_with("image/") &&
              std::all_of(picture.mime.begin(), picture.mime.end(), plain),
          "report: the picture \"", picture.title, "\" has the type \"", picture.mime,
          "\", which is not image/...");
  require(!picture.bytes.empty(), "report: the picture \"", picture.title, "\" is empty");
  const std::string title = escape_markup(picture.title), caption = escape_markup(picture.caption);
  page.add("<figure><img alt=\"", title, "\" src=\"data:", picture.mime, ";base64,",
           base64(picture.bytes), "\">");
  if (!title.empty() || !caption.empty())
    page.add("<figcaption><b>", title, "</b>", title.empty() || caption.empty() ? "" : " — ",
             caption, "</figcaption>");
  page.add("</figure>");
}

void add_charts(Page& page, const ReportData& data) {
  if (!data.charts.empty()) {
    page.heading("Training");
    page.add("<div class=\"charts\">");
    for (const ReportData::Chart& chart : data.charts)
      page.add("<figure class=\"card\" aria-label=\"", escape_markup(chart.title), "\">",
               inline_svg(chart.svg, chart.title), "</figure>");
    page.add("</div>");
  }
  if (data.confusion_svg.empty()) return;
  page.heading("Mistakes by class");
  page.add("<figure class=\"card\">", inline_svg(data.confusion_svg, "confusion matrix"),
           "</figure>");
}

void add_epochs(Page& page, const ReportData& data) {
  for (std::size_t i = 0; i < data.epoch_rows.size(); ++i)
    require(data.epoch_rows[i].size() == data.epoch_columns.size(), "report: row ", i,
            " of the table of epochs has ", data.epoch_rows[i].size(), " cells under ",
            data.epoch_columns.size(), " heads");
  if (data.epoch_rows.empty()) return;
  page.heading("Epochs");
  page.add("<div class=\"card epochs\"><table><thead><tr>");
  for (const std::string& name : data.epoch_columns)
    page.add("<th scope=\"col\">", escape_markup(name), "</th>");
  page.add("</tr></thead><tbody>");
  for (const auto& row : data.epoch_rows) {
    std::string cells;
    for (const std::string& cell : row) cells += cat("<td>", escape_markup(cell), "</td>");
    page.add("<tr>", cells, "</tr>");
  }
  page.add("</tbody></table></div>");
}

void add_setup(Page& page, const ReportData& data) {
  if (!data.model_summary.empty()) {
    page.heading("Model");
    page.add("<div class=\"card\"><pre>", escape_markup(data.model_summary), "</pre></div>");
  }
  if (!data.options.empty()) {
    page.heading("Options");
    page.add("<div class=\"card options\"><table><tbody>");
    for (const auto& [name, value] : data.options)
      page.add("<tr><th scope=\"row\">", escape_markup(name), "</th><td>", escape_markup(value),
               "</td></tr>");
    page.add("</tbody></table></div>");
  }
  if (!data.notes.empty()) {
    page.heading("Notes");
    page.add("<ul>");
    for (const std::string& note : data.notes) page.add("<li>", escape_markup(note), "</li>");
    page.add("</ul>");
  }
}

}  // namespace

std::string render_report(const ReportData& data) {
  const std::string title = escape_markup(data.title);
  Page page;
  page.add(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"generator\" content=\"Fovea\">");
  page.add("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
  page.add("<title>", title, "</title>\n<style>", report_style, "</style>\n</head>");
  page.add("<body>\n<main>\n<h1>", title, "</h1>");
  if (!data.subtitle.empty())
    page.add("<p class=\"subtitle\">", escape_markup(data.subtitle), "</p>");
  add_figures(page, data.key_figures);
  if (!data.pictures.empty()) page.heading("Pictures");
  for (const ReportData::Picture& picture : data.pictures) add_picture(page, picture);
  add_charts(page, data);
  add_epochs(page, data);
  add_setup(page, data);
  page.add("</main>\n</body>\n</html>");
  return page.take();
}

}  // namespace fovea
