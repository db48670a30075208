// The page has the tutorial's network only: in place of the files of apps/networks/ that the table
// there lists besides, and that would be half of the page.
#include "apps/networks/paper.h"

namespace fovea {

Attributes transformer_options() {
  return {};
}

std::vector<NetworkKind> deep_networks() {
  return {};
}

std::vector<NetworkKind> feature_networks() {
  return {};
}

std::vector<NetworkKind> paper_networks() {
  return {};
}

std::vector<NetworkKind> best_networks() {
  return {};
}

}  // namespace fovea
