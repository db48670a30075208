// Operations that move elements: concatenate, slice, transpose. (Tensor::reshape is in core.)
#pragma once

#include <initializer_list>
#include <span>

#include "core/tensor.h"

namespace fovea {

/// The inputs one after the other along dimension `dim` of a sample (0: channels; -1: the last).
/// One to eight inputs; their other extents must be equal, or Error. The result is per sample if
/// one of them is.
Tensor concatenate(std::span<const Tensor> inputs, int dim = 0);
inline Tensor concatenate(std::initializer_list<Tensor> inputs, int dim = 0) {
  return concatenate(std::span(inputs.begin(), inputs.size()), dim);
}

/// The elements begin <= i < end along dimension `dim`; throws unless 0 <= begin <= end <= extent.
Tensor slice(const Tensor& x, int dim, int begin, int end);

/// x with two dimensions exchanged.
Tensor transpose(const Tensor& x, int dim0, int dim1);

}  // namespace fovea
