#include "layers/warps/families.h"

#include "layers/warps/affine.h"
#include "layers/warps/attention.h"
#include "layers/warps/similarity.h"
#include "layers/warps/translation.h"

namespace fovea {

namespace {

template <class Family>
std::shared_ptr<const Warp> make() {
  return std::make_shared<Family>();
}

// The one list: a new family adds its line.
constexpr std::shared_ptr<const Warp> (*families[])() = {
    make<TranslationWarp>,
    make<AttentionWarp>,
    make<SimilarityWarp>,
    make<AffineWarp>,
};

}  // namespace

std::vector<std::string> warp_names() {
  std::vector<std::string> names;
  for (const auto& family : families) names.push_back(family()->name());
  return names;
}

std::shared_ptr<const Warp> make_warp(const std::string& name) {
  std::string known;
  for (const auto& family : families) {
    auto warp = family();
    if (warp->name() == name) return warp;
    known += (known.empty() ? "" : ", ") + warp->name();
  }
  fail("there is no family of transforms \"", name, "\"; known are ", known);
}

}  // namespace fovea
