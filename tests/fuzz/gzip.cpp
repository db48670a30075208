// Any gzip content, read in pieces of all sizes: the same bytes, and no more than was promised.
#include <algorithm>

#include "core/error.h"
#include "data/input_file.h"
#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "gzip";

std::vector<Bytes> seeds() {
  Bytes text(600);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::uint8_t>(i * i / 7);
  const Bytes one = gzip(text), none = gzip({}), zeros = gzip(Bytes(100000));
  Bytes members = one;
  members.insert(members.end(), none.begin(), none.end());
  members.insert(members.end(), one.begin(), one.end());
  Bytes named = one;  // with every optional field of a header: extra, name, comment
  named[3] = 4 + 8 + 16;
  const Bytes fields = {3, 0, 'a', 'b', 'c', 'n', 0, 'c', 0};
  named.insert(named.begin() + 10, fields.begin(), fields.end());
  return {one, none, zeros, members, named};
}

void run(std::span<const std::uint8_t> input) {
  const MemoryFile stored(input);
  constexpr std::size_t most = 1 << 17;
  static Bytes whole, pieces;
  whole.resize(most), pieces.resize(most);
  InputFile at_once(stored.path());
  whole.resize(at_once.read(whole));
  if (whole.size() > at_once.largest_content()) __builtin_trap();
  InputFile in_parts(stored.path());
  std::size_t done = 0;
  for (std::size_t step = 1; done < most; step = step * 2 % 4093 + 1) {
    const std::size_t wanted = std::min(step, most - done);
    const std::size_t count = in_parts.read(std::span(pieces).subspan(done, wanted));
    done += count;
    if (count < wanted) break;
  }
  pieces.resize(done);
  if (pieces != whole) __builtin_trap();
}

}  // namespace fovea::fuzz
