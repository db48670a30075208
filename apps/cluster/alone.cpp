// The only rank there is: what a program is built with unless `make MPI=1` asks for more.
#include <cstdlib>

#include "apps/cluster/ranks.h"

namespace fovea {

Ranks& ranks() {
  // As many trainings as mpirun started, all in one folder, are not what it was started for.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* size = std::getenv(name);
    require(!size || std::atoi(size) <= 1, "mpirun started this program ", size ? size : "",
            " times, but it was built for one process: build it with make MPI=1");
  }
  return alone();
}

std::string failing_rank() {
  return "";
}

}  // namespace fovea
