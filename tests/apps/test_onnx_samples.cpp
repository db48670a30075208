#include <cmath>

#include "apps/onnx/export.h"
#include "core/file.h"
#include "core/safetensors.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::TempDir;

TEST_CASE("samples hold images and the network's answers", "[onnx]") {
  const TempDir dir;
  const std::vector<std::string> names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const Model model = make_model(describe_model("tutorial", {1, 28, 28}, names), 3);
  write_samples(dir.file("s.safetensors"), model, 20);
  const SafeTensors samples = read_safetensors(dir.file("s.safetensors"));
  REQUIRE(samples.find("images"));
  CHECK(samples.find("images")->shape == Shape{20, 1, 28, 28});
  const SafeTensor& answers = *samples.find("log_probabilities");
  REQUIRE(answers.shape == Shape{20, 10});
  for (int i = 0; i < 20; ++i) {
    double sum = 0;
    for (int k = 0; k < 10; ++k)
      sum += std::exp(static_cast<double>(answers.values[static_cast<std::size_t>(10 * i + k)]));
    CHECK(sum == Approx(1).margin(1e-5));
  }
  CHECK_THROWS_AS(write_samples(dir.file("s.safetensors"), model, 0), Error);
}
