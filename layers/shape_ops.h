// Operations that move elements: concatenate, stack, slice, transpose, permute. (Tensor::reshape is
// in core, pad in pad.h.)
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

/// The same along a new dimension: the inputs have one shape, the result has their number at `dim`
/// (-1: a new last one). Errors as for concatenate.
Tensor stack(std::span<const Tensor> inputs, int dim = 0);
inline Tensor stack(std::initializer_list<Tensor> inputs, int dim = 0) {
  return stack(std::span(inputs.begin(), inputs.size()), dim);
}

/// The elements begin, begin + step, ... < end along dimension `dim`; throws unless
/// 0 <= begin <= end <= extent and step >= 1.
Tensor slice(const Tensor& x, int dim, int begin, int end, int step = 1);

/// x with two dimensions exchanged (-1: the last). Throws for one that does not exist.
Tensor transpose(const Tensor& x, int dim0, int dim1);

/// x with its dimensions in this order: dimension i of the result is dims[i] of x. Throws unless
/// each is named once.
Tensor permute(const Tensor& x, std::initializer_list<int> dims);

}  // namespace fovea
