#include "data/digits/paper_lines.h"

#include <algorithm>
#include <cmath>

namespace fovea {

namespace {

constexpr double steepest = 0.105;  // 6 degrees

Mask transposed(const Mask& mask) {
  Mask out{mask.height, mask.width, std::vector<char>(mask.ink.size())};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      out.ink[static_cast<std::size_t>(x * mask.height + y)] = mask.at(x, y);
  return out;
}

// From (left, y) on, rising or falling by `drift` pixels across the picture.
struct Line {
  int left = 0, right = 0;
  double y = 0, slope = 0;
  int thickness = 1;
  double at(int x) const { return y + slope * x; }
};

// Length of the vertical run of ink through (x, y), counted to `most`.
int run_length(const Mask& mask, int x, int y, int most) {
  if (!mask.at(x, y)) return 0;
  int run = 1;
  for (int v = y - 1; run < most && mask.at(x, v); --v) ++run;
  for (int v = y + 1; run < most && mask.at(x, v); ++v) ++run;
  return run;
}

// The longest piece of the line that is ink, but for gaps; the usual height of its runs.
Line traced(const Mask& mask, Line line) {
  const int most_gap = std::max(2, mask.width / 50);
  int from = -1, last = -1, best = 0;
  const auto finish = [&] {
    if (from >= 0 && last + 1 - from > best)
      best = last + 1 - from, line.left = from, line.right = last + 1;
  };
  for (int x = 0; x < mask.width; ++x) {
    const int y = static_cast<int>(std::lround(line.at(x)));
    if (!mask.at(x, y) && !mask.at(x, y + 1) && !mask.at(x, y - 1)) continue;
    if (from < 0 || x - last > most_gap + 1) finish(), from = x;
    last = x;
  }
  finish();
  std::vector<int> runs;
  for (int x = line.left; x < line.right; ++x) {
    const int y = static_cast<int>(std::lround(line.at(x)));
    for (const int at : {y, y + 1, y - 1})
      if (const int run = run_length(mask, x, at, mask.height)) {
        runs.push_back(run);
        break;
      }
  }
  if (runs.empty()) return line;
  std::nth_element(runs.begin(), runs.begin() + std::ptrdiff_t(runs.size() / 2), runs.end());
  line.thickness = runs[runs.size() / 2];
  return line;
}

// Takes the runs of the line's own height away; strokes that cross it are higher.
void erase(const Line& line, Mask& mask) {
  const int highest = line.thickness + line.thickness / 2 + 1;
  for (int x = line.left; x < line.right; ++x) {
    const int middle = static_cast<int>(std::lround(line.at(x)));
    for (int y = middle - line.thickness; y <= middle + line.thickness; ++y) {
      const int run = run_length(mask, x, y, highest + 1);
      if (run == 0 || run > highest) continue;
      int top = y;
      while (mask.at(x, top - 1)) --top;
      for (int v = top; v < top + run; ++v)
        mask.ink[static_cast<std::size_t>(v * mask.width + x)] = 0;
    }
  }
}

// Nearly level lines, the longest first: a Hough transform of the ink that is left each time.
std::vector<Line> level_lines(Mask mask) {
  std::vector<Line> lines;
  const int shortest = std::max(8, mask.width / 3);
  const int thickest = std::max(2, std::min(mask.width, mask.height) / 12);
  const int drifts = static_cast<int>(steepest * mask.width), rows = mask.height + 2 * drifts;
  std::vector<int> votes(static_cast<std::size_t>((2 * drifts + 1) * rows));
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      // The upper edge of a thick stroke votes, not all of it.
      if (!mask.at(x, y) || mask.at(x, y - 1)) continue;
      for (int drift = -drifts; drift <= drifts; ++drift)
        ++votes[static_cast<std::size_t>((drift + drifts) * rows + y + drifts -
                                         drift * x / mask.width)];
    }
  for (int round = 0; round < 64; ++round) {
    const auto best = std::max_element(votes.begin(), votes.end());
    if (*best * 2 < shortest) break;
    const int at = static_cast<int>(best - votes.begin());
    const int drift = at / rows - drifts;
    Line line{.y = at % rows - drifts + 0.0, .slope = 1.0 * drift / mask.width};
    line = traced(mask, line);
    // What lies that near has its votes from the same ink.
    for (int d = std::max(-drifts, drift - 4); d <= std::min(drifts, drift + 4); ++d)
      for (int y = -4; y <= 4; ++y) {
        const int row = at % rows + y;
        if (row >= 0 && row < rows) votes[static_cast<std::size_t>((d + drifts) * rows + row)] = 0;
      }
    if (line.right - line.left < shortest || line.thickness > thickest) continue;
    erase(line, mask);
    lines.push_back(line);
  }
  return lines;
}

const Component* largest(const std::vector<Component>& components) {
  const auto by_area = [](const Component& a, const Component& b) { return a.area() < b.area(); };
  const auto best = std::max_element(components.begin(), components.end(), by_area);
  return best == components.end() ? nullptr : &*best;
}

// Of parallel lines those that are no strokes of a mark, which lies from `from` to `to` along them.
std::vector<Line> foreign(const std::vector<Line>& lines, double stroke, int from, int to,
                          int side) {
  std::vector<Line> thin, beyond;
  const int more = std::max(2, (to - from) / 8);
  for (const Line& line : lines)
    if (2 * line.thickness <= stroke)
      thin.push_back(line);
    else if (line.left + more <= from && line.right - more >= to)
      beyond.push_back(line);
  // The stem of a 4 goes beyond what is left without it, too; but it is one, and ends somewhere.
  if (beyond.size() > 1 || (beyond.size() == 1 && beyond[0].right - beyond[0].left > 0.9 * side))
    thin.insert(thin.end(), beyond.begin(), beyond.end());
  return thin;
}

// Of the lines of a picture those that are as thin as most: a 1 on squared paper is not.
void drop_strokes(std::vector<Line>& level, std::vector<Line>& upright) {
  std::vector<int> thickness;
  for (const std::vector<Line>* lines : {&level, &upright})
    for (const Line& line : *lines) thickness.push_back(line.thickness);
  if (thickness.size() < 3) return;
  const auto middle = thickness.begin() + std::ptrdiff_t(thickness.size() / 2);
  std::nth_element(thickness.begin(), middle, thickness.end());
  const int most = 2 * *middle + 1;
  for (std::vector<Line>* lines : {&level, &upright})
    std::erase_if(*lines, [most](const Line& line) { return line.thickness > most; });
}

}  // namespace

RemovedLines remove_lines(Mask& mask) {
  std::vector<Line> level = level_lines(mask), upright = level_lines(transposed(mask));
  drop_strokes(level, upright);
  const auto without = [&](const std::vector<Line>& some_level,
                           const std::vector<Line>& some_upright) {
    Mask rest = mask;
    for (const Line& line : some_level) erase(line, rest);
    if (some_upright.empty()) return rest;
    rest = transposed(rest);
    for (const Line& line : some_upright) erase(line, rest);
    return transposed(rest);
  };
  const std::vector<Line> none;
  const std::pair<const std::vector<Line>&, const std::vector<Line>&> choices[] = {
      {level, upright}, {level, none}, {none, upright}};
  for (const auto& [some_level, some_upright] : choices) {
    if (some_level.empty() && some_upright.empty()) continue;
    const std::vector<Component> marks = find_components(without(some_level, some_upright));
    const Component* mark = largest(marks);
    const bool some = mark && mark->extent() * 8 >= std::max(mask.width, mask.height);
    if (!some && some_level.size() > 1 && some_upright.size() > 1) return {0, true};
    if (!some) continue;
    const double stroke = mark->stroke();
    // What is left of a stroke that was taken for a line is thin.
    const auto too_thick = [&](const Line& line) { return line.thickness > 2 * stroke; };
    if (std::any_of(some_level.begin(), some_level.end(), too_thick) ||
        std::any_of(some_upright.begin(), some_upright.end(), too_thick))
      continue;
    const auto go_level = foreign(some_level, stroke, mark->left, mark->right, mask.width);
    const auto go_upright = foreign(some_upright, stroke, mark->top, mark->bottom, mask.height);
    mask = without(go_level, go_upright);
    return {static_cast<int>(go_level.size() + go_upright.size()), false};
  }
  return {};
}

}  // namespace fovea
