#include "layers/warps/families.h"

#include "layers/warps/affine.h"
#include "layers/warps/arguments.h"
#include "layers/warps/attention.h"
#include "layers/warps/flow.h"
#include "layers/warps/pose.h"
#include "layers/warps/projective.h"
#include "layers/warps/similarity.h"
#include "layers/warps/tps.h"
#include "layers/warps/translation.h"

namespace fovea {

namespace {

using Made = std::shared_ptr<const Warp>;

template <class Family>
Made make(WarpArguments&) {
  return std::make_shared<Family>();
}

Made make_pose(WarpArguments& given) {
  PoseOptions o;
  o.scale = static_cast<Real>(given.number("scale", 2, 1.001, 100));
  o.angle = static_cast<Real>(given.number("angle", 90, 0.001, 179));
  o.shift = static_cast<Real>(given.number("shift", 1, 0.001, 100));
  return std::make_shared<PoseWarp>(o, given.text());
}

// How far displacements may go; 0: as far as they like.
Real limit_of(WarpArguments& given) {
  return static_cast<Real>(given.number("limit", 0, 0, 100));
}

Made make_tps(WarpArguments& given) {
  const TpsOptions o{.points = given.integer("points", 4, 2, 12), .limit = limit_of(given)};
  return std::make_shared<TpsWarp>(o, given.text());
}

Made make_flow(WarpArguments& given) {
  const FlowOptions o{.rows = given.integer("rows", 28, 1, 256),
                      .columns = given.integer("columns", 28, 1, 256),
                      .limit = limit_of(given)};
  return std::make_shared<FlowWarp>(o, given.text());
}

// The one list: a new family adds its line.
constexpr Made (*families[])(WarpArguments&) = {
    make<TranslationWarp>, make<AttentionWarp>,  make_pose, make<SimilarityWarp>,
    make<AffineWarp>,      make<ProjectiveWarp>, make_tps,  make_flow,
};

}  // namespace

std::vector<std::string> warp_names() {
  WarpArguments none("");
  std::vector<std::string> names;
  for (const auto& family : families) names.push_back(family(none)->name());
  return names;
}

std::shared_ptr<const Warp> make_warp(const std::string& text) {
  WarpArguments given(text), none("");
  std::string known;
  for (const auto& family : families) {
    auto warp = family(none);
    if (warp->name() == given.name()) {
      warp = family(given);
      given.require_all_used();
      return warp;
    }
    known += (known.empty() ? "" : ", ") + warp->name();
  }
  fail("there is no family of transforms \"", given.name(), "\"; known are ", known);
}

}  // namespace fovea
