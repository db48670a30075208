#include "layers/flatten.h"

namespace fovea {

std::string Flatten::describe() const {
  return "Flatten(start_dim=1, end_dim=-1)";
}

}  // namespace fovea
