// Scopes, values and index arithmetic of the element computation (see lower_elements.h; the
// operators are in lower_operators.cpp).
#include "codegen/lower_elements.h"

#include "ir/builder.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::loops {

Address address_of(BufferId buffer, const Affine& flat) {
  return {buffer, flat.offset, flat.vars, flat.vals};
}

const Slot& slot_of(const Layout& layout, const fuse::Target& target) {
  TW_CHECK(target.kind != fuse::Target::Kind::none, "a value without a place");
  return target.kind == fuse::Target::Kind::result ? layout.results[target.index]
                                                   : layout.temporaries[target.index];
}

Block Elements::close() {
  Block block = std::move(scopes_.back().block);
  scopes_.pop_back();
  return block;
}

Var Elements::new_var(std::string name, Dim extent) {
  Var var{static_cast<uint32_t>(program_.vars.size())};
  program_.vars.push_back({std::move(name), std::move(extent)});
  var_depth_.resize(program_.vars.size()); // those of nested functions are not used here
  var_depth_.back() = depth();
  return var;
}

Val Elements::create(Value value, int depth) {
  Val val{static_cast<uint32_t>(program_.values.size())};
  bool defined_by_let = value.kind != Value::Kind::fold;
  program_.values.push_back(std::move(value));
  val_depth_.resize(program_.values.size());
  val_depth_.back() = depth;
  if (defined_by_let) scopes_[depth].block.push_back({Let{val}});
  return val;
}

void Elements::give(size_t k, Val val) { given_.emplace(static_cast<int64_t>(k), val); }

Elements::Element* Elements::find(ValueId value, IndexId index) {
  for (size_t k = scopes_.size(); k-- > 0;) {
    auto it = scopes_[k].known.find(key(value, index));
    if (it != scopes_[k].known.end()) return &it->second;
  }
  return nullptr;
}

void Elements::know(ValueId value, IndexId index, Element element, int depth) {
  scopes_[depth].known.emplace(key(value, index), std::move(element));
}

Elements::Element* Elements::need(ValueId value, IndexId index) {
  if (graph_.type(value).rank() == 0) index = kScalarIndex;
  if (Element* found = find(value, index)) return found;
  work_.push_back({value, index});
  return nullptr;
}

Val Elements::element(ValueId value, IndexId index) {
  if (graph_.type(value).rank() == 0) index = kScalarIndex;
  TW_CHECK(work_.empty(), "element() is not reentrant");
  work_.push_back({value, index});
  while (!work_.empty()) {
    auto [next, at] = work_.back();
    size_t size = work_.size();
    if (find(next, at) || make(next, at)) {
      TW_CHECK(work_.size() == size, "made, yet something is missing");
      work_.pop_back();
    } else {
      TW_CHECK(work_.size() > size, "not made, and nothing is missing");
    }
  }
  return val(*find(value, index));
}

Val Elements::defined_by_statement(DType dtype) {
  Value result{};
  result.kind = Value::Kind::fold;
  result.dtype = dtype;
  return create(std::move(result), depth());
}

Val Elements::fold_result(ValueId value, IndexId index) {
  Val id = defined_by_statement(graph_.type(value).dtype);
  if (graph_.type(value).rank() == 0) index = kScalarIndex;
  know(value, index, {id, std::nullopt}, depth());
  if (plan_.of(value).row && index == kScalarIndex) row_values_[value] = {stage_, id, {}};
  return id;
}

Val Elements::loaded_result(ValueId value, IndexId index, BufferId buffer) {
  Val loaded = load(buffer, flat_of(indices_.at(index), graph_.type(value).shape));
  know(value, index, {loaded, std::nullopt}, depth());
  return loaded;
}

void Elements::keep_row_scalar(ValueId value) {
  if (plan_.of(value).row) row_values_[value] = {stage_, scalar(value), {}};
}

Val Elements::val(Element& element) {
  if (!element.val.valid()) element.val = value_of(*element.affine);
  return element.val;
}

int Elements::depth_of(const Affine& affine) const {
  int depth = 0;
  for (const auto& [var, factor] : affine.vars)
    depth = std::max(depth, var_depth_[var.value]);
  for (const auto& [val, factor] : affine.vals)
    depth = std::max(depth, val_depth_[val.value]);
  return depth;
}

bool Elements::has_tensor_symbol(const Dim& dim) const {
  std::vector<std::string> symbols;
  dim.collect_symbols(symbols);
  return std::any_of(symbols.begin(), symbols.end(), [&](const std::string& symbol) {
    const auto& own = function_.tensor_symbols;
    return std::find(own.begin(), own.end(), symbol) != own.end();
  });
}

Val Elements::constant(int64_t bits, DType dtype) {
  auto [it, fresh] = constants_.emplace(std::pair{dtype, bits}, Val{});
  if (fresh) {
    Value value{};
    value.kind = Value::Kind::constant;
    value.dtype = dtype;
    value.bits = bits;
    it->second = create(std::move(value), 0);
  }
  return it->second;
}

Val Elements::apply(Op op, DType dtype, std::vector<Val> operands) {
  int depth = 0;
  for (Val operand : operands)
    depth = std::max(depth, depth_of(operand));
  Value value{};
  value.kind = Value::Kind::element;
  value.dtype = dtype;
  value.op = op;
  value.operands = std::move(operands);
  return create(std::move(value), depth);
}

Val Elements::load(BufferId buffer, const Affine& flat) {
  bool of_row = function_.over_table && program_.buffers[buffer.value].per_tensor;
  int depth = std::max(depth_of(flat), of_row ? 1 : 0);
  return load_at(buffer, flat, depth);
}

Val Elements::load_here(BufferId buffer, const Affine& flat) {
  return load_at(buffer, flat, depth());
}

Val Elements::load_at(BufferId buffer, const Affine& flat, int depth) {
  Value value{};
  value.kind = Value::Kind::load;
  value.dtype = program_.buffers[buffer.value].dtype;
  value.address = address_of(buffer, flat);
  return create(std::move(value), depth);
}

// Builds the i64 value of an affine expression, term by term; prefixes are not shared.
Val Elements::value_of(const Affine& affine) {
  if (affine.offset.is_constant(0) && affine.vars.empty() && affine.vals.size() == 1 &&
      affine.vals[0].second.is_constant(1))
    return affine.vals[0].first;
  for (size_t k = scopes_.size(); k-- > 0;) {
    auto it = scopes_[k].affine_values.find(affine);
    if (it != scopes_[k].affine_values.end()) return it->second;
  }
  auto size_value = [&](const Dim& dim) {
    if (dim.is_constant()) return constant(dim.constant(), DType::i64);
    Affine fixed = Affine::of(dim);
    int depth = has_tensor_symbol(dim) ? 1 : 0;
    auto it = scopes_[depth].affine_values.find(fixed);
    if (it != scopes_[depth].affine_values.end()) return it->second;
    Value value{};
    value.kind = Value::Kind::size;
    value.dtype = DType::i64;
    value.dim = dim;
    Val made = create(std::move(value), depth);
    scopes_[depth].affine_values.emplace(fixed, made);
    return made;
  };
  std::optional<Val> sum;
  auto add = [&](Val term) { sum = sum ? apply(Op::add, DType::i64, {*sum, term}) : term; };
  auto scaled = [&](Val term, const Dim& factor) {
    return factor.is_constant(1) ? term : apply(Op::mul, DType::i64, {term, size_value(factor)});
  };
  if (!affine.offset.is_constant(0) || affine.is_fixed()) add(size_value(affine.offset));
  for (const auto& [var, factor] : affine.vars) {
    Affine bare = Affine::of(var);
    int depth = var_depth_[var.value];
    auto it = scopes_[depth].affine_values.find(bare);
    if (it == scopes_[depth].affine_values.end()) {
      Value value{};
      value.kind = Value::Kind::index;
      value.dtype = DType::i64;
      value.var = var;
      Val made = create(std::move(value), depth);
      it = scopes_[depth].affine_values.emplace(bare, made).first;
    }
    add(scaled(it->second, factor));
  }
  for (const auto& [val, factor] : affine.vals)
    add(scaled(val, factor));
  scopes_[depth_of(*sum)].affine_values.emplace(affine, *sum);
  return *sum;
}

std::vector<Affine> Elements::axes_of(const Index& index, const Shape& shape) {
  if (!index.axes.empty() || shape.empty()) return index.axes;
  std::vector<Affine> axes(shape.size());
  Affine rest = index.flat;
  size_t first = 0;
  while (first + 1 < shape.size() && shape[first].is_constant(1))
    ++first;
  for (size_t k = shape.size(); k-- > first;) {
    if (shape[k].is_constant(1)) continue;
    if (k == first) {
      axes[k] = rest;
      break;
    }
    if (rest == Affine{}) continue;
    Val dividend = value_of(rest);
    // A symbolic size may be 0 where the loops around don't run: the division stays inside them.
    bool positive = shape[k].is_constant() && shape[k].constant() > 0;
    int depth = positive ? depth_of(dividend) : this->depth();
    auto [it, fresh] = scopes_[depth].quotients.emplace(std::pair{rest, shape[k]}, Val{});
    if (fresh) {
      Value value{};
      value.kind = Value::Kind::quotient;
      value.dtype = DType::i64;
      value.operands = {dividend};
      value.dim = shape[k];
      it->second = create(std::move(value), depth);
    }
    Affine quotient = Affine::of(it->second);
    axes[k] = rest + quotient * (shape[k] * Dim(-1));
    rest = quotient;
  }
  return axes;
}

// True if the affine index provably lies in [0, bound) whenever its loops run.
bool Elements::in_range(const Affine& index, const Dim& bound) const {
  auto never_negative = [](const Dim& dim) {
    return std::all_of(dim.terms().begin(), dim.terms().end(),
                       [](const Dim::Term& term) { return term.coefficient >= 0; });
  };
  if (!index.vals.empty() || !never_negative(index.offset)) return false;
  Dim largest = index.offset;
  for (const auto& [var, factor] : index.vars) {
    if (!never_negative(factor)) return false;
    largest = largest + factor * (program_.vars[var.value].extent - Dim(1));
  }
  // A sum of sizes (>= 0) minus the constant must not be negative.
  return never_negative(bound - Dim(1) - largest);
}

// A check may not move out of a loop that might not run: it stands in the innermost block.
Affine Elements::checked(Affine index, const Dim& bound) {
  if (in_range(index, bound)) return index;
  Val value = value_of(index);
  if (depth_of(value) < depth()) {
    Value copy{};
    copy.kind = Value::Kind::element;
    copy.dtype = DType::i64;
    copy.op = Op::cast;
    copy.operands = {value};
    value = create(std::move(copy), depth());
  }
  append({IndexCheck{value, bound}});
  return Affine::of(value);
}

Affine Elements::checked_index(ValueId index_value, IndexId at, const Dim& bound) {
  element(index_value, at);
  Element& known = *find(index_value, graph_.type(index_value).rank() == 0 ? kScalarIndex : at);
  return checked(known.affine ? *known.affine : Affine::of(val(known)), bound);
}

void Elements::leave_rows(size_t statement) { rows_statement_[stage_] = statement; }

// A row's scalar of an earlier stage: stored there for this row, loaded here.
void Elements::make_from_other_stage(ValueId value) {
  auto it = row_values_.find(value);
  TW_CHECK(it != row_values_.end(), "%{} has not been computed", value.value);
  RowValue& known = it->second;
  if (!known.kept.valid()) {
    known.kept = memory_
                     .temporary("kept" + std::to_string(value.value), graph_.type(value), true,
                                graph_.origin(value))
                     .buffer;
    Rows& rows = std::get<Rows>(scopes_[0].block[rows_statement_.at(known.stage)].is);
    rows.body.push_back({Store{address_of(known.kept, {}), known.val}});
  }
  Val loaded = load(known.kept, {});
  know(value, kScalarIndex, {loaded, std::nullopt}, 1);
}

BufferId Elements::constant_buffer(ValueId table) {
  auto [it, fresh] = tables_.emplace(table, BufferId{});
  if (fresh) {
    const Node& node = graph_.node(table);
    it->second = BufferId{static_cast<uint32_t>(program_.buffers.size())};
    program_.buffers.push_back({"table" + std::to_string(table.value), node.type.dtype,
                                node.type.shape, Buffer::Role::constant, false, -1,
                                node.attr.ints});
  }
  return it->second;
}

} // namespace thalweg::loops
