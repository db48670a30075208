// Files of options: what begins as JSON is read as the config.json of a run that is started over,
// anything else is given to --config.
#include "apps/run/config.h"

#include <algorithm>

#include "apps/mnist_stn/command_line.h"
#include "apps/run/files.h"
#include "apps/train/options.h"
#include "core/file.h"
#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "config";

namespace {

void give_to_config(const std::string& path) {
  std::string words[] = {"mnist_stn", "train", "--config", path};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  check_command_line(4, arguments);
}

}  // namespace

std::vector<Bytes> seeds() {
  TrainOptions options;
  options.model_options = {"warp=similarity"};
  resolve(options);
  const Folder folder;
  const std::string path = folder.path() + "/config.json";
  write_config(path, {.fovea = "1",
                      .started = utc_now(),
                      .command = "mnist_stn train",
                      .options = parse_json(options_text(options)),
                      .data = Json::object(),
                      .model = Json::object(),
                      .build = Json::object(),
                      .machine = Json::object()});
  return {read_file(path, 1 << 20),
          bytes_of("epochs = 10\nlr=1e-3 # a word\n[train]\nseed = \"7\"\nbetas = [0.9, 0.99]\n"),
          bytes_of("[eval]\ndraws = 3\njson = true\n\n[train]\nno-augment = true\nshift = 1\n"),
          bytes_of("; a word\ntrain.epochs = 3\n'out' = 'a b'\nquiet\n")};
}

void run(std::span<const std::uint8_t> input) {
  static const Folder folder;
  const std::string path = folder.write(run_files::config, input);
  if (input.empty() || input[0] != '{') return give_to_config(path);
  run_files::find_run(folder.path());
  TrainOptions now;
  now.resume = folder.path();
  TrainOptions options = resumed_options(dump_json(read_config(path).options), now, {});
  resolve(options);
  network_options(options);
}

}  // namespace fovea::fuzz
