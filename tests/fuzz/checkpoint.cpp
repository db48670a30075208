// A checkpoint as --resume reads it: the header up to a zero byte, then the data. The length in
// front is made here, and the entry of the checksum bears another name: otherwise nearly every
// change would end at these two.
#include "apps/run/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "apps/networks/model_info.h"
#include "apps/run/files.h"
#include "apps/train/optimizers.h"
#include "apps/train/options.h"
#include "core/file.h"
#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "checkpoint";

namespace {

constexpr std::size_t length_bytes = 8;

std::unique_ptr<Optimizer> optimizer_of(const Module& network, const TrainOptions& options) {
  return find_optimizer(options.optimizer).make({{.parameters = network.parameters()}}, options);
}

// What a run of these options leaves after its first step.
Bytes seed(const TrainOptions& wanted) {
  TrainOptions options = wanted;
  resolve(options);
  ModelInfo info = describe_model(options.model, {1, 28, 28}, {"a", "b"});
  info.options = network_options(options);
  const Model model = make_model(info, 1);
  const auto optimizer = optimizer_of(*model.network, options);
  for (const Tensor& parameter : model.network->parameters()) {
    const Tensor grad = Tensor::shared(parameter.shape());
    grad.fill(Real(0.01));
    parameter.set_grad(grad);
  }
  optimizer->step();
  RunState state;
  state.step = 1;
  if (options.schedule == "plateau") state.plateau = ReduceOnPlateau::State{.lr = 0.01};
  const Folder folder;
  const std::string path =
      save_checkpoint(folder.path(), model, *optimizer, state, options_text(options), 1);
  Bytes file = read_file(path, 1 << 24);
  std::uint64_t header = 0;
  std::memcpy(&header, file.data(), length_bytes);
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(length_bytes + header), 0);
  file.erase(file.begin(), file.begin() + length_bytes);
  const std::string_view mark = "fovea.crc32", instead = "other.crc32";
  const auto at = std::search(file.begin(), file.end(), mark.begin(), mark.end());
  std::copy(instead.begin(), instead.end(), at);
  file.erase(file.begin() + 1);  // one of the spaces that tell our files
  return file;
}

}  // namespace

std::vector<Bytes> seeds() {
  TrainOptions small;
  small.model_options = {"localization1=1", "localization2=1", "localization_fc=1",
                         "conv1=1",         "conv2=1",         "fc=1"};
  TrainOptions plain = small;
  plain.optimizer = "sgd";
  plain.momentum = 0.5;
  plain.schedule = "plateau";
  return {seed(small), seed(plain)};
}

void run(std::span<const std::uint8_t> input) {
  static const Folder folder;
  const auto zero =
      static_cast<std::uint64_t>(std::find(input.begin(), input.end(), 0) - input.begin());
  Bytes file(length_bytes);
  std::memcpy(file.data(), &zero, length_bytes);
  file.insert(file.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(zero));
  if (zero < input.size())
    file.insert(file.end(), input.begin() + static_cast<std::ptrdiff_t>(zero) + 1, input.end());
  folder.write(run_files::checkpoint(1), file);
  const Checkpoint checkpoint = read_newest_checkpoint(folder.path());
  TrainOptions now;
  now.resume = folder.path();
  TrainOptions options = resumed_options(checkpoint.options, now, {});
  resolve(options);
  network_options(options);
  const Model model = model_from(checkpoint.tensors, checkpoint.file, true);
  restore_optimizer(*optimizer_of(*model.network, options), checkpoint);
}

}  // namespace fovea::fuzz
