// Draws of the interpreter (see draw.h).
#include "ir/draw.h"

#include "ir/math/random.h"
#include "ir/math/scalar_backend.h"

#include <algorithm>

namespace thalweg {

double draw_element(Distribution distribution, uint64_t stream, int64_t step, int64_t element,
                    DType dtype) {
  math::ScalarBackend<double> b;
  auto bits = static_cast<int64_t>(tw_bits(stream, step, static_cast<uint64_t>(element)));
  double drawn = 0;
  switch (distribution) {
  case Distribution::normal: drawn = math::normal_quantile(b, math::unit(b, bits)); break;
  case Distribution::uniform: drawn = math::unit(b, bits); break;
  case Distribution::rademacher: drawn = math::random_sign(b, bits); break;
  }
  if (dtype != DType::f32) return drawn;
  // A uniform number stays below 1, also rounded.
  if (distribution == Distribution::uniform) drawn = std::min(drawn, 0x1.fffffep-1);
  return static_cast<float>(drawn);
}

} // namespace thalweg
