// A folder of CIFAR-10: the names of the classes up to a zero byte, then the records.
#include "data/cifar.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "cifar";

std::vector<Bytes> seeds() {
  Bytes set = bytes_of("airplane\nauto\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n");
  set.push_back(0);
  for (int i = 0; i < 2 * 3073; ++i) set.push_back(static_cast<std::uint8_t>(i % 3073 ? i * 7 : 9));
  Bytes marked = set;
  const Bytes mark = bytes_of("\xef\xbb\xbf");
  marked.insert(marked.begin(), mark.begin(), mark.end());
  return {set, marked};
}

void run(std::span<const std::uint8_t> input) {
  static const Folder folder;
  const auto names_end = std::find(input.begin(), input.end(), 0);
  const auto names = static_cast<std::size_t>(names_end - input.begin());
  const auto records = input.subspan(std::min(input.size(), names + 1));
  folder.write("batches.meta.txt", input.first(names));
  folder.write("data_batch_1.bin", records);
  folder.write("test_batch.bin", records);
  const DataSplit split = read_cifar10(folder.path());
  if (split.train.pixels != split.test.pixels) __builtin_trap();
  for (const std::int32_t label : split.train.labels)
    if (label < 0 || label > 9) __builtin_trap();
}

}  // namespace fovea::fuzz
