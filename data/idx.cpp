#include "data/idx.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <limits>
#include <string_view>

#include "core/error.h"
#include "data/input_file.h"

namespace fovea {

namespace {

const char* contents(int rank) {
  return rank == 1 ? "labels" : rank == 3 ? "images" : "an array";
}

std::string_view element_type(std::uint8_t code) {
  switch (code) {
    case 0x08: return "unsigned byte";
    case 0x09: return "signed byte";
    case 0x0B: return "16-bit integer";
    case 0x0C: return "32-bit integer";
    case 0x0D: return "float";
    case 0x0E: return "double";
    default: return "";
  }
}

// "28 x 28": the extents from dimension `first` on.
std::string extents(const std::vector<int>& dims, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < dims.size(); ++i)
    text += (i == first ? "" : " x ") + std::to_string(dims[i]);
  return text;
}

void check_magic(const InputFile& file, const std::uint8_t magic[4], int rank, IdxType wanted) {
  const std::string& path = file.path();
  require(magic[0] != '<', path,
          ": is an HTML or XML page, not IDX data: the download failed, delete it and try again");
  const std::uint8_t type = magic[2], wanted_type = static_cast<std::uint8_t>(wanted);
  const bool known = !element_type(type).empty();
  char text[16];
  std::snprintf(text, sizeof text, "%02x%02x%02x%02x", magic[0], magic[1], magic[2], magic[3]);
  require(magic[0] == 0 && magic[1] == 0 && known, path, ": not an IDX file: starts with 0x", text,
          ", expected 0x00000", wanted == IdxType::uint8 ? "80" : "C0", rank, " (", contents(rank),
          ")");
  require(type == wanted_type, path, ": elements of type ", element_type(type), " (0x", text,
          ") are not supported, only ", element_type(wanted_type), "s");
  if (magic[3] == rank) return;
  const bool swapped = (magic[3] == 1 || magic[3] == 3) && (rank == 1 || rank == 3);
  fail(path, ": holds ", swapped ? contents(magic[3]) : "an array of other rank", " (0x", text,
       ") where ", contents(rank), " (0x0000080", rank, ") are expected",
       swapped ? ": are the image and label files swapped?" : "");
}

std::vector<int> read_extents(InputFile& file, int rank) {
  std::vector<std::uint8_t> raw(static_cast<std::size_t>(rank) * 4);
  const std::size_t count = file.read(raw);
  require(count == raw.size(), file.path(), ": ends within its header: ", 4 + count, " bytes of ",
          4 + raw.size());
  std::vector<int> dims;
  for (std::size_t i = 0; i < raw.size(); i += 4) {
    const std::uint32_t extent = std::uint32_t{raw[i]} << 24 | std::uint32_t{raw[i + 1]} << 16 |
                                 std::uint32_t{raw[i + 2]} << 8 | raw[i + 3];
    require(extent > 0, file.path(), ": its header declares ",
            i == 0 ? "zero items" : "images without rows or columns", ": nothing to read");
    require(extent <= std::numeric_limits<int>::max(), file.path(),
            ": its header declares an extent of ", extent, ", more than 2^31 - 1");
    dims.push_back(static_cast<int>(extent));
  }
  return dims;
}

// Networks have a weight or more for each pixel: larger images are a slip or an attack.
constexpr std::int64_t max_image_pixels = 1 << 20;

// The number of bytes that `dims` ask for, if the file can possibly hold them.
std::uint64_t plausible_size(const InputFile& file, const std::vector<int>& dims, IdxType type) {
  std::uint64_t size = type == IdxType::uint8 ? 1 : 4;
  bool possible = true;
  for (int dim : dims)
    possible &= !__builtin_mul_overflow(size, static_cast<std::uint64_t>(dim), &size);
  const std::uint64_t header = 4 + 4 * dims.size();
  possible = possible && size <= file.largest_content();
  require(possible && (file.compressed() || size + header <= file.stored_size()), file.path(),
          ": its header declares ", extents(dims, 0), " bytes, more than this ",
          file.compressed() ? "gzip " : "", "file of ", file.stored_size(), " bytes ",
          file.compressed() ? "can hold" : "holds", ": truncated or damaged, get it again");
  require(file.compressed() || size + header == file.stored_size(), file.path(), ": ",
          file.stored_size() - size - header, " bytes too many after the ", extents(dims, 0),
          " that its header declares");
  require(dims.size() != 3 || std::int64_t{dims[1]} * dims[2] <= max_image_pixels, file.path(),
          ": its header declares images of ", extents(dims, 1),
          " pixels; at most 2^20 (1024 x 1024) "
          "are taken");
  require(size / static_cast<std::uint64_t>(dims[0]) <= std::numeric_limits<int>::max(),
          file.path(), ": items of ", extents(dims, 1), " bytes are too large, at most 2^31 - 1");
  return size;
}

std::vector<int> read_header(InputFile& file, int rank, IdxType type, int items) {
  const std::string& path = file.path();
  std::uint8_t magic[4];
  const std::size_t count = file.read(magic);
  require(count == 4, path, count == 0 ? ": is empty" : ": is shorter than an IDX header",
          ": download or copy the file again");
  check_magic(file, magic, rank, type);
  std::vector<int> dims = read_extents(file, rank);
  require(items == 0 || dims[0] == items, path, ": ", dims[0], " ", contents(rank),
          ", but there are ", items, " labels");
  plausible_size(file, dims, type);
  return dims;
}

// Reads exactly `size` bytes. The vector grows into reserved space, so that memory is touched
// only as real data arrives, and never copied.
void read_elements(InputFile& file, std::uint64_t size, IdxArray& array) {
  constexpr std::size_t chunk = 1 << 20;
  std::vector<std::uint8_t>& bytes = array.bytes;
  try {
    bytes.reserve(size);
  } catch (const std::exception&) {  // bad_alloc, length_error
    fail(file.path(), ": not enough memory for its ", size, " bytes");
  }
  while (bytes.size() < size) {
    const std::size_t begin = bytes.size();
    bytes.resize(std::min<std::size_t>(size, begin + chunk));
    const std::size_t wanted = bytes.size() - begin;
    const std::size_t count = file.read(std::span(bytes).subspan(begin));
    require(count == wanted, file.path(), ": truncated: its header declares ",
            extents(array.dims, 0), " = ", size, " bytes, it ends after ", begin + count);
  }
  std::uint8_t extra[1];
  require(file.read(extra) == 0, file.path(), ": goes on after the ", extents(array.dims, 0),
          " bytes that its header declares");
}

}  // namespace

std::vector<int> read_idx_dims(const std::string& path, int rank, IdxType type, int items) {
  InputFile file(path);
  return read_header(file, rank, type, items);
}

IdxArray read_idx(const std::string& path, int rank, IdxType type, int items) {
  InputFile file(path);
  IdxArray array;
  array.dims = read_header(file, rank, type, items);
  read_elements(file, plausible_size(file, array.dims, type), array);
  return array;
}

}  // namespace fovea
