#include "apps/stn_paper/table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "apps/shell/numbers.h"

namespace fovea::paper {

namespace {

// All seeds of a cell.
struct Measured {
  double error = 0, standard_error = 0, minutes = 0;
  std::size_t parameters = 0, seeds = 0;
};

std::optional<Measured> measured(std::span<const Result> results, const Row& row,
                                 const std::string& set, int transformers) {
  std::map<std::uint64_t, const Result*> seeds;  // the newest of each
  for (const Result& r : results)
    if (r.cell.net == row.net && r.cell.warp == row.warp && r.cell.set == set &&
        r.cell.transformers == transformers)
      seeds[r.cell.seed] = &r;
  if (seeds.empty()) return std::nullopt;
  Measured m;
  std::vector<double> errors;
  for (const auto& [seed, r] : seeds) {
    errors.push_back(mean_and_error(r->errors).mean);
    m.minutes += r->minutes / static_cast<double>(seeds.size());
    m.parameters = std::max(m.parameters, r->parameters);
  }
  const MeanAndError all =
      seeds.size() > 1 ? mean_and_error(errors) : mean_and_error(seeds.begin()->second->errors);
  m.error = all.mean, m.standard_error = all.error, m.seeds = seeds.size();
  return m;
}

const Row* control_of(const Row& row) {
  for (const Row& other : rows())
    if (!row.control.empty() && other.net == row.control) return &other;
  return nullptr;
}

// A row and how many transformers it has on the set of additions.
struct Line {
  Row row;
  int on_additions;
};

std::vector<Line> lines() {
  std::vector<Line> all;
  for (const Row& row : rows()) {
    all.push_back({row, row.transformers > 0 ? 2 : 0});
    if (row.net != "st-fcn") continue;
    all.push_back({row, 1});
  }
  return all;
}

using CellText = std::string (*)(std::span<const Result>, const Row&, const std::string& set,
                                 int transformers);

std::string error_text(std::span<const Result> results, const Row& row, const std::string& set,
                       int transformers) {
  const auto theirs = published(row, set, transformers);
  const auto ours = measured(results, row, set, transformers);
  std::string text = "–";
  if (ours) {
    text = cat(fixed(ours->error, 2), " ± ", fixed(ours->standard_error, 2));
    if (ours->seeds > 1) text += cat(" (", ours->seeds, " seeds)");
    if (const Row* control = control_of(row))
      if (const auto without = measured(results, *control, set, 0);
          without && ours->error >= without->error)
        text += " !";
  }
  return text + (theirs ? cat(" / ", fixed(*theirs, 1)) : "");
}

std::string cost_text(std::span<const Result> results, const Row& row, const std::string& set,
                      int transformers) {
  const auto ours = measured(results, row, set, transformers);
  if (!ours) return "–";
  return cat(fixed(ours->minutes, 1), " min, ",
             std::lround(static_cast<double>(ours->parameters) / 1000), "k");
}

std::string table(std::span<const Result> results, CellText cell) {
  std::string out = "| |";
  for (const std::string& set : sets()) out += cat(" ", set, " |");
  out += "\n|---|";
  for (std::size_t i = 0; i < sets().size(); ++i) out += "---|";
  out += "\n";
  for (const Line& line : lines()) {
    // The second line of a network: the sum of digits with one transformer only.
    const bool second = line.row.transformers > 0 && line.on_additions == 1;
    std::string text = cat("| ", line.row.title, second ? ", one transformer" : "", " |");
    bool any = false;
    for (const std::string& set : sets()) {
      const bool sum = set == "addition";
      const std::string filled =
          second && !sum
              ? ""
              : cell(results, line.row, set, sum ? line.on_additions : line.row.transformers);
      any |= !filled.empty() && filled != "–";
      text += cat(" ", filled, " |");
    }
    if (any) out += text + "\n";
  }
  return out;
}

}  // namespace

std::string paper_tables(std::span<const Result> results, bool synthetic) {
  std::vector<Result> kept;
  int trials = 0, others = 0;
  for (const Result& r : results) {
    if (!r.cell.tag.empty())
      ++trials;
    else if (r.synthetic != synthetic)
      ++others;
    else
      kept.push_back(r);
  }
  std::string out = cat(
      "Test error in percent", synthetic ? " ON DIGITS DRAWN BY THE PROGRAM, not MNIST" : "",
      ": measured ± standard error / Jaderberg et al. 2015. The standard error is that of the "
      "mean\n"
      "over seeds or, of one seed, over draws of the test set. \"!\": not ahead of the same "
      "recipe\n"
      "without a transformer. Sums have two transformers, side by side, unless it says one.\n\n",
      table(kept, error_text), "\nMinutes of training and thousands of parameters.\n\n",
      table(kept, cost_text));
  if (trials > 0)
    out +=
        cat("\nLeft out: ", trials, trials == 1 ? " line" : " lines", " of trials (with a tag).\n");
  if (others > 0)
    out += cat("\nLeft out: ", others, others == 1 ? " line" : " lines",
               synthetic ? " of MNIST.\n" : " of drawn digits.\n");
  return out;
}

}  // namespace fovea::paper
