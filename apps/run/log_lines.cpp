#include "apps/run/log_lines.h"

#include "apps/shell/console.h"
#include "core/error.h"

namespace fovea {

void DamagedLines::add(int line, const std::string& why) {
  if (lines_.empty()) why_ = why;
  lines_.push_back(line);
}

void DamagedLines::report(const std::string& path) const {
  if (lines_.empty()) return;
  constexpr std::size_t most = 10;
  std::string numbers;
  for (std::size_t i = 0; i < std::min(lines_.size(), most); ++i)
    numbers += cat(i ? ", " : "", lines_[i]);
  if (lines_.size() > most) numbers += cat(" and ", lines_.size() - most, " more");
  warn(cat(path, ": line", lines_.size() > 1 ? "s " : " ", numbers,
           lines_.size() > 1 ? " are damaged, the first: " : " is damaged: ", why_,
           "; what is there stays in the file, curves and pictures go without it"));
}

void for_each_log_line(const std::string& path, const std::function<void(const Json&)>& visit) {
  DamagedLines damaged;
  for_each_json_line(path, visit,
                     [&](int line, const std::string& why) { damaged.add(line, why); });
  damaged.report(path);
}

void warn_of_order(const std::string& path) {
  warn(
      cat(path,
          ": steps are not in order, or come twice; curves and pictures have them in order, of two "
          "lines of one step the last"));
}

}  // namespace fovea
