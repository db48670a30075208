#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "core/float16.h"
#include "core/safetensors.h"
#include "core/safetensors_header.h"

namespace fovea {

using namespace safetensors_internal;
using namespace std::string_view_literals;

namespace {

constexpr std::size_t length_bytes = sizeof(std::uint64_t);
constexpr std::size_t max_file_bytes = std::size_t{4} << 30;

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Format {
  std::string_view magic;
  std::string_view name;
  std::string_view advice;
};

constexpr std::string_view convert_torch =
    "load it in Python and convert with safetensors.torch.save_file";
constexpr std::string_view convert_numpy = "convert it in Python with safetensors.numpy.save_file";

constexpr Format formats[] = {
    {"PK\3\4"sv, "a zip file, as torch.save writes (a pickle inside, which can run code)",
     convert_torch},
    {"PK\5\6"sv, "an empty zip file", convert_torch},
    {"\x80\2"sv, "a Python pickle, which can run code", convert_torch},
    {"\x80\3"sv, "a Python pickle, which can run code", convert_torch},
    {"\x80\4"sv, "a Python pickle, which can run code", convert_torch},
    {"\x80\5"sv, "a Python pickle, which can run code", convert_torch},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras writes", convert_numpy},
    {"\x93NUMPY"sv, "a NumPy array", convert_numpy},
    {"\x1f\x8b"sv, "a gzip file", "unpack it with gunzip"},
    {"\xfd"
     "7zXZ\0"sv,
     "an xz file", "unpack it with unxz"},
    {"(\xb5/\xfd"sv, "a zstd file", "unpack it with unzstd"},
    {"GGUF"sv, "a GGUF file", convert_numpy},
    {"version https://git-lfs"sv, "a Git LFS pointer, not the file itself", "run git lfs pull"},
    {"<"sv, "an HTML or XML page", "download the file itself"},
    {"{"sv, "JSON text without the binary header", "give the .safetensors file itself"},
};

// The length of the header if `start`, the first bytes of a file of any size, begin like a
// safetensors file. Other formats are looked for only after that: their magic numbers are also
// possible header lengths (a pickle's 80 02 is 640).
std::uint64_t header_length(std::span<const std::uint8_t> start, const std::string& file) {
  std::uint64_t length = 0;
  if (start.size() >= length_bytes) std::memcpy(&length, start.data(), length_bytes);
  const bool brace = start.size() > length_bytes && start[length_bytes] == '{';
  if (brace && length > 0 && length <= max_header_bytes) return length;

  for (const Format& format : formats)
    if (as_text(start).starts_with(format.magic))
      fail(file, ": is ", format.name, ", not safetensors; ", format.advice);
  require(start.size() > length_bytes, file, ": has only ", start.size(),
          " bytes, too few for a safetensors file; it is empty or cut short");
  require(length <= max_header_bytes, file, ": claims a header of ", length,
          " bytes, the limit is ", max_header_bytes, "; damaged, or not a safetensors file");
  fail(file, ": its header does not begin with '{'; damaged, or not a safetensors file");
}

void check_checksum(std::span<const std::uint8_t> file, std::string_view json,
                    const std::string& name) {
  if (!json.starts_with(checksum_mark)) return;  // another program's file
  const bool matches = json.starts_with(checksum_start) &&
                       json.size() >= checksum_start.size() + checksum_digits &&
                       json.substr(checksum_start.size(), checksum_digits) == file_checksum(file);
  require(matches, name, ": its checksum does not match: it was damaged, cut short or edited ",
          "after it was saved; use another copy");
}

// Every byte of the data belongs to exactly one tensor.
void check_layout(const std::vector<Entry>& entries, std::uint64_t size, const std::string& file) {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) {
    require(entry.begin <= entry.end, file, ": tensor ", shown(entry.name), " ends at byte ",
            entry.end, " of the data, before it begins at ", entry.begin, "; the file is damaged");
    order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t at = 0;
  for (const Entry* entry : order) {
    require(entry->begin >= at, file, ": tensor ", shown(entry->name), " at byte ", entry->begin,
            " of the data overlaps the one before it, which ends at ", at,
            "; the file is damaged or forged");
    require(entry->begin == at, file, ": bytes ", at, " to ", entry->begin,
            " of the data belong to no tensor; the file is damaged or forged");
    at = entry->end;
  }
  require(at <= size, file, ": its tensors take ", at, " bytes but only ", size,
          " are there; the file is cut short");
  require(at == size, file, ": ", size - at, " bytes follow the last tensor; the file is damaged");
}

std::size_t item_size(const Entry& entry, const std::string& file) {
  if (entry.dtype == "F32") return 4;
  if (entry.dtype == "F64") return 8;
  if (entry.dtype == "F16" || entry.dtype == "BF16") return 2;
  fail(file, ": tensor ", shown(entry.name), " has dtype ", shown(entry.dtype),
       "; F32, F64, F16 and BF16 can be read, convert it before saving (in PyTorch: t.float())");
}

Shape checked_shape(const Entry& entry, std::size_t item, const std::string& file) {
  std::uint64_t bytes = item;
  bool overflow = false;
  for (const std::uint64_t dim : entry.shape)
    overflow |= __builtin_mul_overflow(bytes, dim, &bytes);
  require(!overflow, file, ": the shape of tensor ", shown(entry.name),
          " has a product that overflows; the file is damaged or forged");
  Shape shape;
  for (const std::uint64_t dim : entry.shape) {
    // Shape counts in int; its own message would not name the file and the tensor.
    int size;
    const bool fits = dim <= std::numeric_limits<int>::max() &&
                      !__builtin_mul_overflow(shape.size(), static_cast<int>(dim), &size);
    require(fits, file, ": tensor ", shown(entry.name),
            " has more than 2^31 - 1 elements; save it in parts");
    shape.append(static_cast<int>(dim));
  }
  require(bytes == entry.end - entry.begin, file, ": tensor ", shown(entry.name), " of shape ",
          shape, " and dtype ", entry.dtype, " needs ", bytes, " bytes but has ",
          entry.end - entry.begin, "; the file is damaged");
  return shape;
}

template <class Item, class Convert>
void convert_items(std::span<const std::uint8_t> bytes, std::vector<float>& out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Item item;  // copied, because the data need not be aligned
    std::memcpy(&item, bytes.data() + i * sizeof item, sizeof item);
    out[i] = convert(item, i);
  }
}

SafeTensor read_tensor(const Entry& entry, std::span<const std::uint8_t> data,
                       const std::string& file) {
  const std::size_t item = item_size(entry, file);
  SafeTensor tensor{.shape = checked_shape(entry, item, file), .values = {}};
  const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
  std::vector<float>& values = tensor.values;
  values.resize(bytes.size() / item);
  if (entry.dtype == "F32") {
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  } else if (entry.dtype == "F16") {
    convert_items<std::uint16_t>(bytes, values, [](auto x, auto) { return float_from_half(x); });
  } else if (entry.dtype == "BF16") {
    convert_items<std::uint16_t>(bytes, values,
                                 [](auto x, auto) { return float_from_bfloat16(x); });
  } else {
    convert_items<double>(bytes, values, [&](double x, std::size_t i) {
      require(!std::isfinite(x) || std::abs(x) <= std::numeric_limits<float>::max(), file,
              ": tensor ", shown(entry.name), " has the F64 value ", x, " at index ", i,
              ", beyond the range of float; scale it before saving");
      return static_cast<float>(x);
    });
  }
  return tensor;
}

}  // namespace

SafeTensors parse_safetensors(std::span<const std::uint8_t> file, const std::string& name) {
  const std::uint64_t length = header_length(file, name);
  require(length <= file.size() - length_bytes, name, ": claims a header of ", length,
          " bytes but only ", file.size() - length_bytes, " follow; the file is cut short");
  const std::string_view json = as_text(file.subspan(length_bytes, length));
  check_checksum(file, json, name);

  Header header = parse_header(json, name);
  const auto data = file.subspan(length_bytes + length);
  check_layout(header.entries, data.size(), name);

  SafeTensors content;
  content.metadata = std::move(header.metadata);
  content.metadata.erase(std::string(checksum_key));
  content.tensors.reserve(header.entries.size());
  for (Entry& entry : header.entries) {
    // PyTorch's normalisations count their batches in one whole number, which no weight depends on.
    if (entry.name.ends_with("num_batches_tracked")) continue;
    SafeTensor tensor = read_tensor(entry, data, name);
    content.tensors.emplace_back(std::move(entry.name), std::move(tensor));
  }
  return content;
}

namespace {

// A large file is judged by its header before memory is spent on the rest.
void judge_by_header(const std::string& path) {
  constexpr std::size_t large = std::size_t{16} << 20;
  const std::uint64_t length = header_length(read_file_start(path, 64), path);
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error || size < large || length > size - length_bytes) return;
  const std::vector<std::uint8_t> start = read_file_start(path, length_bytes + length);
  if (start.size() != length_bytes + length) return;
  const Header header = parse_header(as_text(std::span(start).subspan(length_bytes)), path);
  check_layout(header.entries, size - length_bytes - length, path);
  for (const Entry& entry : header.entries) checked_shape(entry, item_size(entry, path), path);
}

}  // namespace

SafeTensors read_safetensors(const std::string& path) {
  judge_by_header(path);
  return parse_safetensors(read_file(path, max_file_bytes), path);
}

}  // namespace fovea
