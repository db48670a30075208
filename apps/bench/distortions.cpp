// How long it takes to distort an image, beside how long it takes to train on one.
#include "apps/bench/bench.h"
#include "apps/bench/timing.h"
#include "data/distort.h"
#include "data/synthetic.h"

namespace fovea::bench {

std::vector<DistortionTime> distortion_times(const Effort& effort) {
  const DataSplit digits = synthetic_digits({.train = 1000, .test = 1});
  std::vector<DistortionTime> all;
  for (const DistortionKind& kind : distortions()) {
    const auto distortion = make_distortion(kind.name, digits.train);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(distortion->image_shape().size()));
    int next = 0;
    const Rate rate = calls_per_second(effort, [&] {
      for (int i = 0; i < 100; ++i, ++next) {
        const int image = next % digits.train.size();
        (*distortion)(digits.train.image(image).data(), 0, distortion_stream(1, next), out.data());
      }
    });
    all.push_back({kind.name, 1e6 / (100 * rate.median)});
  }
  return all;
}

}  // namespace fovea::bench
