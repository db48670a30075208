#include "apps/cluster/ranks.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "core/workers.h"

namespace fovea {

void Ranks::exchange(std::span<const std::span<const std::byte>> to,
                     std::span<const std::span<std::byte>> from) {
  std::copy(to[0].begin(), to[0].end(), from[0].begin());
}

Ranks& alone() {
  static Ranks one;
  return one;
}

double rank_timeout() {
  const char* text = std::getenv("FOVEA_RANK_TIMEOUT");
  if (!text || !*text) return 60;
  char* end = nullptr;
  const double seconds = std::strtod(text, &end);
  require(*end == '\0' && seconds > 0 && seconds < 1e9,
          "FOVEA_RANK_TIMEOUT takes seconds, above 0, got '", text, "'");
  return seconds;
}

int default_threads(const Ranks& ranks) {
  return std::max(1, available_cpus() / ranks.sharing_cpus());
}

void share_parts(Ranks& ranks, void* values, std::size_t count, std::size_t value_size) {
  if (ranks.size() == 1) return;
  auto* bytes = static_cast<std::byte*>(values);
  const auto part = [&](int r) {
    const std::size_t begin = part_begin(ranks, count, r), end = part_begin(ranks, count, r + 1);
    return std::span(bytes + begin * value_size, (end - begin) * value_size);
  };
  std::vector<std::span<const std::byte>> to;
  std::vector<std::span<std::byte>> from;
  for (int r = 0; r < ranks.size(); ++r) {
    to.push_back(r == ranks.rank() ? std::span<std::byte>() : part(ranks.rank()));
    from.push_back(r == ranks.rank() ? std::span<std::byte>() : part(r));
  }
  ranks.exchange(to, from);
}

void barrier(Ranks& ranks) {
  all_of(ranks, char{});
}

std::string first_text(Ranks& ranks, const std::string& mine) {
  std::array<char, 401> text{};
  std::copy_n(mine.begin(), std::min(mine.size(), text.size() - 1), text.begin());
  for (const auto& one : all_of(ranks, text))
    if (one[0] != '\0') return one.data();
  return "";
}

void require_same(Ranks& ranks, std::uint32_t value, const char* what) {
  const std::vector<std::uint32_t> values = all_of(ranks, value);
  for (std::size_t r = 1; r < values.size(); ++r)
    require(values[r] == values[0], "rank ", r, " has ", what,
            " than rank 0: the folders and files that are named must be the same on every machine");
}

}  // namespace fovea
