// The command line, an argument in each line: parsed, and nothing done.
#include "apps/mnist_stn/command_line.h"

#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "command_line";

std::vector<Bytes> seeds() {
  std::vector<Bytes> out;
  for (const char* line :
       {"train\n--out\nrun\n--epochs\n10\n--lr=1e-3\n--betas\n0.9\n0.99\n--no-augment\n--seed\n7",
        "train\n--resume\nrun\n--quiet\n--milestones\n1,2\n--model-option\nwarp=tps:points=5",
        "eval\n-w\na.safetensors\n--draws\n5\n--json\n--test-limit\n010",
        "predict\n--top\n3\n--save\npics\na.png\n-", "visualize\n-o\nx.png\n--count\n9",
        "export\n--onnx\nx.onnx\n--samples\ny", "summary\n--model\ntutorial", "help\ntrain",
        "--version"})
    out.push_back(bytes_of(line));
  return out;
}

void run(std::span<const std::uint8_t> input) {
  std::string text = "mnist_stn\n" + std::string(text_of(input));
  std::vector<char*> arguments = {text.data()};
  for (char& c : text) {
    if (c != '\n') continue;
    c = '\0';
    arguments.push_back(&c + 1);
  }
  const int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  check_command_line(count, arguments.data());
}

}  // namespace fovea::fuzz
