#include "layers/chain.h"

namespace fovea {

Chain::Chain(std::initializer_list<const Module*> modules) : modules_(modules) {
  plan();
}

void Chain::append(const Module& module) {
  modules_.push_back(&module);
  plan();
}

void Chain::plan() {
  links_.clear();
  for (std::size_t i = 0; i < modules_.size();
       i += 1 + static_cast<std::size_t>(links_.back().fused.followers))
    links_.push_back({modules_[i], modules_[i]->fuse(modules().subspan(i + 1))});
}

Tensor Chain::operator()(const Tensor& x) const {
  Tensor y = x;
  if (modules_observed()) {
    for (const Module* module : modules_) y = (*module)(y);
    return y;
  }
  for (const Link& link : links_)
    y = link.fused.followers ? link.module->run(y, link.fused.run) : (*link.module)(y);
  return y;
}

}  // namespace fovea
