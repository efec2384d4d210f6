// Contractions as matrix products: the kernels in which each fold is one (see Product in loops.h).
#include "codegen/lower_kernels.h"

#include <algorithm>

namespace thalweg::loops {
namespace {

// Multiply-adds of a product that is not worth a call in a loop.
constexpr int64_t kSmallWork = 1024;

// The axes of a kernel's space that become rows and columns: columns the last one, rows the last of
// those that the other operand has alone, if there is one. By fold, whether the columns come from
// its second operand.
struct Axes {
  std::optional<size_t> rows;
  size_t columns = 0;
  std::vector<bool> columns_in_b;
};

std::optional<Axes> axes_of(const Graph& graph, const fuse::Kernel& kernel) {
  if (kernel.lanes || kernel.choice || kernel.folds.empty()) return std::nullopt;
  Axes axes;
  size_t rank = kernel.space.size();
  auto loops = [&](size_t axis) { return !kernel.space[axis].is_constant(1); };
  axes.columns = rank;
  while (axes.columns > 0 && !loops(axes.columns - 1))
    --axes.columns;
  if (axes.columns-- == 0) return std::nullopt;
  std::vector<std::vector<int>> owners; // by fold and axis: 1 operand a, 2 operand b, 3 both
  for (ValueId fold : kernel.folds) {
    if (graph.node(fold).op != Op::contract) return std::nullopt;
    fuse::FoldShape shape = fuse::fold_shape(graph, fold);
    std::vector<int>& owner = owners.emplace_back(rank, 0);
    for (int64_t axis : shape.axes_a)
      if (axis >= 0) owner[static_cast<size_t>(axis)] |= 1;
    for (int64_t axis : shape.axes_b)
      if (axis >= 0) owner[static_cast<size_t>(axis)] |= 2;
    if (owner[axes.columns] == 3) return std::nullopt;
    axes.columns_in_b.push_back(owner[axes.columns] == 2);
  }
  size_t others = 0;
  Dim work = kernel.space[axes.columns] * element_count(kernel.inner);
  for (size_t axis = axes.columns; axis-- > 0;) {
    if (!loops(axis)) continue;
    bool fits = !axes.rows;
    for (const std::vector<int>& owner : owners)
      fits = fits && owner[axis] == 3 - owner[axes.columns];
    if (fits) axes.rows = axis, work = work * kernel.space[axis];
    others += !fits;
  }
  // Many small products are better off without calls, many vectors times matrices in one nest.
  bool small = work.is_constant() && work.constant() < kSmallWork;
  if (others > 0 && (small || !axes.rows)) return std::nullopt;
  return axes;
}

bool has_term(const Address& address, Var var) {
  return std::any_of(address.terms.begin(), address.terms.end(),
                     [&](const auto& term) { return term.first == var; });
}

} // namespace

// One Product per fold; what the kernel stores besides follows the last. False, with nothing
// appended, if the operands are computed rather than loaded or a fold has no place in memory.
bool Kernels::product(const fuse::Kernel& kernel) {
  std::optional<Axes> axes = axes_of(graph_, kernel);
  if (!axes) return false;
  // Where a fold's chain is made: the fold's own place, or for the last one any of its type that is
  // no other fold's.
  auto store_for = [&](ValueId fold, bool last) -> const fuse::Store* {
    const fuse::Store* other = nullptr;
    for (const fuse::Store& store : kernel.stores) {
      if (store.value == fold) return &store;
      const bool taken =
          std::find(kernel.folds.begin(), kernel.folds.end(), store.value) != kernel.folds.end();
      if (last && !other && !taken && graph_.type(store.value) == graph_.type(fold)) other = &store;
    }
    return other;
  };
  std::vector<const fuse::Store*> places;
  for (ValueId fold : kernel.folds) {
    places.push_back(store_for(fold, fold == kernel.folds.back()));
    if (!places.back()) return false;
  }

  auto rows = [&](size_t axis) {
    return axis == 0 && kernel.role == fuse::RowRole::each ? rows_at_hand() : std::nullopt;
  };
  std::vector<Affine> point(kernel.space.size());
  for (size_t k = 0; k < point.size(); ++k)
    if (axes->rows != k && k != axes->columns && !kernel.space[k].is_constant(1))
      point[k] = open_loop(Loop::Kind::serial, kernel.space[k], false, rows(k));
  size_t outer = opened_.size();
  auto abandon = [&](size_t down_to) {
    while (opened_.size() > down_to) {
      opened_.pop_back();
      elements_.close();
    }
    return false;
  };
  std::vector<Product> products;
  for (size_t f = 0; f < kernel.folds.size(); ++f) {
    const Node& node = graph_.node(kernel.folds[f]);
    fuse::FoldShape shape = fuse::fold_shape(graph_, kernel.folds[f]);
    bool last = f + 1 == kernel.folds.size();
    Product product{};
    Affine row = open_loop(Loop::Kind::serial, axes->rows ? kernel.space[*axes->rows] : Dim(1));
    if (axes->rows) point[*axes->rows] = row;
    product.i = {opened_.back().var, axes->rows ? rows(*axes->rows) : std::nullopt};
    point[axes->columns] = open_loop(Loop::Kind::vector, kernel.space[axes->columns]);
    product.j = {opened_.back().var, rows(axes->columns)};
    Affine position = open_loop(Loop::Kind::serial, element_count(kernel.inner));
    product.k = {opened_.back().var,
                 kernel.role == fuse::RowRole::fold ? rows_at_hand() : std::nullopt};
    std::vector<Affine> inner;
    Val operands[2];
    for (int side = 0; side < 2; ++side)
      operands[side] = elements_.element(
          node.operands[side],
          folded_index(kernel, graph_.type(node.operands[side]).shape,
                       side == 0 ? shape.axes_a : shape.axes_b, point, position, inner));
    const Value* loads[2] = {&program_.values[operands[0].value],
                             &program_.values[operands[1].value]};
    // Nothing but the two loads may stand in the loops.
    auto only_loads = [&](const Block& block) {
      return std::all_of(block.begin(), block.end(), [&](const Statement& statement) {
        const Let* let = std::get_if<Let>(&statement.is);
        return let && (let->value == operands[0] || let->value == operands[1]);
      });
    };
    bool fits = loads[0]->kind == Value::Kind::load && loads[1]->kind == Value::Kind::load &&
                only_loads(elements_.block(elements_.depth()));
    for (int up = 1; up <= 2; ++up)
      fits = fits && elements_.block(elements_.depth() - up).empty();
    const Value* a = loads[axes->columns_in_b[f] ? 0 : 1];
    const Value* b = loads[axes->columns_in_b[f] ? 1 : 0];
    fits = fits && !has_term(a->address, product.j.var) && !has_term(b->address, product.i.var);
    if (!fits) return abandon(0);
    product.a = a->address;
    product.b = b->address;
    opened_.pop_back();
    elements_.close(); // the loads are the Product's
    IndexId index = indices_.intern(index_of_axes(point));
    product.c = place_of(kernel, *places[f], index);
    if (product.a.buffer == product.c.buffer || product.b.buffer == product.c.buffer)
      return abandon(0);
    product.columns = {Loop::Kind::vector, product.j.var, {}, {}};
    if (last && !epilogue(kernel, places, index, product)) return abandon(0);
    if (!last) abandon(outer);
    products.push_back(std::move(product));
  }
  for (Product& product : products)
    elements_.append({std::move(product)});
  close_nest();
  return true;
}

// Closes the loops over rows and columns with all that is stored besides the folds themselves.
bool Kernels::epilogue(const fuse::Kernel& kernel, const std::vector<const fuse::Store*>& places,
                       IndexId index, Product& product) {
  std::vector<fuse::Store> others;
  for (const fuse::Store& store : kernel.stores) {
    auto at = std::find(places.begin(), places.end(), &store);
    bool done =
        at != places.end() && store.value == kernel.folds[static_cast<size_t>(at - places.begin())];
    if (!done) others.push_back(store);
  }
  std::vector<Val> folds;
  if (!others.empty()) {
    for (size_t f = 0; f < kernel.folds.size(); ++f)
      folds.push_back(
          elements_.loaded_result(kernel.folds[f], index, slot_of(layout_, places[f]->to).buffer));
    store_all(kernel, others, index);
  }
  opened_.pop_back();
  product.columns.body = elements_.close();
  opened_.pop_back();
  product.row = elements_.close();
  // What the chain is made in must not be read for something else.
  auto reads_c = [&](const Block& block) {
    return std::any_of(block.begin(), block.end(), [&](const Statement& statement) {
      const Let* let = std::get_if<Let>(&statement.is);
      if (!let) return false;
      const Value& value = program_.values[let->value.value];
      return value.kind == Value::Kind::load && value.address.buffer == product.c.buffer &&
             std::find(folds.begin(), folds.end(), let->value) == folds.end();
    });
  };
  return !reads_c(product.columns.body) && !reads_c(product.row);
}

} // namespace thalweg::loops
