// Images as 8-bit pixels: reading, writing, conversion, scaling.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fovea {

/// `width` x `height` pixels, row by row from the top, `channels` bytes each: 1 grey, 2 grey and
/// alpha, 3 RGB, 4 RGB and alpha (alpha 255 is opaque, colours are not premultiplied).
struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< width * height * channels bytes, interleaved (HWC)
  std::string note = "";             ///< what its reader mended or left out; mostly empty
};

/// A part of an image, in its pixels; (0, 0) is its upper left corner, pixel centres are halves.
struct PixelBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// Reads a PNG, JPEG, WebP, GIF, TIFF, BMP, TGA or PNM (P5, P6) file; the content decides, not the
/// name. 16 bits become 8, palettes become colours (black beyond their end), of several pictures
/// the first is read, and the EXIF orientation of JPEG, PNG and WebP and that of TIFF are applied;
/// channels stay as the file has them. A JPEG without its end marker is read. `note` says
/// so, and what is left out.
/// Error: not a regular file, unreadable, empty, of unknown format, damaged or truncated (PNG
/// checksums are verified), a side above 32768 or an area above 64 megapixels, both of which are
/// checked before anything is decoded; a JPEG of so many scans that it would take long.
Image read_image(const std::string& path);

/// The same for a file in memory; `name` is what error messages call it.
Image read_image_bytes(std::span<const std::uint8_t> bytes, const std::string& name);

/// Whether bytes that begin so may be of such a picture: one with a known start, or with the header
/// of a TGA.
bool may_be_image(std::span<const std::uint8_t> start);

/// Whether a file starts as one of these formats does. TGA files have no such start: false.
bool is_image_file(const std::string& path);

/// One channel: Rec. 601 luma (0.299 R + 0.587 G + 0.114 B, as Pillow and MATLAB compute it);
/// transparent pixels are composited over white. Error: inconsistent image.
Image to_grey(const Image& image);

/// Three channels; grey is repeated, transparent pixels are composited over white. Error: as above.
Image to_rgb(const Image& image);

/// Scales to `width` x `height` pixels (1..32768) with a triangle filter that widens when
/// shrinking: bilinear interpolation when enlarging, without aliasing when shrinking (Pillow's
/// BILINEAR, PyTorch's interpolate(mode="bilinear", antialias=True)). Alpha is weighted in. Error:
/// bad sizes.
Image resize(const Image& image, int width, int height);

/// The image as a PNG file in memory. Error: inconsistent image.
std::vector<std::uint8_t> encode_png(const Image& image);

/// Writes a PNG file, all of it or nothing. Error: inconsistent image, cannot write `path`.
void write_png(const std::string& path, const Image& image);

}  // namespace fovea
