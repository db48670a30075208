// `predict` on pictures as people have them: every format, size, colour and polarity.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/digits.h"
#include "tests/image_bytes.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

struct Format {
  const char* ending;
  Bytes (*encode)(const Image&);
};

const Format formats[] = {{".png", encode_png},
                          {".jpg", jpeg_of},
                          {".JPEG", jpeg_of},
                          {".bmp", bmp_of},
                          {".ppm", pnm_of},
                          {".pgm", [](const Image& image) { return pnm_of(to_grey(image)); }},
                          {".tga", [](const Image& image) { return tga_of(image, true); }}};

// Each line of standard output, parsed.
std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

void write(const TempDir& dir, const std::string& name, const Bytes& bytes) {
  dir.write(name, {bytes.begin(), bytes.end()});
}

}  // namespace

TEST_CASE("predict reads every format, size, colour and polarity", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  constexpr std::pair<int, int> sizes[] = {{320, 240}, {96, 72}, {800, 600}};
  const Image photos[] = {photo(7, false), photo(7, true)};
  int written = 0;
  for (const auto& [ending, encode] : formats)
    for (const Image& page : photos)
      for (const bool grey : {false, true}) {
        const auto [width, height] = sizes[written % 3];
        Image image = resize(page, width, height);
        if (grey) image = to_grey(image);
        write(dir, cat("in/", written++, ending), encode(image));
      }
  const ProgramOutcome outcome = run_program(dir, "predict --json in");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  const std::vector<nlohmann::json> answers = json_lines(outcome.out);
  REQUIRE(static_cast<int>(answers.size()) == written);
  for (const nlohmann::json& answer : answers) {
    INFO(answer.dump());
    CHECK(answer.at("class") == "7");
    CHECK(answer.at("probability") > 0.5);
    CHECK(answer.at("blank") == false);
  }
}

TEST_CASE("predict --save writes one picture for each input, without losing any", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  write(dir, "a/digit.png", encode_png(photo(4, false)));
  write(dir, "a/digit.jpg", jpeg_of(photo(4, true)));
  write(dir, "b/digit.tga", tga_of(photo(1, false), false));
  const ProgramOutcome outcome =
      run_program(dir, "predict --top 3 --verbose --save seen/here a b/digit.tga");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 3);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\t') == 3 * 6);
  CHECK_THAT(outcome.err, contains("a/digit.png: ") && contains("inverted"));
  for (const char* name : {"digit.png", "digit-2.png", "digit-3.png"})
    CHECK(read_image(dir.file(cat("seen/here/", name))).width > 400);
}

TEST_CASE("predict names each damaged picture and reads the others", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  int damaged = 0;
  for (const auto& [ending, encode] : formats) {
    Bytes bytes = encode(photo(7, false));
    bytes.resize(bytes.size() / 2);
    write(dir, cat("half-", damaged++, ending), bytes);
  }
  write(dir, "good.png", encode_png(photo(7, false)));
  const ProgramOutcome outcome = run_program(dir, "predict .");
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.out, contains("good.png\t7\t"));
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == damaged);
  for (int i = 0; i < damaged; ++i) CHECK_THAT(outcome.err, contains(cat("half-", i, ".")));
}
