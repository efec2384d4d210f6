// Draws of the interpreter (see draw.h).
#include "ir/draw.h"

#include "ir/math/random.h"
#include "ir/math/scalar_backend.h"
#include "support/check.h"

namespace thalweg {
namespace {

template <class T>
T real_element(Distribution distribution, uint64_t stream, int64_t step, uint64_t element) {
  using B = math::ScalarBackend<T>;
  const auto bits = [&](uint64_t at) {
    if constexpr (sizeof(T) == sizeof(uint32_t))
      return static_cast<typename B::Int>(tw_word(stream, step, at));
    else
      return static_cast<typename B::Int>(tw_long_word(stream, step, at));
  };
  B b;
  switch (distribution) {
  case Distribution::normal: {
    const uint64_t even = element & ~uint64_t{1};
    const math::Normals<B> pair = math::normal_pair(b, bits(even), bits(even + 1));
    return element == even ? pair.first : pair.second;
  }
  case Distribution::uniform: return math::unit(b, bits(element));
  case Distribution::rademacher: return tw_coin(stream, step, element) != 0 ? T(1) : T(-1);
  }
  TW_CHECK(false, "a draw of no distribution");
  return 0;
}

} // namespace

double draw_element(Distribution distribution, uint64_t stream, int64_t step, int64_t element,
                    DType dtype) {
  const auto at = static_cast<uint64_t>(element);
  if (dtype == DType::f32) return real_element<float>(distribution, stream, step, at);
  return real_element<double>(distribution, stream, step, at);
}

} // namespace thalweg
