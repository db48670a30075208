// Files of a few bytes that claim to be huge: judged by their headers, before memory or time is
// spent, and named.
#include <sys/resource.h>

#include <cstring>

#include "apps/networks/model_info.h"
#include "apps/run/files.h"
#include "core/error.h"
#include "core/file.h"
#include "data/image.h"
#include "tests/image_bytes.h"
#include "tests/program.h"
#include "tests/safetensors_bytes.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// An empty command takes 60 MB and a twentieth of a second. A child's peak counts what its parent
// had when it forked, which under sanitizers is much.
long most_megabytes() {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  return 250 + own.ru_maxrss / 1024;
}
constexpr double most_seconds = 3;

void check_refused(const TempDir& dir, const std::string& arguments, const std::string& file) {
  const ProgramOutcome outcome = run_program(dir, arguments);
  INFO(arguments << ": " << outcome.megabytes << " MB, " << outcome.seconds << " s, "
                 << outcome.err);
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err, contains(": error: ") && contains(file + ":"));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  CHECK(outcome.megabytes < most_megabytes());
  CHECK(outcome.seconds < most_seconds);
}

std::string text(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string little_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
  return out;
}

std::string big_endian(std::uint32_t value, int bytes) {
  std::string out = little_endian(value, bytes);
  return {out.rbegin(), out.rend()};
}

Image little_picture() {
  return {9, 7, 1, Bytes(63, 99)};
}

std::string png(std::uint32_t side) {
  std::string out = text(encode_png(little_picture()));
  out.replace(16, 8, big_endian(side, 4) + big_endian(side, 4));
  const std::string_view header = std::string_view(out).substr(12, 17);
  out.replace(29, 4,
              big_endian(checksum({reinterpret_cast<const std::uint8_t*>(header.data()), 17}), 4));
  return out;
}

std::string jpeg(std::uint32_t side) {
  std::string out = text(jpeg_of(little_picture()));
  const std::size_t frame = out.find("\xff\xc0");
  REQUIRE(frame != out.npos);
  return out.replace(frame + 5, 4, big_endian(side, 2) + big_endian(side, 2));
}

std::string gif(std::uint32_t side) {
  const std::string size = little_endian(side, 2) + little_endian(side, 2);
  return "GIF89a" + size + std::string("\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0", 14) + size +
         std::string("\0\2\1D\0;", 6);
}

// Lossless, 16384 x 16384; and an extended file that says so of its canvas.
std::string webp(bool extended) {
  const std::string body = extended
                               ? "VP8X" + little_endian(10, 4) + std::string(4, '\0') +
                                     little_endian(16383, 3) + little_endian(16383, 3)
                               : "VP8L" + little_endian(6, 4) + "/" +
                                     little_endian(16383 | 16383 << 14, 4) + std::string(1, '\0');
  return "RIFF" + little_endian(static_cast<std::uint32_t>(4 + body.size()), 4) + "WEBP" + body;
}

std::string tiff(std::uint32_t side) {
  const std::uint32_t entries[][4] = {{256, 4, 1, side}, {257, 4, 1, side}, {258, 3, 1, 8},
                                      {259, 3, 1, 1},    {262, 3, 1, 1},    {273, 4, 1, 8},
                                      {277, 3, 1, 1},    {278, 4, 1, side}, {279, 4, 1, 4}};
  std::string out = "II*" + std::string(1, '\0') + little_endian(12, 4) + "abcd";
  out += little_endian(std::size(entries), 2);
  for (const auto& [tag, type, count, value] : entries)
    out += little_endian(tag, 2) + little_endian(type, 2) + little_endian(count, 4) +
           little_endian(value, 4);
  return out + little_endian(0, 4);
}

std::string bmp(std::uint32_t side) {
  return "BM" + little_endian(70, 4) + little_endian(0, 4) + little_endian(54, 4) +
         little_endian(40, 4) + little_endian(side, 4) + little_endian(side, 4) +
         little_endian(1, 2) + little_endian(24, 2) + std::string(40, '\0');
}

std::string tga(std::uint32_t side) {
  return std::string("\0\0\2", 3) + std::string(9, '\0') + little_endian(side, 2) +
         little_endian(side, 2) + std::string("\x18\0", 2);
}

// Weights of 111 KB whose description is of a network of gigabytes.
SafeTensors giant() {
  SafeTensors file = model_tensors(make_model(
      describe_model("tutorial", {1, 28, 28}, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}),
      1));
  std::string& model = file.metadata.at(model_key);
  const std::string was = "\"conv2\":20", claim = "\"conv2\":65000";
  const std::size_t at = model.find(was);
  REQUIRE(at != model.npos);
  model.replace(at, was.size(), claim);
  return file;
}

}  // namespace

TEST_CASE("weights that claim a giant network cost nothing", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  write_safetensors(dir.file("w.safetensors"), giant());
  REQUIRE(std::filesystem::file_size(dir.file("w.safetensors")) < 120000);
  write_png(dir.file("a.png"), little_picture());
  for (const char* command :
       {"eval --synthetic --weights w.safetensors", "summary --weights w.safetensors",
        "predict --weights w.safetensors a.png", "export --weights w.safetensors --onnx x.onnx",
        "visualize --synthetic --weights w.safetensors"})
    check_refused(dir, command, "w.safetensors");
  // As a checkpoint; what it lacks of one is not what it is refused for.
  SafeTensors checkpoint = giant();
  for (int i = 0; i < 3; ++i) checkpoint.metadata[cat("more", i)] = std::string(1000, 'x');
  write_safetensors(dir.file("run/checkpoint-1.safetensors"), checkpoint);
  check_refused(dir, "train --resume run", "run/checkpoint-1.safetensors");
}

TEST_CASE("a header of a million tensors, or nested without end, is refused at once", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  std::string header = "{";
  for (int i = 0; i < 1000000; ++i)
    header += cat("\"t", i, "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
  header.back() = '}';
  const auto file = [](const std::string& json) { return text(safetensors_bytes(json, "")); };
  dir.write("many.safetensors", file(header));
  header = "{\"__metadata__\":{";
  for (int i = 0; i < 1000000; ++i) header += cat("\"k", i, "\":\"\",");
  header.back() = '}';
  dir.write("keys.safetensors", file(header + "}"));
  dir.write("deep.safetensors", file("{\"a\":" + std::string(20000000, '[')));
  for (const char* name : {"many.safetensors", "keys.safetensors", "deep.safetensors"})
    check_refused(dir, cat("summary --weights ", name), name);
}

TEST_CASE("JSON that is nested without end is refused wherever it is read", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  const int levels = 1000000;
  const std::string nest = std::string(levels, '[') + std::string(levels, ']');
  dir.write("run/config.json", "{\"fovea\":\"1\",\"options\":{\"schedule\":" + nest + "}}");
  check_refused(dir, "train --resume run", "run");
  SafeTensors weights = giant();
  weights.metadata[model_key] = nest;
  write_safetensors(dir.file("w.safetensors"), weights);
  check_refused(dir, "summary --weights w.safetensors", "w.safetensors");
  weights.metadata["fovea.state"] = weights.metadata["fovea.options"] = nest;
  write_safetensors(dir.file("other/checkpoint-1.safetensors"), weights);
  check_refused(dir, "train --resume other", "other/checkpoint-1.safetensors");
}

TEST_CASE("an object of nothing but names is refused wherever it is read", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  std::string names = "{\"fovea\":\"1\"";
  for (int i = 0; i < 300000; ++i) names += cat(",\"k", i, "\":1");
  names += "}";
  dir.write("run/config.json", names);
  check_refused(dir, "train --resume run", "run");
  SafeTensors weights = giant();
  weights.metadata[model_key] = names;
  write_safetensors(dir.file("w.safetensors"), weights);
  check_refused(dir, "summary --weights w.safetensors", "w.safetensors");
}

TEST_CASE("IDX and gzip that claim more than they hold are refused at once", "[faults]") {
  if (!program_built()) return;
  const auto check = [](const std::string& images, const std::string& labels, const char* named) {
    const TempDir dir;
    for (const char* part : {"train", "t10k"}) {
      dir.write(cat("d/", part, "-images-idx3-ubyte"), images);
      dir.write(cat("d/", part, "-labels-idx1-ubyte"), labels);
    }
    check_refused(dir, "train --data d --quiet", cat("d/train-", named));
    check_refused(dir, "eval --data d", cat("d/train-", named));
  };
  const std::string four = idx_file(0x801, {4}, label_pattern(4));
  const std::string images = "images-idx3-ubyte", labels = "labels-idx1-ubyte";
  check(gzip(idx_file(0x803, {4, 3500, 3500}, std::string(4 * 3500 * 3500, '\0'))), four,
        images.c_str());
  check(idx_file(0x803, {2147483647, 1024, 1024}, "abc"), four, images.c_str());
  check(gzip(idx_file(0x803, {4, 2147483647, 2147483647}, "abc")), four, images.c_str());
  // 2 MB on disk for 2 GB of labels, where four images are.
  const std::string noise = gzip(pattern(1 << 20, 7919)) + std::string(2 << 20, 'x');
  check(idx_file(0x803, {4, 28, 28}, pattern(4 * 28 * 28)),
        gzip(idx_file(0x801, {2000000000}, "")) + noise, images.c_str());
  check(idx_file(0x803, {4, 28, 28}, pattern(4 * 28 * 28)), idx_file(0x801, {2000000000}, "abc"),
        labels.c_str());

  // 300 KB on disk for 300 MB of training images, of another size than the test images.
  for (const std::string prefix : {"", "qmnist-", "emnist-mnist-"}) {
    const TempDir dir;
    const bool qmnist = prefix == "qmnist-";
    const std::string test = prefix.empty() ? "t10k-" : prefix + "test-";
    const std::string giant = idx_file(0x803, {300, 1024, 1024}, std::string(300 << 20, '\0'));
    dir.write("d/" + prefix + "train-images-idx3-ubyte", gzip(giant));
    dir.write("d/" + test + images, idx_file(0x803, {4, 28, 28}, pattern(4 * 28 * 28)));
    for (const auto& [part, count] : {std::pair(prefix + "train-", 300U), std::pair(test, 4U)})
      dir.write("d/" + part + (qmnist ? "labels-idx2-int" : labels),
                qmnist ? idx_file(0xC02, {count, 8}, std::string(32 * std::size_t{count}, '\0'))
                       : idx_file(0x801, {count}, label_pattern(count)));
    check_refused(dir, "train --data d --quiet", "d/" + prefix + "train-" + images);
  }
}

TEST_CASE("pictures that claim giant sizes are refused at once", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::pair<const char*, std::string> files[] = {{"a.png", png(60000)},
                                                       {"b.png", png(0x7fffffff)},
                                                       {"c.jpg", jpeg(65500)},
                                                       {"d.gif", gif(65535)},
                                                       {"e.webp", webp(false)},
                                                       {"f.webp", webp(true)},
                                                       {"g.tif", tiff(60000)},
                                                       {"h.tif", tiff(0xffffffff)},
                                                       {"i.bmp", bmp(60000)},
                                                       {"j.tga", tga(23169)},
                                                       {"k.pgm", "P5\n65000 65000\n255\n"},
                                                       {"l.ppm", "P6\n65000 65000\n255\nxx"},
                                                       {"m.png", png(9000)},
                                                       {"n.png", png(8000)},
                                                       {"o.tif", tiff(8000)},
                                                       {"p.gif", gif(8000)},
                                                       {"q.jpg", jpeg(8000)},
                                                       {"r.bmp", bmp(8000)},
                                                       {"s.tga", tga(8000)}};
  for (const auto& [name, content] : files) {
    dir.write(name, content);
    check_refused(dir, cat("predict ", name), name);
  }
  // Within the limits of sizes, but not of their own: no memory for the 200 MB that they claim.
  std::string runs = tga(8000);
  runs[2] = 10;
  dir.write("t.tga", runs + std::string(100, '\xff'));
  const long before = run_program(dir, "predict k.pgm").megabytes;
  for (const char* name : {"n.png", "o.tif", "p.gif", "q.jpg", "r.bmp", "s.tga", "t.tga"}) {
    const ProgramOutcome outcome = run_program(dir, cat("predict ", name));
    INFO(name << ": " << outcome.megabytes << " MB, " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.megabytes < before + 40);
  }
}
