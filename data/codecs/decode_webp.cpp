// WebP by libwebp: lossy, lossless, with alpha; of an animation its first frame.
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "core/error.h"
#include "data/codecs/image_codec.h"

namespace fovea {

bool is_webp(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 12 && std::memcmp(bytes.data(), "RIFF", 4) == 0 &&
         std::memcmp(bytes.data() + 8, "WEBP", 4) == 0;
}

Image decode_webp(std::span<const std::uint8_t> bytes, const std::string& name) {
  const WebPData data = {bytes.data(), bytes.size()};
  const auto damaged = [&] {
    return Error(cat(name, ": damaged or truncated WebP; save it again, e.g. as PNG"));
  };
  const std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)> file(WebPDemux(&data),
                                                                  WebPDemuxDelete);
  if (!file) throw damaged();
  Image image;
  image.width = static_cast<int>(WebPDemuxGetI(file.get(), WEBP_FF_CANVAS_WIDTH));
  image.height = static_cast<int>(WebPDemuxGetI(file.get(), WEBP_FF_CANVAS_HEIGHT));
  image.channels = 4;
  require_image_size(image.width, image.height, name);

  WebPAnimDecoderOptions options;
  require(WebPAnimDecoderOptionsInit(&options) != 0, name, ": libwebp is of another version");
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> frames(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  std::uint8_t* canvas = nullptr;
  int timestamp = 0;
  if (!frames || !WebPAnimDecoderGetNext(frames.get(), &canvas, &timestamp)) throw damaged();
  image.pixels.assign(canvas, canvas + std::size_t(image.width) * image.height * 4);
  image = without_idle_channels(std::move(image));
  if (WebPAnimDecoderHasMoreFrames(frames.get()) != 0)
    image.note = "has several images, of which the first is read";
  return image;
}

int webp_orientation(std::span<const std::uint8_t> bytes) {
  const WebPData data = {bytes.data(), bytes.size()};
  const std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)> file(WebPDemux(&data),
                                                                  WebPDemuxDelete);
  WebPChunkIterator chunk;
  if (!file || !WebPDemuxGetChunk(file.get(), "EXIF", 1, &chunk)) return 1;
  const int orientation = exif_orientation({chunk.chunk.bytes, chunk.chunk.size});
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace fovea
