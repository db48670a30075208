#include "layers/sequential.h"

namespace fovea {

Sequential& Sequential::append(std::unique_ptr<Module> layer) {
  add_module(std::to_string(layers_.size()), *layer);
  layers_.push_back(std::move(layer));
  return *this;
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (const auto& layer : layers_)
    y = (*layer)(y);
  return y;
}

}  // namespace fovea
