#include "data/codecs/decode.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "data/image.h"

namespace fovea {

namespace {

constexpr unsigned most_threads = 16;

// With one channel or three: transparency is composited over white.
Image read_opaque(const std::string& path) {
  Image image = read_image(path);
  if (image.channels == 1 || image.channels == 3) return image;
  Image opaque = image.channels == 2 ? to_grey(image) : to_rgb(image);
  opaque.note = image.note;
  return opaque;
}

// The first image that can be read: it decides the size of all.
Image first_readable(const std::vector<ImageFile>& files, bool skip_unreadable) {
  for (const ImageFile& file : files) {
    try {
      Image image = read_opaque(file.path);
      // Networks have a weight or more for each pixel: larger images are a slip.
      require(std::int64_t{image.width} * image.height <= 1 << 20, file.path, ": ", image.width,
              "x", image.height,
              " pixels are too many to train on; scale the set to 2^20 (1024 x 1024) "
              "at most");
      return image;
    } catch (const Error&) {
      if (!skip_unreadable) throw;
    }
  }
  fail(files.front().path, ": no training image can be read, neither this nor ", files.size() - 1,
       " others");
}

// Interleaved pixels to planes; grey images fill all three planes of a colour set.
void copy_planes(const Image& image, int channels, std::uint8_t* out) {
  const std::size_t plane = static_cast<std::size_t>(image.width) * image.height;
  const std::size_t stride = static_cast<std::size_t>(image.channels);
  for (int channel = 0; channel < channels; ++channel, out += plane) {
    const std::uint8_t* in = image.pixels.data() + (image.channels == 1 ? 0 : channel);
    if (stride == 1)
      std::memcpy(out, in, plane);
    else
      for (std::size_t i = 0; i < plane; ++i) out[i] = in[i * stride];
  }
}

// Decodes one list of files into a Dataset. Threads take the files in order; each writes only to
// the places of its file, so that the result does not depend on their number.
class Decoder {
 public:
  Decoder(const std::vector<ImageFile>& files, const Shape& shape, bool skip_unreadable)
      : files_(files),
        shape_(shape),
        skip_(skip_unreadable),
        reasons_(files.size()),
        notes_(files.size()) {}

  // False if the set was to be grey and an image has colour.
  bool run(Dataset& data) {
    length_ = static_cast<std::size_t>(shape_.size());
    data.pixels.resize(files_.size() * length_);
    pixels_ = data.pixels.data();
    const unsigned cores = std::clamp(std::thread::hardware_concurrency(), 1u, most_threads);
    std::vector<std::thread> threads;
    try {
      while (threads.size() + 1 < std::min<std::size_t>(cores, files_.size()))
        threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // no more threads to be had: fewer do it
    }
    work();
    for (std::thread& thread : threads) thread.join();
    if (colour_found_) return false;
    if (error_) std::rethrow_exception(error_);
    finish(data);
    return true;
  }

  // Says on stderr how many files were not read as they are.
  void report_mended() const {
    std::size_t count = 0, first = 0;
    for (std::size_t i = notes_.size(); i-- > 0;)
      if (!notes_[i].empty()) ++count, first = i;
    if (count > 0)
      std::fprintf(stderr, "warning: %zu of %zu images, the first %s: %s\n", count, notes_.size(),
                   printable(files_[first].path).c_str(), notes_[first].c_str());
  }

  // Names the unreadable files on stderr and returns their number.
  std::size_t report_skipped() const {
    std::size_t count = 0;
    for (const std::string& reason : reasons_) {
      if (reason.empty()) continue;
      std::fprintf(stderr, "skipped: %s\n", reason.c_str());
      ++count;
    }
    return count;
  }

 private:
  void work() {
    while (!stop_) {
      const std::size_t i = next_++;
      if (i >= files_.size()) return;
      try {
        decode(i);
      } catch (...) {
        stop_ = true;
        const std::lock_guard lock(error_mutex_);
        // Every file before i was taken too, so the first bad one is always the one reported.
        if (i < error_index_) error_index_ = i, error_ = std::current_exception();
      }
    }
  }

  void decode(std::size_t i) {
    Image image;
    try {
      image = read_opaque(files_[i].path);
    } catch (const Error& error) {
      if (!skip_) throw;
      reasons_[i] = error.what();
      return;
    }
    notes_[i] = image.note;
    require(image.height == shape_[1] && image.width == shape_[2], files_[i].path, ": is ",
            image.width, " x ", image.height, " pixels, but the first image is ", shape_[2], " x ",
            shape_[1], ": all images must have the same size");
    if (image.channels > shape_[0]) {
      colour_found_ = stop_ = true;
      return;
    }
    copy_planes(image, shape_[0], pixels_ + i * length_);
  }

  // Labels, and closing the gaps that unreadable files left.
  void finish(Dataset& data) {
    data.image_shape = shape_;
    data.labels.clear();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!reasons_[i].empty()) continue;
      if (data.labels.size() < i)
        std::memmove(pixels_ + data.labels.size() * length_, pixels_ + i * length_, length_);
      data.labels.push_back(files_[i].label);
    }
    data.pixels.resize(data.labels.size() * length_);
  }

  const std::vector<ImageFile>& files_;
  const Shape shape_;  // [C, H, W]
  const bool skip_;
  std::vector<std::string> reasons_;  // why a file was skipped; empty for the others
  std::vector<std::string> notes_;    // what is wrong with a file that was read
  std::size_t length_ = 0;
  std::uint8_t* pixels_ = nullptr;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false, colour_found_ = false;
  std::mutex error_mutex_;
  std::size_t error_index_ = ~std::size_t{0};
  std::exception_ptr error_;
};

}  // namespace

std::size_t decode_files(const std::vector<ImageFile>& train, const std::vector<ImageFile>& test,
                         bool skip_unreadable, DataSplit& split) {
  const Image first = first_readable(train, skip_unreadable);
  // Sets that start grey and turn out to have colour are decoded once more, as colour.
  for (int channels = first.channels;; channels = 3) {
    const Shape shape = {channels, first.height, first.width};
    Decoder train_decoder(train, shape, skip_unreadable),
        test_decoder(test, shape, skip_unreadable);
    if (train_decoder.run(split.train) && test_decoder.run(split.test)) {
      train_decoder.report_mended(), test_decoder.report_mended();
      const std::size_t skipped = train_decoder.report_skipped() + test_decoder.report_skipped();
      require(split.test.size() > 0, test.front().path, ": no test image can be read");
      return skipped;
    }
  }
}

}  // namespace fovea
