// Giving memory back that the cache of core/memory.h keeps.
#pragma once

namespace fovea {

/// Gives the blocks that this thread has released back to the system, as torch.cuda.empty_cache():
/// after something large that does not come again.
void empty_cache();

}  // namespace fovea
