#include "core/debug.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "core/autograd.h"
#include "core/file.h"
#include "core/trace.h"

namespace fovea {

namespace {

using Clock = std::chrono::steady_clock;

bool switched_on(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value && std::string_view(value) != "0";
}

std::atomic<bool> check_finite{switched_on("FOVEA_CHECK_FINITE")};

// Times of all threads; printed when the program ends.
struct Profile {
  bool on = switched_on("FOVEA_PROFILE");
  std::mutex mutex;
  std::map<std::string, std::pair<long, double>> seconds;

  void add(const std::string& what, double duration) {
    const std::lock_guard lock(mutex);
    auto& [calls, total] = seconds[what];
    ++calls;
    total += duration;
  }
  ~Profile() {
    for (const auto& [what, entry] : seconds)
      std::fprintf(stderr, "%-28s %9ld calls %10.3f ms %9.2f us each\n", what.c_str(), entry.first,
                   entry.second * 1e3, entry.second * 1e6 / static_cast<double>(entry.first));
  }
};
Profile profile;
thread_local Clock::time_point last_event = Clock::now();

// The time since the previous operation of this thread is this operation's.
void time_op(const char* op, const char* phase) {
  const Clock::time_point now = Clock::now();
  profile.add(cat(op, phase), std::chrono::duration<double>(now - last_event).count());
  last_event = Clock::now();
}

std::string graph_file() {
  const char* value = std::getenv("FOVEA_GRAPH");
  return value ? value : "";
}
std::atomic<bool> graph_pending{!graph_file().empty()};

// Whether only a graph of before, or nothing, is there.
bool is_free_for_graph(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return true;
  const std::string_view graph = "digraph fovea";
  const std::vector<std::uint8_t> start = read_file_start(path, graph.size());
  return start.empty() || std::equal(graph.begin(), graph.end(), start.begin(), start.end());
}

void write_graph(const std::vector<Node*>& order) {
  require(is_free_for_graph(graph_file()), "FOVEA_GRAPH: ", graph_file(),
          " is there already and is no graph of ours; choose another name");
  const auto name = [](const void* of) { return cat("n", reinterpret_cast<std::uintptr_t>(of)); };
  std::string text = "digraph fovea {\n  rankdir=BT;\n  node [shape=box];\n";
  for (const Node* node : order) {
    text += cat("  ", name(node), " [label=\"", node->op(), "\"];\n");
    for (const Tensor& input : node->inputs()) {
      const std::string source = input.node() ? name(input.node().get()) : name(input.data());
      if (!input.node() || input.node()->is_leaf())
        text += cat("  ", source, " [label=\"", input, "\", style=rounded];\n");
      text += cat("  ", source, " -> ", name(node), ";\n");
    }
  }
  write_file_atomically(graph_file(), text + "}\n");
}

}  // namespace

void set_check_finite(bool on) {
  check_finite = on;
}

namespace debug {

bool enabled() {
  return tracing() || checking_finite() || profile.on;
}

bool checking_finite() {
  return check_finite.load(std::memory_order_relaxed);
}

void after_forward(const char* op, const Tensor& output, std::span<const Tensor> inputs,
                   AttributesOf attributes) {
  if (profile.on) time_op(op, " forward");
  trace(op, output, inputs, attributes);
  if (!checking_finite()) return;
  for (const Real value : output.values())
    if (!std::isfinite(value)) {
      const std::string scope = current_scope();
      fail("the result of ", op, scope.empty() ? "" : " in ", scope, " is not finite (",
           static_cast<double>(value), ")");
    }
}

void before_backward(const std::vector<Node*>& order) {
  if (graph_pending.load(std::memory_order_relaxed) && graph_pending.exchange(false))
    write_graph(order);
  if (profile.on) last_event = Clock::now();
}

void after_backward(const char* op) {
  if (profile.on) time_op(op, " backward");
}

}  // namespace debug

}  // namespace fovea
