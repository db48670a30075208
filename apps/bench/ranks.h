// How fast several ranks train, and what that means for more of them on a network.
#pragma once

namespace fovea::bench {

/// Measures steps and messages of the ranks of this job (mpirun -n N build/bench --only ranks, with
/// `make MPI=1`), fits a model to them and prints it, what it says of these very steps, and what it
/// says of 8, 64 and 512 ranks. Returns the exit code.
int run_ranks(bool quick);

}  // namespace fovea::bench
