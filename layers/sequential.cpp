#include "layers/sequential.h"

namespace fovea {

Sequential& Sequential::append(std::unique_ptr<Module> layer) {
  add_module(std::to_string(layers_.size()), *layer);
  chain_.append(*layer);
  layers_.push_back(std::move(layer));
  return *this;
}

}  // namespace fovea
