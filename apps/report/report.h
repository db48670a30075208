// The story of one run as a single HTML file that needs nothing else: no network, no scripts.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// What a report says. Every string is plain text and is escaped, but for the SVG. Parts that are
/// empty are left out.
struct ReportData {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Chart {
    std::string title = {};
    std::string svg = {};  ///< as line_chart_svg makes it; goes into the page as it stands
  };
  struct Picture {
    std::string title = {}, caption = {};
    std::string mime = {};                 ///< "image/png", "image/gif", ...
    std::vector<std::uint8_t> bytes = {};  ///< the file
  };

  std::string title = {};
  std::string subtitle = {};  ///< one line: what was run, and when
  Pairs key_figures = {};     ///< {"test accuracy", "99.12%"}, shown large
  std::vector<Picture> pictures = {};
  std::vector<Chart> charts = {};
  std::string confusion_svg = {};
  std::vector<std::string> epoch_columns = {};            ///< heads of the table of epochs
  std::vector<std::vector<std::string>> epoch_rows = {};  ///< as many cells each
  std::string model_summary = {};  ///< preformatted, as a module prints itself
  Pairs options = {};              ///< {"--epochs", "20"}
  std::vector<std::string> notes = {};
};

/// The page as UTF-8 text. Throws Error if a picture's mime is not "image/..." or it has no bytes,
/// an SVG does not begin with "<svg", or a row of the table differs in length from its head.
std::string render_report(const ReportData& data);

}  // namespace fovea
