#include "layers/sequential.h"

#include "layers/activations.h"
#include "layers/conv_pool.h"

namespace fovea {

Sequential& Sequential::append(std::unique_ptr<Module> layer) {
  add_module(std::to_string(layers_.size()), *layer);
  layers_.push_back(std::move(layer));
  return *this;
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (i + 2 < layers_.size() && !modules_observed()) {
      const auto* conv = dynamic_cast<const Conv2d*>(layers_[i].get());
      const auto* pool = dynamic_cast<const MaxPool2d*>(layers_[i + 1].get());
      if (conv && pool && dynamic_cast<const ReLU*>(layers_[i + 2].get())) {
        y = conv_pool_relu(y, *conv, pool->options());
        i += 2;
        continue;
      }
    }
    y = (*layers_[i])(y);
  }
  return y;
}

}  // namespace fovea
