// Networks with transformers in other places than the programs' own.
#pragma once

namespace fovea::testing {

/// Makes them known; once is enough, more do no harm:
///   test-row    two on the image, one after the other: affine to 20x24, similarity to 14x14
///   test-side   two side by side on the image, attention to 12x12 and affine; a third on both
///   test-mixed  one on the image, one, to 9x9, on the feature maps behind it
///   test-shear  one of a family that the library does not know
void add_stage_networks();

}  // namespace fovea::testing
