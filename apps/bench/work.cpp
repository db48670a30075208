#include <map>

#include "apps/bench/bench.h"
#include "core/autograd.h"
#include "core/trace.h"

namespace fovea::bench {

namespace {

// Multiply-adds of one forward pass of an operation.
double forward_work(const TracedOp& op) {
  const double outputs = op.output.size();
  if (op.op == "linear") return outputs * op.inputs[1].shape()[1];
  if (op.op == "conv2d") {
    const Shape& weight = op.inputs[1].shape();
    return outputs * weight[1] * weight[2] * weight[3];
  }
  return 0;
}

}  // namespace

Shape bench_input(const std::string& name) {
  return find_network(name).input;
}

std::unique_ptr<Module> make_bench_network(const std::string& name) {
  const NetworkKind& kind = find_network(name);
  Random rng(1);
  return make_network(name, {kind.input, 10, kind.options}, rng);
}

double training_flop(const std::string& network) {
  static std::map<std::string, double> known;
  if (const auto found = known.find(network); found != known.end()) return found->second;
  const auto net = make_bench_network(network);
  const Trace trace;
  (*net)(Tensor::zeros(bench_input(network), true));
  double work = 0;
  for (const TracedOp& op : trace.ops()) {
    if (op.op == "grid_sample") work += 51.0 * op.output.size();
    work += forward_work(op) * (2 + op.inputs[0].requires_grad());
  }
  return known[network] = 2 * work;
}

}  // namespace fovea::bench
