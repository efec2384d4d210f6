// Random inputs for given functions (see random_graph.h).
#include "properties/random_graph.h"

#include <limits>

namespace thalweg::testing {
namespace {

double random_real(Rng& rng, const InputOptions& options) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  static const std::vector<double> kSpecials = {0.0,
                                                -0.0,
                                                1.0,
                                                -1.0,
                                                kInf,
                                                -kInf,
                                                std::numeric_limits<double>::quiet_NaN(),
                                                0x1p-1074,
                                                0x1p-149,
                                                -0x1p-130,
                                                1e300,
                                                -1e300,
                                                3e38,
                                                1e-30,
                                                88.5,
                                                -104.0,
                                                710.0};
  if (options.specials && rng.chance(0.2)) return rng.pick(kSpecials);
  if (options.specials && rng.chance(0.2)) return static_cast<double>(rng.range(-3, 3));
  return options.scale * (2 * rng.unit() - 1);
}

Tensor random_tensor(Rng& rng, const Type& type, const Bindings& bindings,
                     const InputOptions& options) {
  std::optional<std::vector<int64_t>> shape = evaluate_shape(type.shape, bindings);
  TW_CHECK(shape, "an input of unknown size: {}", type.str());
  Tensor tensor(type.dtype, *shape);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (is_real(type.dtype))
      tensor.set_number(i, random_real(rng, options));
    else if (type.dtype == DType::i64)
      tensor.set_number(i, static_cast<double>(rng.range(-5, 9)));
    else
      tensor.set_number(i, rng.chance(0.5));
  }
  return tensor;
}

} // namespace

std::vector<Tensor> random_inputs(const Function& function, const Bindings& bindings, uint64_t seed,
                                  const InputOptions& options) {
  Rng rng(seed ^ 0x5851f42d4c957f2dull);
  std::vector<Tensor> inputs;
  for (const Parameter& parameter : function.parameters)
    if (!parameter.per_tensor)
      inputs.push_back(random_tensor(rng, parameter.type, bindings, options));
  return inputs;
}

std::vector<TableRow> random_rows(const Function& function, const Bindings& bindings, uint64_t seed,
                                  const InputOptions& options) {
  Rng rng(seed ^ 0x14057b7ef767814full);
  std::vector<TableRow> rows(static_cast<size_t>(rng.below(5)));
  for (TableRow& row : rows) {
    Bindings all = bindings;
    for (const std::string& symbol : function.tensor_symbols)
      all[symbol] = row.bindings[symbol] = rng.pick(std::vector<int64_t>{0, 1, 2, 3, 17});
    for (const Parameter& parameter : function.parameters)
      if (parameter.per_tensor)
        row.inputs.push_back(random_tensor(rng, parameter.type, all, options));
  }
  return rows;
}

} // namespace thalweg::testing
