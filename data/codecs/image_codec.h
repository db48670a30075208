// What read_image() is made of; nothing outside data/ needs it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/image.h"

namespace fovea {

/// Error unless sides are 1..32768 and the area is at most 64 megapixels.
void require_image_size(std::int64_t width, std::int64_t height, const std::string& name);

/// Error unless channels are 1..4 and the number of pixels fits the size; `who` is the caller.
void require_image(const Image& image, const char* who);

/// PNG, BMP or TGA through stb_image. Error: its reason, or that the data ends too early.
Image decode_stb(std::span<const std::uint8_t> bytes, const std::string& name);

bool is_pnm(std::span<const std::uint8_t> bytes);  ///< by its first bytes

/// Binary PGM and PPM with any maximum from 1 to 65535. Error: bad header, truncated.
Image decode_pnm(std::span<const std::uint8_t> bytes, const std::string& name);

bool is_png(std::span<const std::uint8_t> bytes);  ///< by its first bytes

/// Error unless the chunks of a PNG are complete up to IEND and their CRCs right.
void require_png_chunks(std::span<const std::uint8_t> bytes, const std::string& name);

bool is_bmp(std::span<const std::uint8_t> bytes);  ///< by its first bytes

/// Error if a BMP or TGA is too short for the pixels that its header claims, before memory is
/// taken.
void require_raw_pixels(std::span<const std::uint8_t> bytes, int width, int height,
                        const std::string& name);

/// The file with a palette of 256 colours, black beyond those it has: stb_image reads memory that
/// was never written for a pixel beyond its palette; libpng and browsers take black.
std::vector<std::uint8_t> with_full_png_palette(std::span<const std::uint8_t> bytes);
/// The same; and without the fourth byte of 32 bits a pixel, which stb_image takes for alpha though
/// the format calls it unused, unless masks say what it is.
std::vector<std::uint8_t> mended_bmp(std::span<const std::uint8_t> bytes, const std::string& name);

/// Formats by the libraries of their makers. Each throws Error, naming the file, for damage.
bool is_jpeg(std::span<const std::uint8_t> bytes);
Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);
bool is_webp(std::span<const std::uint8_t> bytes);
Image decode_webp(std::span<const std::uint8_t> bytes, const std::string& name);
bool is_gif(std::span<const std::uint8_t> bytes);
Image decode_gif(std::span<const std::uint8_t> bytes, const std::string& name);
bool is_tiff(std::span<const std::uint8_t> bytes);
Image decode_tiff(std::span<const std::uint8_t> bytes, const std::string& name);  ///< upright

/// RGBA without what says nothing: alpha if all is opaque, colours if all is grey.
Image without_idle_channels(Image image);

/// The orientation 1..8 in an EXIF block, with or without the six bytes before it in JPEG files; 1,
/// upright, where there is none.
int exif_orientation(std::span<const std::uint8_t> exif);

int webp_orientation(std::span<const std::uint8_t> bytes);  ///< of its EXIF chunk

/// The same for a whole JPEG, PNG or WebP file.
int stored_orientation(std::span<const std::uint8_t> bytes);

/// The image turned upright, given its EXIF orientation.
Image apply_orientation(Image image, int orientation);

}  // namespace fovea
