#include "apps/run/log_lines.h"

#include <charconv>
#include <filesystem>
#include <limits>

#include "apps/shell/console.h"
#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace {

// Of a line of JSON the number named step, of one of log.csv the third cell; NaN where it has none.
double step_of(std::string_view line) {
  constexpr std::string_view name = "\"step\":";
  std::size_t at = line.find(name);
  if (at != line.npos)
    at += name.size();
  else if (at = line.find(','); at != line.npos)
    at = line.find(',', at + 1) + 1;  // 0 where there is no other
  double step = std::numeric_limits<double>::quiet_NaN();
  if (at != line.npos) std::from_chars(line.data() + at, line.data() + line.size(), step);
  return step;
}

}  // namespace

std::int64_t bytes_until(const std::string& path, std::int64_t bytes, std::int64_t step) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  if (missing || bytes == 0 || static_cast<std::uintmax_t>(bytes) > size) return bytes;
  const std::vector<std::uint8_t> content = read_file(path, std::size_t{1} << 32);
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  const auto want = static_cast<std::size_t>(bytes), next = text.find('\n', want);
  const bool later = next == text.npos || !(step_of(text.substr(want, next - want)) <= step);
  if (text[want - 1] == '\n' && later) return bytes;
  std::size_t end_of_last = 0;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
    if (step_of(text.substr(begin, end - begin)) <= static_cast<double>(step))
      end_of_last = end + 1;
  if (end_of_last == 0 || end_of_last == want) return bytes;
  warn(cat(path,
           ": is not as it was when the checkpoint was made; going on behind its last line of "
           "a step up to ",
           step));
  return static_cast<std::int64_t>(end_of_last);
}

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
