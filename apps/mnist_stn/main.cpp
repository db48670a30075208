// mnist_stn: trains, judges and shows spatial-transformer networks.
#include "apps/cluster/ranks.h"
#include "apps/mnist_stn/command_line.h"
#include "apps/shell/program.h"

int main(int argc, char** argv) {
  return fovea::run_program("mnist_stn", argc, argv, fovea::run_command_line, fovea::failing_rank);
}
