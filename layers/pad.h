// Padding at the ends of dimensions.
#pragma once

#include <initializer_list>

#include "core/tensor.h"

namespace fovea {

/// What stands outside: a value; the elements mirrored without repeating the last (dcb|abcd|cba);
/// the last one repeated (aaa|abcd|ddd); the tensor from its other end (bcd|abcd|abc).
enum class PadMode { constant, reflect, replicate, circular };

const char* name_of(PadMode mode);  ///< as PyTorch has it

/// x of any shape and kind with `padding` elements more: before and after the last dimension, then
/// before and after the one in front of it, ..., as torch.nn.functional.pad; a negative number cuts
/// off. `value` is for constant. Throws for an odd number of paddings or too many, when more than
/// there is is cut off (constant) or all (the others), when reflect reaches beyond the extent - 1
/// or circular beyond what is left.
Tensor pad(const Tensor& x, std::initializer_list<int> padding, PadMode mode = PadMode::constant,
           Real value = 0);

}  // namespace fovea
