// Faults 26 to 37: every damaged or foreign file is an Error that says what is wrong.
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/safetensors.h"
#include "tests/safetensors_bytes.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::contains;
using fovea::testing::in_bytes;
using fovea::testing::message_of;
using fovea::testing::safetensors_bytes;
using fovea::testing::same;
using fovea::testing::TempDir;

namespace {

// What parsing this file says. It must be one line that begins with the file's name.
std::string verdict(const std::vector<std::uint8_t>& file) {
  const std::string message = message_of([&] { parse_safetensors(file, "model"); });
  CHECK((message.empty() || message.starts_with("model: ")));
  CHECK(message.find('\n') == std::string::npos);
  CHECK(message.size() < 400);
  return message;
}

std::string verdict(const std::string& json, const std::string& data = "") {
  return verdict(safetensors_bytes(json, data));
}

std::string tensor(const std::string& name, const std::string& shape, const std::string& offsets,
                   const std::string& dtype = "F32") {
  return cat("\"", name, "\":{\"dtype\":\"", dtype, "\",\"shape\":", shape,
             ",\"data_offsets\":", offsets, "}");
}

const std::string eight(8, 'x');
const std::string four(4, 'x');

}  // namespace

TEST_CASE("fault 26: header length beyond the file or the cap", "[safetensors]") {
  CHECK_THAT(verdict(safetensors_bytes("{}", "", 100)), contains("header of 100 bytes but only 2"));
  CHECK_THAT(verdict(safetensors_bytes("{}", "", 16'777'217)), contains("limit is 16777216"));
  CHECK_THAT(verdict(safetensors_bytes("{}", "", ~std::uint64_t{0} - 7)), contains("the limit is"));
  CHECK_THAT(verdict(safetensors_bytes("{}", "", 0)), contains("does not begin with '{'"));
  CHECK_THAT(verdict(std::vector<std::uint8_t>{}), contains("has only 0 bytes"));
  CHECK_THAT(verdict(std::vector<std::uint8_t>(8)), contains("has only 8 bytes"));
}

TEST_CASE("fault 27: header not UTF-8, not JSON, deeply nested, of another form", "[safetensors]") {
  CHECK_THAT(verdict("{\"\xff\":{}}"), contains("not valid UTF-8 JSON"));
  CHECK_THAT(verdict("{\"\xc0\x80\":{}}"), contains("not valid UTF-8 JSON"));
  CHECK_THAT(verdict("{\"a\":"), contains("not valid UTF-8 JSON"));
  CHECK_THAT(verdict("{} {}"), contains("not valid UTF-8 JSON"));
  CHECK_THAT(verdict(std::string("{}\0 ", 4)), contains("not valid UTF-8 JSON at its byte 2"));
  CHECK_THAT(verdict("{\"a\":1e999}"), contains("not valid UTF-8 JSON"));
  CHECK_THAT(verdict(" {}"), contains("does not begin with '{'"));

  const std::string deep(1'000'000, '[');
  CHECK_THAT(verdict("{\"a\":" + deep), contains("an array where"));
  CHECK_THAT(verdict("{\"a\":{\"shape\":" + deep), contains("an array where"));
  std::string objects = "{";
  for (int i = 0; i < 200'000; ++i) objects += "\"a\":{";
  CHECK_THAT(verdict(objects), contains("unknown field 'a'"));

  CHECK_THAT(verdict("{\"a\":1}"), contains("a number where"));
  CHECK_THAT(verdict("{\"a\":null}"), contains("null where"));
  CHECK_THAT(verdict("{\"a\":\"x\"}"), contains("text where"));
  CHECK_THAT(verdict("{\"__metadata__\":{\"k\":1}}"), contains("a number where"));
  CHECK_THAT(verdict("{\"__metadata__\":{\"k\":{}}}"), contains("an object where"));
  CHECK_THAT(verdict("{\"__metadata__\":[]}"), contains("an array where"));
  CHECK_THAT(verdict("{" + tensor("a", "4", "[0,4]") + "}"), contains("a number where"));
  CHECK_THAT(verdict("{" + tensor("a", "[true]", "[0,4]") + "}"), contains("true or false where"));
  CHECK_THAT(verdict("{" + tensor("a", "[-1]", "[0,4]") + "}"), contains("a negative number"));
  CHECK_THAT(verdict("{" + tensor("a", "[1.0]", "[0,4]") + "}"), contains("a fraction"));
  CHECK_THAT(verdict("{" + tensor("a", "[]", "[0]") + "}"), contains("two data_offsets"));
  CHECK_THAT(verdict("{" + tensor("a", "[]", "[0,4,8]") + "}"), contains("two data_offsets"));
  CHECK_THAT(verdict("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}"), contains("'a' lacks"));
  CHECK_THAT(verdict("{\"a\":{\"dtype\":[]}}"), contains("an array where"));
}

TEST_CASE("fault 28: duplicate keys", "[safetensors]") {
  const std::string a = tensor("a", "[]", "[0,4]");
  CHECK_THAT(verdict("{" + a + "," + a + "}", four), contains("the key 'a' twice"));
  CHECK_THAT(verdict("{" + a + "," + tensor("\\u0061", "[]", "[4,8]") + "}", eight),
             contains("the key 'a' twice"));
  CHECK_THAT(verdict(R"({"__metadata__":{"k":"1","k":"2"}})"), contains("the key 'k' twice"));
  CHECK_THAT(verdict(R"({"__metadata__":{},"__metadata__":{}})"), contains("twice"));
  CHECK_THAT(verdict(R"({"a":{"dtype":"F32","dtype":"F32"}})"), contains("the key 'dtype' twice"));
}

TEST_CASE("fault 29: offsets that overlap, leave a hole, are reversed or do not fill the file",
          "[safetensors]") {
  const auto two = [](const char* first, const char* second, const std::string& data) {
    return verdict("{" + tensor("a", "[1]", first) + "," + tensor("b", "[1]", second) + "}", data);
  };
  CHECK(two("[0,4]", "[4,8]", eight).empty());
  CHECK(two("[4,8]", "[0,4]", eight).empty());
  CHECK_THAT(two("[0,4]", "[0,4]", four), contains("'b' at byte 0 of the data overlaps"));
  CHECK_THAT(two("[0,4]", "[2,6]", eight), contains("overlaps"));
  CHECK_THAT(two("[0,4]", "[6,10]", eight + "xx"),
             contains("bytes 4 to 6 of the data belong to no"));
  CHECK_THAT(two("[4,8]", "[8,12]", eight + four), contains("bytes 0 to 4"));
  CHECK_THAT(two("[4,0]", "[4,8]", eight), contains("before it begins"));
  CHECK_THAT(two("[0,4]", "[4,8]", eight + "x"), contains("1 bytes follow the last tensor"));
  CHECK_THAT(two("[0,4]", "[4,8]", "1234567"), contains("take 8 bytes but only 7 are there"));
  CHECK_THAT(two("[0,4]", "[4,18446744073709551615]", eight), contains("but only 8"));
  CHECK_THAT(two("[0,4]", "[4,18446744073709551616]", eight),
             contains("a fraction or huge number"));
  CHECK_THAT(
      verdict("{" + tensor("a", "[2]", "[0,8]") + "," + tensor("z", "[0]", "[4,4]") + "}", eight),
      contains("overlaps"));
  CHECK_THAT(verdict("{}", "x"), contains("1 bytes follow"));
}

TEST_CASE("fault 30: shapes that overflow, do not fit the data or have too many dimensions",
          "[safetensors]") {
  const auto shape = [](const std::string& text, const std::string& offsets = "[0,8]") {
    return verdict("{" + tensor("a", text, offsets) + "}", offsets == "[0,8]" ? eight : "");
  };
  CHECK(shape("[2]").empty());
  CHECK(shape("[1,1,1,1,1,2]").empty());
  CHECK(shape("[0]", "[0,0]").empty());
  CHECK_THAT(shape("[3]"), contains("of shape [3] and dtype F32 needs 12 bytes but has 8"));
  CHECK_THAT(shape("[]"), contains("of shape [] and dtype F32 needs 4 bytes but has 8"));
  CHECK_THAT(shape("[4294967296,4294967296]"), contains("overflows"));
  CHECK_THAT(shape("[4611686018427387905]"), contains("overflows"));  // * 4 wraps to 4
  CHECK_THAT(shape("[2147483648]"), contains("more than 2^31 - 1 elements"));
  CHECK_THAT(shape("[65536,65536]"), contains("more than 2^31 - 1 elements"));
  CHECK_THAT(shape("[1,1,1,1,1,1,2]"), contains("more than 6 dimensions"));
}

TEST_CASE("fault 31: a dtype that is not read is named", "[safetensors]") {
  CHECK_THAT(verdict("{" + tensor("bn.count", "[]", "[0,8]", "I64") + "}", eight),
             contains("'bn.count' has dtype 'I64'; F32, F64, F16 and BF16"));
  CHECK_THAT(verdict("{" + tensor("a", "[8]", "[0,8]", "F8_E4M3") + "}", eight),
             contains("'F8_E4M3'"));
  CHECK_THAT(verdict("{" + tensor("a", "[2]", "[0,8]", "f32") + "}", eight), contains("'f32'"));
}

TEST_CASE("fault 34: every flipped bit of a file that Fovea wrote is noticed", "[safetensors]") {
  SafeTensors content;
  content.tensors = {{"a.weight", {{2, 2}, {1, 2, 3, 4}}}, {"a.bias", {{2}, {0, 0}}}};
  content.metadata = {{"step", "7"}, {"fovea.crc32", "stale"}};
  const auto file = encode_safetensors(content);
  const SafeTensors whole = parse_safetensors(file, "model");
  CHECK(whole.metadata == std::map<std::string, std::string>{{"step", "7"}});
  int unnoticed = 0;
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    auto damaged = file;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    unnoticed += verdict(damaged).empty();
  }
  CHECK(unnoticed == 0);
  for (std::size_t size = 0; size < file.size(); ++size)
    unnoticed += verdict(std::vector(file.begin(), file.begin() + static_cast<long>(size))).empty();
  CHECK(unnoticed == 0);

  auto longer = file;
  longer.push_back(0);
  CHECK_THAT(verdict(longer), contains("checksum does not match"));
  longer = file;
  longer.back() ^= 1;
  CHECK_THAT(verdict(longer), contains("checksum does not match"));
}

TEST_CASE("fault 34: a file saved again by Python with our metadata is not checked against it",
          "[safetensors]") {
  const auto content = parse_safetensors(
      safetensors_bytes(R"({"__metadata__":{"fovea.crc32":"01234567","step":"7"},)" +
                            tensor("a", "[1]", "[0,4]") + "}",
                        in_bytes({5})),
      "model");
  CHECK(content.find("a")->values[0] == 5);
  CHECK(content.metadata == std::map<std::string, std::string>{{"step", "7"}});
}

TEST_CASE("fault 37: files of other formats are named, with what to do", "[safetensors]") {
  const auto other = [](const std::string& start) {
    const std::string bytes = start + std::string(100, 'x');
    return verdict(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  };
  CHECK_THAT(other("PK\3\4"), contains("torch.save") && contains("safetensors.torch.save_file"));
  CHECK_THAT(other("\x80\2}q"), contains("pickle") && contains("safetensors.torch.save_file"));
  CHECK_THAT(other("\x80\4\x95"), contains("pickle"));
  CHECK_THAT(other("\x89HDF\r\n\x1a\n"), contains("HDF5"));
  CHECK_THAT(other("\x1f\x8b\x08"), contains("gzip") && contains("gunzip"));
  CHECK_THAT(other("\x93NUMPY"), contains("NumPy"));
  CHECK_THAT(other("<!DOCTYPE html>"), contains("HTML"));
  CHECK_THAT(other("version https://git-lfs.github.com/spec/v1"), contains("git lfs pull"));
  CHECK_THAT(other("{\"metadata\": {}"), contains("JSON text"));
  const std::string tiny = "PK\5\6";
  CHECK_THAT(verdict(std::vector<std::uint8_t>(tiny.begin(), tiny.end())), contains("zip file"));
}

TEST_CASE("read_safetensors names the path and does not read large files of other formats",
          "[safetensors]") {
  const TempDir dir;
  CHECK_THAT(message_of([&] { read_safetensors(dir.file("none")); }), contains("No such file"));
  CHECK_THAT(message_of([&] { read_safetensors(dir.path()); }), contains("is a directory"));
  const std::string path = dir.write("model.pt", "PK\3\4");
  std::filesystem::resize_file(path, std::uintmax_t{3} << 30);  // sparse
  CHECK_THAT(message_of([&] { read_safetensors(path); }), contains("model.pt: is a zip file"));
}

TEST_CASE("names from a file cannot disturb the terminal", "[safetensors]") {
  CHECK_THAT(verdict("{" + tensor("\\u001b[31m\\n", "[2]", "[0,8]", "I8") + "}", eight),
             contains("'\\x1b[31m\\x0a'"));
  verdict("{" + tensor(std::string(100'000, 'n'), "[2]", "[0,8]", "I8") + "}", eight);  // short
}

TEST_CASE("random damage to an unprotected file is an Error or harmless", "[safetensors]") {
  const auto file = safetensors_bytes(
      "{\"__metadata__\":{\"k\":\"v\"}," + tensor("a", "[2]", "[0,4]", "F16") + "," +
          tensor("b", "[0,2]", "[4,4]") + "," + tensor("c", "[]", "[4,12]", "F64") + "}",
      std::string(12, '\0'));
  Random random(34);
  int loaded = 0;
  for (int round = 0; round < 3000; ++round) {
    auto damaged = file;
    for (std::uint32_t n = 1 + random.below(3); n > 0; --n)
      damaged[random.below(static_cast<std::uint32_t>(file.size()))] =
          static_cast<std::uint8_t>(random.below(256));
    if (random.below(4) == 0) damaged.resize(random.below(static_cast<std::uint32_t>(file.size())));
    try {
      loaded += parse_safetensors(damaged, "model").tensors.size() == 3;
    } catch (const Error&) {
    }
  }
  CHECK(loaded > 0);
  CHECK(loaded < 3000);
}
