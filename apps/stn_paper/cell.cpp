#include "apps/stn_paper/cell.h"

#include <algorithm>
#include <map>

#include "apps/networks/network.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "data/distort.h"
#include "layers/warps/families.h"

namespace fovea::paper {

namespace {

constexpr const char* addition = "addition";

bool is_one_of(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void require_name(const char* option, const std::string& name,
                  const std::vector<std::string>& names) {
  if (!is_one_of(name, names)) throw_unknown(option, name, names);
}

bool has_transformers(const std::string& net) {
  const Attributes& options = find_network(net).options;
  return options.find("transformers") &&
         (!options.find("transformer") || options.flag("transformer"));
}

std::vector<std::string> net_names() {
  std::vector<std::string> names;
  for (const Row& row : rows())
    if (!is_one_of(row.net, names)) names.push_back(row.net);
  return names;
}

}  // namespace

std::string Cell::name() const {
  const std::string look =
      transformers == 0 ? "" : cat("-", transformers > 1 ? cat(transformers, "x") : "", warp);
  std::string name = cat(set, "-", net, look, "-", seed, tag.empty() ? "" : "-" + tag);
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

const std::vector<std::string>& sets() {
  static const std::vector<std::string> all = distortion_names();
  return all;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"FCN", "fcn", "", 0, ""},
      {"CNN", "cnn", "", 0, ""},
      {"ST-FCN affine", "st-fcn", "affine", 1, "fcn"},
      {"ST-FCN projective", "st-fcn", "projective", 1, "fcn"},
      {"ST-FCN TPS", "st-fcn", "tps", 1, "fcn"},
      {"ST-CNN affine", "st-cnn", "affine", 1, "cnn"},
      {"ST-CNN projective", "st-cnn", "projective", 1, "cnn"},
      {"ST-CNN TPS", "st-cnn", "tps", 1, "cnn"},
      {"best, no transformer", "best-cnn", "", 0, ""},
      {"best, affine", "best", "affine", 1, "best-cnn"},
      {"best, projective", "best", "projective", 1, "best-cnn"},
      {"best, TPS", "best", "tps", 1, "best-cnn"},
  };
  return all;
}

Cell make_cell(const std::string& net, const std::string& warp, const std::string& set,
               int transformers, std::uint64_t seed) {
  require_name("--net", net, net_names());
  require_name("--set", set, sets());
  if (!has_transformers(net)) {
    require_usage(transformers <= 0, "--transformers: ", net, " has none; leave the option away");
    return {.net = net, .warp = "", .set = set, .seed = seed};
  }
  try {
    make_warp(warp);
  } catch (const Error&) {
    throw_unknown("--warp", warp, warp_names());
  }
  require_usage(transformers >= 0 && transformers <= 8, "--transformers takes 0 to 8, got ",
                transformers);
  const int usual = set == addition ? 2 : 1;
  return {.net = net,
          .warp = warp,
          .set = set,
          .transformers = transformers > 0 ? transformers : usual,
          .seed = seed};
}

TrainOptions recipe_of(const Cell& cell) {
  TrainOptions o;
  o.model = cell.net;
  o.seed = cell.seed;
  o.data.distortion = cell.set;
  o.validation = 5000;
  o.batch = 64;
  o.optimizer = "adamw";
  o.lr = 0.002;
  o.weight_decay = 0.01;
  o.lr_loc_scale = 0.25;
  o.augment = false;
  if (cell.transformers > 0) {
    o.model_options = {"warp=" + cell.warp, cat("transformers=", cell.transformers)};
    // Else two localisation networks of full images leave little for the classifier.
    if (cell.net == "st-fcn" && cell.transformers > 1)
      o.model_options.push_back("localization_pool=2");
  }
  if (cell.net.starts_with("best")) {
    o.elastic = 1.5;
    o.label_smoothing = 0.05;
    o.weight_decay = 0.05;
  }
  return o;
}

std::optional<double> published(const Row& row, const std::string& set, int transformers) {
  // Jaderberg et al. 2015, table 1; for addition, table 4 in their appendix.
  using Figures = std::map<std::string, double>;
  static const std::map<std::string, Figures> table = {
      {"FCN", {{"R", 2.1}, {"RTS", 5.2}, {"P", 3.1}, {"E", 3.2}, {"TC", 13.2}, {addition, 47.7}}},
      {"CNN", {{"R", 1.2}, {"RTS", 0.8}, {"P", 1.5}, {"E", 1.4}, {"TC", 3.5}, {addition, 14.7}}},
      {"ST-FCN affine", {{"R", 1.2}, {"RTS", 0.8}, {"P", 1.5}, {"E", 2.7}, {"TC", 2.0}}},
      {"ST-FCN projective", {{"R", 1.3}, {"RTS", 0.9}, {"P", 1.4}, {"E", 2.6}}},
      {"ST-FCN TPS", {{"R", 1.1}, {"RTS", 0.8}, {"P", 1.4}, {"E", 2.4}}},
      {"ST-CNN affine", {{"R", 0.7}, {"RTS", 0.5}, {"P", 0.8}, {"E", 1.2}, {"TC", 1.7}}},
      {"ST-CNN projective", {{"R", 0.8}, {"RTS", 0.6}, {"P", 0.8}, {"E", 1.3}}},
      {"ST-CNN TPS", {{"R", 0.7}, {"RTS", 0.5}, {"P", 0.8}, {"E", 1.1}}},
  };
  static const Figures one = {{"ST-FCN affine", 22.6}, {"ST-FCN TPS", 18.5}};
  static const Figures two = {
      {"ST-FCN affine", 9.0}, {"ST-FCN projective", 5.9}, {"ST-FCN TPS", 5.8}};
  const auto found = [](const Figures& figures, const std::string& name) -> std::optional<double> {
    const auto at = figures.find(name);
    return at == figures.end() ? std::nullopt : std::optional(at->second);
  };
  if (set == addition && transformers > 0)
    return transformers == 1   ? found(one, row.title)
           : transformers == 2 ? found(two, row.title)
                               : std::nullopt;
  const auto at = table.find(row.title);
  return at == table.end() ? std::nullopt : found(at->second, set);
}

std::vector<Planned> plan() {
  const std::vector<std::string> known = warp_names();
  std::vector<Planned> all;
  for (const bool best : {false, true})
    for (const std::uint64_t seed : {1, 2, 3})
      for (const std::string& set : sets())
        for (const Row& row : rows()) {
          if (row.net.starts_with("best") != best || (!best && seed > 1)) continue;
          if (!row.warp.empty() && !is_one_of(row.warp, known)) continue;
          if (best && row.warp.empty() && seed > 1) continue;
          if (best && !row.warp.empty() && row.warp != "affine") continue;
          const int usual = set == addition && row.transformers > 0 ? 2 : row.transformers;
          if (!best && usual > 0 && !published(row, set, usual)) continue;
          all.push_back({make_cell(row.net, row.warp, set, usual, seed), best ? 30 : 8});
          if (!best && set == addition && row.net == "st-fcn" && published(row, set, 1))
            all.push_back({make_cell(row.net, row.warp, set, 1, seed), 8});
        }
  return all;
}

}  // namespace fovea::paper
