#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/float16.h"
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

SafeTensors example() {
  SafeTensors content;
  content.tensors = {{"conv1.weight", {{2, 1, 1, 2}, {1, -2.5f, 0, 1e-40f}}},
                     {"scalar", {{}, {7}}},
                     {"empty", {{0, 3}, {}}},
                     {"../../etc/passwd", {{1}, {std::nanf("")}}},
                     {"π \"quoted\"\n", {{2}, {HUGE_VALF, -HUGE_VALF}}}};
  content.metadata = {{"step", "12"}, {"note", "é\n\\"}, {"", ""}};
  return content;
}

}  // namespace

// What was found is part of the whole, which must not be a temporary.
template <class T>
concept has_find = requires(T&& t) {
  std::forward<T>(t).find("weight");
};
static_assert(has_find<SafeTensors&> && !has_find<SafeTensors>);

TEST_CASE("safetensors: what is written is read back", "[safetensors]") {
  const SafeTensors content = example();
  const auto file = encode_safetensors(content);
  CHECK(same(parse_safetensors(file, "m"), content));
  CHECK(file == encode_safetensors(parse_safetensors(file, "m")));  // the same bytes every time
  CHECK(same(parse_safetensors(encode_safetensors({}), "m"), {}));

  const TempDir dir;
  write_safetensors(dir.file("m"), content);
  CHECK(same(read_safetensors(dir.file("m")), content));
  // Fault 38: a name is just text; nothing else was made.
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);

  const SafeTensor* found = content.find("scalar");
  REQUIRE(found);
  CHECK(found->values[0] == 7);
  CHECK(content.find("Scalar") == nullptr);
}

TEST_CASE("safetensors: the layout is the reference's", "[safetensors]") {
  const auto file = encode_safetensors(example());
  std::uint64_t length;
  std::memcpy(&length, file.data(), 8);
  CHECK((8 + length) % 8 == 0);
  CHECK(file.size() == 8 + length + 4 * (4 + 1 + 0 + 1 + 2));
  CHECK(file[8] == '{');
  const std::string json(file.begin() + 8, file.begin() + 8 + static_cast<long>(length));
  CHECK_THAT(json, contains(R"("scalar":{"dtype":"F32","shape":[],"data_offsets":[16,20]})"));
  CHECK_THAT(json, contains(R"("empty":{"dtype":"F32","shape":[0, 3],"data_offsets":[20,20]})"));
}

TEST_CASE("safetensors: a file that Python's package wrote is read", "[safetensors]") {
  // save_file({"a": half, "s": double, "z": bfloat16 [0, 3], "b": bfloat16, "w": float},
  //           metadata={"format": "pt", "note": "é\n"}) of safetensors 0.8.0
  const std::string json =
      R"({"__metadata__":{"note":"é\n","format":"pt"},"s":{"dtype":"F64","shape":[],)"
      R"("data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
      R"("b":{"dtype":"BF16","shape":[1,2],"data_offsets":[12,16]},"z":{"dtype":"BF16",)"
      R"("shape":[0,3],"data_offsets":[16,16]},"a":{"dtype":"F16","shape":[3],)"
      R"("data_offsets":[16,22]}}     )";
  const std::string data("\x9a\x99\x99\x99\x99\x99\xb9?\x00\x00P@\x80?\x80\x7f\x00>\x00\xc0\xff{",
                         22);
  SafeTensors expected;
  expected.tensors = {{"s", {{}, {0.1f}}},
                      {"w", {{1}, {3.25f}}},
                      {"b", {{1, 2}, {1, HUGE_VALF}}},
                      {"z", {{0, 3}, {}}},
                      {"a", {{3}, {1.5f, -2, 65504}}}};
  expected.metadata = {{"note", "é\n"}, {"format", "pt"}};
  CHECK(same(parse_safetensors(safetensors_bytes(json, data), "py"), expected));
}

TEST_CASE("safetensors: headers at the edge of the rules are read", "[safetensors]") {
  CHECK(parse_safetensors(safetensors_bytes("{}", ""), "m").tensors.empty());
  // Whitespace, escaped names, header order other than data order, odd header length.
  const auto content = parse_safetensors(
      safetensors_bytes("{ \"\\u0062\" : {\"data_offsets\":[4,8],\"shape\":[1],\"dtype\":\"F32\"},"
                        "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}\n \t",
                        in_bytes({1.0f, 2.0f})),
      "m");
  REQUIRE(content.tensors.size() == 2);
  CHECK(content.tensors[0].first == "b");
  CHECK(content.tensors[0].second.values[0] == 2);
  CHECK(content.find("a")->values[0] == 1);
  // A header of 640 bytes begins like a pickle of protocol 2.
  CHECK_NOTHROW(parse_safetensors(safetensors_bytes("{}" + std::string(638, ' '), ""), "m"));
}

TEST_CASE("half precision converts exactly", "[safetensors]") {
  CHECK(float_from_half(0x3c00) == 1);
  CHECK(float_from_half(0xc000) == -2);
  CHECK(float_from_half(0x7bff) == 65504);
  CHECK(float_from_half(0x0400) == 0x1p-14f);         // smallest normal
  CHECK(float_from_half(0x03ff) == 1023 * 0x1p-24f);  // largest subnormal
  CHECK(float_from_half(0x8001) == -0x1p-24f);
  CHECK(std::signbit(float_from_half(0x8000)));
  CHECK(float_from_half(0x7c00) == HUGE_VALF);
  CHECK(float_from_half(0xfc00) == -HUGE_VALF);
  CHECK(std::isnan(float_from_half(0x7e00)));
  CHECK(std::bit_cast<std::uint32_t>(float_from_half(0xfc01)) == 0xff802000u);
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {  // all finite ones by definition
    const int exponent = bits >> 10 & 31;
    if (exponent == 31) continue;
    const int mantissa = (bits & 1023) + (exponent ? 1024 : 0);
    const double value = std::ldexp(mantissa, (exponent ? exponent : 1) - 25);
    if (float_from_half(static_cast<std::uint16_t>(bits)) != (bits & 0x8000 ? -value : value))
      FAIL("half " << bits);
  }

  CHECK(float_from_bfloat16(0x3f80) == 1);
  CHECK(float_from_bfloat16(0x0001) == 0x1p-133f);  // subnormal
  CHECK(float_from_bfloat16(0xff80) == -HUGE_VALF);
  CHECK(std::isnan(float_from_bfloat16(0x7fc0)));
  CHECK(std::signbit(float_from_bfloat16(0x8000)));
}

TEST_CASE("safetensors: F64 rounds to float and must be in its range", "[safetensors]") {
  const auto read = [](double value) {
    std::string data(8, '\0');
    std::memcpy(data.data(), &value, 8);
    const auto file =
        safetensors_bytes(R"({"t":{"dtype":"F64","shape":[],"data_offsets":[0,8]}})", data);
    return parse_safetensors(file, "m").tensors[0].second.values[0];
  };
  CHECK(read(1.0 / 3) == 1.0f / 3);
  CHECK(read(1e-300) == 0);
  CHECK(read(-HUGE_VAL) == -HUGE_VALF);
  CHECK(std::isnan(read(std::nan(""))));
  CHECK_THAT(message_of([&] { read(1e300); }),
             contains("'t' has the F64 value 1e+300 at index 0, beyond the range of float"));
}

TEST_CASE("safetensors: content that cannot be stored is refused", "[safetensors]") {
  const auto message = [](SafeTensors content) {
    return message_of([&] { encode_safetensors(content); });
  };
  CHECK_THAT(message({{{"a", {{1}, {1}}}, {"a", {{1}, {1}}}}, {}}), contains("two tensors"));
  CHECK_THAT(message({{{"__metadata__", {{1}, {1}}}}, {}}), contains("rename it"));
  CHECK_THAT(message({{{"a", {{2, 2}, {1}}}}, {}}), contains("shape [2, 2] but 1 values"));
  CHECK_THAT(message({{{"\xff", {{1}, {1}}}}, {}}), contains("is not UTF-8"));
  CHECK_THAT(message({{}, {{"k", "\xc0\x80"}}}), contains("is not UTF-8"));
}

TEST_CASE("fault 39: after SIGKILL at any moment the old or the new file loads", "[safetensors]") {
  const TempDir dir;
  const std::string path = dir.file("checkpoint.safetensors");
  const auto version = [](int number) {
    SafeTensors content;
    content.tensors.push_back({"w", {{64, 1024}, std::vector<float>(65536, float(number))}});
    content.metadata["step"] = std::to_string(number);
    return content;
  };
  write_safetensors(path, version(0));
  Random random(20);
  int last = 0;
  // On a busy machine more, until some write did finish.
  for (int kill = 0; kill < 20 || (last == 0 && kill < 500); ++kill) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int i = last + 1;; ++i) write_safetensors(path, version(i));
    }
    ::usleep(1000 + random.below(15000));
    REQUIRE(::kill(child, SIGKILL) == 0);
    ::waitpid(child, nullptr, 0);

    const SafeTensors loaded = read_safetensors(path);
    const int step = std::stoi(loaded.metadata.at("step"));
    CHECK(step >= last);
    CHECK(same(loaded, version(step)));
    last = step;
  }
  CHECK(last > 0);
  remove_stale_temporaries(dir.path());  // fault 43
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("safetensors: PyTorch's reference files are read", "[safetensors]") {
  const std::string folder = "../shared/interop/";
  if (!std::filesystem::exists(folder + "init.safetensors")) {
    WARN("no " << folder << "; reading Python's files was tested on an embedded one only");
    return;
  }
  for (const char* name : {"init", "grad0", "after10_sgd", "after10_adam", "trained"}) {
    const SafeTensors content = read_safetensors(folder + name + ".safetensors");
    CHECK(content.tensors.size() == 16);
    REQUIRE(content.find("conv2.weight"));
    CHECK(content.find("conv2.weight")->shape == Shape{20, 10, 5, 5});
    REQUIRE(content.find("localization.3.bias"));
    CHECK(content.find("localization.3.bias")->shape == Shape{10});
  }
  const SafeTensors init = read_safetensors(folder + "init.safetensors");
  CHECK(init.find("fc_loc.2.bias")->values == std::vector<float>{1, 0, 0, 0, 1, 0});
  const SafeTensors outputs = read_safetensors(folder + "trained_outputs.safetensors");
  CHECK(outputs.find("warped_first_16")->shape == Shape{16, 1, 28, 28});
}
