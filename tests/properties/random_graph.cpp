// Random functions: choosing sizes, parameters, operands and results (see random_graph.h).
#include "properties/random_graph.h"

#include "ir/varying.h"
#include "properties/random_generator.h"

#include <algorithm>
#include <limits>

namespace thalweg::testing {

RandomCase random_case(Graph& graph, uint64_t seed, const RandomOptions& options) {
  return Generator(graph, seed, options).run();
}

RandomCase Generator::run() {
  TW_CHECK(!options_.smooth || options_.f64, "smooth functions are f64");
  choose_bindings();
  Function function = make_parameters();
  for (int i = 0; i < options_.operations; ++i)
    step();
  function.results = choose_results(function);
  return {std::move(function), bindings_};
}

void Generator::choose_bindings() {
  symbols_ = {"n", "m", "k"};
  const std::vector<int64_t> ordinary = {2, 3, 17, 33}, any = {0, 1, 2, 3, 17, 33, 100},
                             tiny = {0, 1}, smooth = {1, 2, 3, 5};
  for (const std::vector<int64_t>& sizes : {ordinary, any, tiny}) {
    Bindings binding;
    for (const std::string& symbol : symbols_)
      binding[symbol] = rng_.pick(options_.smooth ? smooth : sizes);
    bindings_.push_back(binding);
  }
  if (!options_.table) return;
  for (const char* symbol : {"p", "q"}) {
    symbols_.push_back(symbol);
    row_limits_[symbol] = 17;
  }
}

Function Generator::make_parameters() {
  Function function;
  function.name = "random";
  function.over_table = options_.table;
  for (const auto& [symbol, limit] : row_limits_)
    function.tensor_symbols.push_back(symbol);
  auto add = [&](DType dtype) {
    Shape shape = random_shape();
    int64_t index = static_cast<int64_t>(function.parameters.size());
    bool own = false;
    std::vector<std::string> names;
    for (const Dim& dim : shape)
      dim.collect_symbols(names);
    for (const std::string& name : names)
      own |= row_limits_.count(name) > 0;
    own |= options_.table && rng_.chance(0.5);
    Type type = Type::tensor(dtype, shape);
    function.parameters.push_back(
        {fmt::format("{}{}", is_real(dtype) ? "x" : "i", index), type, own});
    scope_.pool.push_back(builder_.arg(index, type));
  };
  for (int64_t count = rng_.range(2, 4); count > 0; --count)
    add(real_dtype());
  if (options_.integers) {
    add(DType::i64);
    add(DType::boolean);
  }
  return function;
}

std::vector<Result> Generator::choose_results(const Function& function) {
  std::vector<ValueId> values;
  if (options_.scalar_result) {
    ValueId sum = pick_real();
    if (builder_.type(sum).rank() > 0) sum = builder_.reduce_all(Op::reduce_sum, sum);
    for (int i = 0; i < 2; ++i) { // late values, so that most of the body counts
      ValueId part = pick_real();
      if (builder_.type(part).rank() > 0) part = builder_.reduce_all(Op::reduce_sum, part);
      sum = builder_.add(sum, builder_.cast(part, builder_.type(sum).dtype));
    }
    values.push_back(sum);
  } else {
    size_t count = std::min<size_t>(scope_.pool.size(), static_cast<size_t>(rng_.range(1, 3)));
    for (size_t i = 0; i < count; ++i)
      values.push_back(scope_.pool[scope_.pool.size() - 1 - i]);
  }
  Function probe = function;
  for (size_t i = 0; i < values.size(); ++i)
    probe.results.push_back({values.size() == 1 ? "value" : fmt::format("r{}", i), values[i]});
  std::vector<bool> varies = varies_by_tensor(builder_.graph(), probe);
  for (Result& result : probe.results)
    result.per_tensor = varies[result.value.value];
  return probe.results;
}

bool Generator::fits(const Shape& shape) const {
  for (const Bindings& binding : bindings_) {
    Bindings all = binding;
    all.insert(row_limits_.begin(), row_limits_.end());
    std::optional<std::vector<int64_t>> sizes = evaluate_shape(shape, all);
    if (!sizes || count_elements(*sizes) > options_.max_elements) return false;
  }
  return shape.size() <= 4;
}

int64_t Generator::largest(const Dim& dim) const {
  int64_t size = 0;
  for (const Bindings& binding : bindings_) {
    Bindings all = binding;
    all.insert(row_limits_.begin(), row_limits_.end());
    size = std::max(size, evaluate_dim(dim, all).value_or(0));
  }
  return size;
}

Dim Generator::random_dim() {
  if (rng_.chance(0.15)) return Dim(rng_.range(1, 3));
  Dim dim = Dim::symbol(rng_.pick(symbols_));
  if (rng_.chance(0.1)) dim = dim + Dim(rng_.range(1, 2));
  return dim;
}

Shape Generator::random_shape() {
  for (int attempt = 0; attempt < 10; ++attempt) {
    double p = rng_.unit();
    size_t rank = p < 0.2 ? 0 : p < 0.6 ? 1 : p < 0.9 ? 2 : 3;
    Shape shape;
    for (size_t k = 0; k < rank; ++k)
      shape.push_back(random_dim());
    if (fits(shape)) return shape;
  }
  return {};
}

DType Generator::real_dtype() {
  if (options_.smooth || !options_.f32) return DType::f64;
  return options_.f64 && rng_.chance(0.5) ? DType::f64 : DType::f32;
}

std::vector<ValueId> Generator::of_kind(bool (*accept)(const Type&)) const {
  std::vector<ValueId> found;
  for (ValueId id : scope_.pool)
    if (accept(builder_.type(id))) found.push_back(id);
  return found;
}

ValueId Generator::pick_real() {
  std::vector<ValueId> reals = of_kind([](const Type& type) { return is_real(type.dtype); });
  if (reals.empty()) return constant_of(Type::tensor(real_dtype(), {}));
  // Later values more often: deeper graphs.
  int64_t n = static_cast<int64_t>(reals.size());
  return reals[static_cast<size_t>(std::max(rng_.below(n), rng_.below(n)))];
}

ValueId Generator::constant_of(const Type& type) {
  double value = 0;
  if (type.dtype == DType::boolean) {
    value = rng_.chance(0.5);
  } else if (type.dtype == DType::i64) {
    if (!type.shape.empty() && rng_.chance(0.5))
      return builder_.iota(type.shape, rng_.below(static_cast<int64_t>(type.rank())));
    value = static_cast<double>(rng_.range(-2, 4));
  } else if (options_.smooth) {
    value = static_cast<double>(rng_.range(1, 8)) * (rng_.chance(0.5) ? 0.25 : -0.25);
  } else {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    value = rng_.pick(std::vector<double>{0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 0.1, -3.0, 1e-3, 1e8,
                                          4 * rng_.unit() - 2, rng_.chance(0.2) ? kInf : 0.25});
  }
  return builder_.full(value, type);
}

ValueId Generator::pick(const Type& type) {
  std::vector<ValueId> same, scalars, others;
  for (ValueId id : scope_.pool) {
    const Type& other = builder_.type(id);
    if (other == type) same.push_back(id);
    if (other.dtype == type.dtype && other.shape.empty()) scalars.push_back(id);
    if (other.dtype != type.dtype && other.shape == type.shape) others.push_back(id);
  }
  if (!same.empty() && rng_.chance(0.9)) return rng_.pick(same);
  if (!others.empty() && !options_.smooth && rng_.chance(0.3))
    return builder_.cast(rng_.pick(others), type.dtype);
  if (!scalars.empty() && rng_.chance(0.6)) {
    ValueId scalar = rng_.pick(scalars), wide = builder_.broadcast_scalar(scalar, type.shape);
    bounds_.emplace(wide.value, bound(scalar));
    return wide;
  }
  return constant_of(type);
}

double Generator::bound(ValueId id) const {
  auto it = bounds_.find(id.value);
  if (it != bounds_.end()) return it->second;
  return 3; // parameters and constants; captures are tamed to this
}

ValueId Generator::tame(ValueId id, double limit) {
  if (!options_.smooth || !is_real(builder_.type(id).dtype) || bound(id) <= limit) return id;
  ValueId scaled = builder_.mul(id, builder_.full(limit / bound(id), builder_.type(id)));
  bounds_[scaled.value] = limit;
  return scaled;
}

void Generator::put(ValueId id, double bound) {
  if (options_.smooth && is_real(builder_.type(id).dtype)) {
    bounds_.emplace(id.value, bound);
    id = tame(id, 20);
  }
  scope_.pool.push_back(id);
}

void Generator::step() {
  double p = rng_.unit();
  if (options_.table && rng_.chance(0.05)) return across();
  if (options_.integers && !options_.smooth && rng_.chance(0.03)) return draw();
  if (options_.linear && rng_.chance(0.04)) return linear();
  if (options_.moving && p < 0.30) {
    static constexpr void (Generator::* kMoves[])() = {
        &Generator::widen, &Generator::reshape, &Generator::transpose, &Generator::slice,
        &Generator::pad,   &Generator::concat,  &Generator::gather,    &Generator::scatter};
    return (this->*kMoves[rng_.below(8)])();
  }
  if (options_.folding && p < 0.45) {
    if (options_.integers && rng_.chance(0.15)) return arg_reduce();
    return rng_.chance(0.6) ? reduce() : contract();
  }
  if (scope_.depth < 2 && p < 0.50) {
    if (options_.loops && rng_.chance(0.5)) return loop();
    if (options_.branches && options_.integers) return branch();
  }
  if (options_.integers && p < 0.65) return rng_.chance(0.5) ? compare() : integer();
  if (p < 0.72) return ternary();
  if (p < 0.86) return options_.smooth ? smooth_binary() : binary();
  return options_.smooth ? smooth_unary() : unary();
}

} // namespace thalweg::testing
