// What read_image() is made of; nothing outside data/ needs it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/image.h"

namespace fovea {

/// Error unless sides are 1..32768 and the area is at most 64 megapixels.
void require_image_size(std::int64_t width, std::int64_t height, const std::string& name);

/// Error unless channels are 1..4 and the number of pixels fits the size; `who` is the caller.
void require_image(const Image& image, const char* who);

/// PNG, JPEG, BMP or TGA through stb_image. Error: its reason, or that the data ends too early.
Image decode_stb(std::span<const std::uint8_t> bytes, const std::string& name);

bool is_pnm(std::span<const std::uint8_t> bytes);

/// Binary PGM and PPM with any maximum from 1 to 65535. Error: bad header, truncated.
Image decode_pnm(std::span<const std::uint8_t> bytes, const std::string& name);

bool is_png(std::span<const std::uint8_t> bytes);

/// Error unless the chunks of a PNG are complete up to IEND and their CRCs right.
void require_png_chunks(std::span<const std::uint8_t> bytes, const std::string& name);

bool is_jpeg(std::span<const std::uint8_t> bytes);

/// Error if a Huffman table of a JPEG has more symbols than there can be: stb_image 2.27 writes
/// past its own tables then.
void require_jpeg_tables(std::span<const std::uint8_t> bytes, const std::string& name);

/// The EXIF orientation 1..8 of a JPEG (1, upright, where there is none; CIPA DC-008, tag 0x0112).
int exif_orientation(std::span<const std::uint8_t> jpeg);

/// The image turned upright, given its EXIF orientation.
Image apply_orientation(Image image, int orientation);

}  // namespace fovea
