// The IDX format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

/// The code that a header gives the type of its elements.
enum class IdxType : std::uint8_t { uint8 = 0x08, int32 = 0x0C };

/// An IDX array, row-major: images have dims {count, rows, columns}, labels {count}. No extent is
/// zero and bytes.size() is their product times the size of an element (big-endian).
struct IdxArray {
  std::vector<int> dims;
  std::vector<std::uint8_t> bytes;
};

/// The extents that the header of an IDX file declares, judged as by read_idx(), which reads the
/// rest.
std::vector<int> read_idx_dims(const std::string& path, int rank, IdxType type = IdxType::uint8,
                               int items = 0);

/// Reads an IDX file of `rank` dimensions (3: images, 1: labels) and elements of `type`, plain or
/// gzip, decided by its content. Takes no more memory than the array, and none before the header
/// has proved plausible. Throws Error, naming the file, for anything but a whole file: another
/// format, element type or rank, extents of zero or beyond what the file can hold, too few or too
/// many bytes, damage. With `items`, the number of labels that belong to it, another one is an
/// Error before memory is taken.
IdxArray read_idx(const std::string& path, int rank, IdxType type = IdxType::uint8, int items = 0);

}  // namespace fovea
