#include "data/dataset.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/utf8.h"

namespace fovea {

namespace {

struct Sums {
  std::uint64_t count = 0, value = 0, square = 0;
};

// Exact integer sums of one channel, so that the result depends on no order of summation.
Sums sum_channel(const Dataset& data, int channel) {
  const std::size_t plane = static_cast<std::size_t>(data.image_shape[1]) * data.image_shape[2];
  Sums sums;
  for (int i = 0; i < data.size(); ++i) {
    std::uint64_t value = 0, square = 0;
    for (std::uint64_t pixel : data.image(i).subspan(channel * plane, plane)) {
      value += pixel;
      square += pixel * pixel;
    }
    sums.value += value;
    sums.square += square;
  }
  sums.count = plane * static_cast<std::uint64_t>(data.size());
  return sums;
}

float four_decimals(double value) {
  return static_cast<float>(std::round(value * 1e4) / 1e4);
}

// Text with a byte-order mark in UTF-8 or UTF-16 (as Windows' editors write it), or plain UTF-8.
std::string utf8_of(const std::vector<std::uint8_t>& bytes, const std::string& path) {
  const auto starts = [&](std::initializer_list<std::uint8_t> mark) {
    return bytes.size() >= mark.size() && std::equal(mark.begin(), mark.end(), bytes.begin());
  };
  if (starts({0xEF, 0xBB, 0xBF})) return {bytes.begin() + 3, bytes.end()};
  const bool little = starts({0xFF, 0xFE});
  if (!little && !starts({0xFE, 0xFF})) {
    require(std::find(bytes.begin(), bytes.end(), 0) == bytes.end(), path,
            ": holds bytes of zero; save it as text in UTF-8");
    return {bytes.begin(), bytes.end()};
  }
  require(bytes.size() % 2 == 0, path, ": half a character at its end; save it in UTF-8");
  std::u16string text;
  for (std::size_t i = 2; i < bytes.size(); i += 2)
    text += static_cast<char16_t>(bytes[i + little] << 8 | bytes[i + !little]);
  require(text.find(u'\0') == text.npos, path, ": holds zeros; save it as text in UTF-8");
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t c = text[i];
    if (c >= 0xD800 && c < 0xDC00 && i + 1 < text.size() && text[i + 1] >= 0xDC00 &&
        text[i + 1] < 0xE000)
      c = 0x10000 + ((c - 0xD800) << 10) + (text[++i] - 0xDC00);
    const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    const unsigned char marks[] = {0, 0xC0, 0xE0, 0xF0};
    out += static_cast<char>(marks[more] | c >> 6 * more);
    for (int k = more - 1; k >= 0; --k) out += static_cast<char>(0x80 | (c >> 6 * k & 0x3F));
  }
  return out;
}

}  // namespace

Batch batch_of(const Dataset& dataset, int first, int size) {
  const auto from = static_cast<std::size_t>(first), count = static_cast<std::size_t>(size);
  const auto length = static_cast<std::size_t>(dataset.image_shape.size());
  return {.size = size,
          .image_shape = dataset.image_shape,
          .pixels = std::span(dataset.pixels).subspan(from * length, count * length),
          .labels = std::span(dataset.labels).subspan(from, count),
          .mean = dataset.mean,
          .stddev = dataset.stddev};
}

void hold_out(DataSplit& split, int count, std::uint64_t seed) {
  Dataset& train = split.train;
  require(count >= 0 && count < train.size(), "data set ", train.name, ": ", count,
          " images cannot be held out of ", train.size());
  std::vector<int> order(train.labels.size());
  std::iota(order.begin(), order.end(), 0);
  Random(mix(seed, 0x76616c6964)).shuffle(std::span(order));
  std::vector<char> chosen(order.size());
  std::vector<int> taken(static_cast<std::size_t>(train.classes()));
  // As many of each class in every round; where one has run out, the others give more.
  for (int left = count, most = count / train.classes(); left > 0; ++most)
    for (const int i : order) {
      const auto at = static_cast<std::size_t>(i);
      int& of_class = taken[static_cast<std::size_t>(train.labels[at])];
      if (left == 0 || chosen[at] || of_class >= most) continue;
      chosen[at] = 1, ++of_class, --left;
    }
  Dataset rest = train;
  rest.pixels.clear(), rest.labels.clear();
  split.validation = rest;
  for (int i = 0; i < train.size(); ++i) {
    Dataset& to = chosen[static_cast<std::size_t>(i)] ? split.validation : rest;
    const auto image = train.image(i);
    to.pixels.insert(to.pixels.end(), image.begin(), image.end());
    to.labels.push_back(train.labels[static_cast<std::size_t>(i)]);
  }
  train = std::move(rest);
}

void validate(const Dataset& dataset) {
  const std::string& name = dataset.name;
  const Shape& shape = dataset.image_shape;
  require(shape.rank() == 3 && shape.size() > 0, "data set ", name, ": images of shape ", shape,
          ", expected [C, H, W] with no zero");
  require(dataset.size() > 0, "data set ", name, ": has no images");
  const std::size_t bytes = dataset.labels.size() * static_cast<std::size_t>(shape.size());
  require(dataset.pixels.size() == bytes, "data set ", name, ": ", dataset.pixels.size(),
          " bytes of pixels for ", dataset.size(), " images of shape ", shape);
  check_labels("data set " + name, dataset.labels, dataset.classes());
  const std::size_t channels = static_cast<std::size_t>(shape[0]);
  require(dataset.mean.size() == channels && dataset.stddev.size() == channels, "data set ", name,
          ": ", dataset.mean.size(), " means and ", dataset.stddev.size(), " deviations for ",
          channels, " channels");
  for (float deviation : dataset.stddev)
    require(deviation > 0, "data set ", name, ": standard deviation ", deviation,
            ", expected more than 0");
}

void set_statistics(DataSplit& split) {
  Dataset& train = split.train;
  train.mean.clear();
  train.stddev.clear();
  for (int channel = 0; channel < train.image_shape[0]; ++channel) {
    const Sums sums = sum_channel(train, channel);
    const double count = static_cast<double>(std::max<std::uint64_t>(sums.count, 1));
    const double mean = static_cast<double>(sums.value) / count / 255;
    const double square = static_cast<double>(sums.square) / count / (255 * 255);
    const float deviation = four_decimals(std::sqrt(std::max(0.0, square - mean * mean)));
    train.mean.push_back(four_decimals(mean));
    train.stddev.push_back(deviation > 0 ? deviation : 1);
  }
  split.test.mean = train.mean;
  split.test.stddev = train.stddev;
}

void check_labels(const std::string& source, std::span<const std::int32_t> labels, int classes) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    require(labels[i] >= 0 && labels[i] < classes, source, ": label ", labels[i], " at index ", i,
            ", expected 0 to ", classes - 1);
}

std::vector<std::string> read_class_names(const std::string& path) {
  const std::string text = utf8_of(read_file(path, 1 << 20), path);
  std::vector<std::string> names(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1a' && i + 1 == text.size()) break;             // DOS marked the end so
    if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n'))  // also as old Macs wrote
      names.emplace_back();
    else if (text[i] != '\r')
      names.back() += text[i];
  }
  for (std::string& name : names) {
    name.erase(0, std::min(name.size(), name.find_first_not_of(" \t")));
    name.erase(name.find_last_not_of(" \t") + 1);
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  require(!names.empty(), path, ": is empty, expected one class name a line");
  std::map<std::string, std::size_t> lines;
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(!names[i].empty(), path, ": line ", i + 1,
            " is empty, expected a class name; remove that line, or name the class");
    require(is_utf8(names[i]), path, ": line ", i + 1, ", ", printable(names[i], 60),
            ", is not UTF-8; save it as text in UTF-8");
    const auto [before, is_new] = lines.emplace(names[i], i + 1);
    require(is_new, path, ": lines ", before->second, " and ", i + 1, " both name ",
            printable(names[i], 60), "; each class needs a name of its own");
  }
  return names;
}

}  // namespace fovea
