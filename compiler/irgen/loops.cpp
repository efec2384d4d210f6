// Loops: bodies elaborated once, with placeholders for the variables that they assign.
#include "irgen/elaborator.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

std::optional<ValueId> Elaborator::rounds(const Expr& e, std::string_view what) {
  Value v = scalar(e);
  if (!v.is_tensor()) return std::nullopt;
  if (std::optional<double> known = scalar_constant(u_.graph, v.id);
      known && b_.type(v.id).dtype != DType::i64) {
    error(DiagKind::wrong_kind, e.span,
          fmt::format("{} is an integer; '{}' is a number", what, source_text(e)));
    return std::nullopt;
  }
  return b_.cast(v.id, DType::i64);
}

bool Elaborator::for_loop(const ForStmt& n, Span span) {
  Value range = expr(*n.range);
  if (range.is_poison()) return false;
  const Range* written = n.range->as<Range>();
  if (range.kind != Value::Kind::range || !range.low.valid() || !range.high.valid() || !written) {
    error(DiagKind::wrong_kind, n.range->span,
          fmt::format("'for' counts through a range; '{}' is none", source_text(*n.range)))
        .help("write 'for i in 0..n'");
    return false;
  }
  for (auto [end, e] : {std::pair{&range.low, written->low}, {&range.high, written->high}}) {
    // A hyperparameter is a number by its kind, and counts here: cut to an integer.
    if (u_.graph.node(*end).op == Op::arg) *end = b_.cast(*end, DType::i64);
    if (b_.type(*end).dtype != DType::i64) {
      error(DiagKind::wrong_kind, e->span,
            fmt::format("a range counts in integers; '{}' is {}", source_text(*e), type_text(*end)))
          .help("as many rounds as a number says: repeat COUNT { … }");
      return false;
    }
  }
  ValueId high = range.high;
  if (written->inclusive) high = b_.add(high, b_.integer(1));
  ValueId count = b_.sub(high, range.low);
  auto bind_index = [&](ValueId round) {
    ValueId at = n.reversed ? b_.sub(b_.sub(high, b_.integer(1)), round) : b_.add(range.low, round);
    bind(u_.program.symbol_of(n.index), Value::tensor(at));
  };
  return loop({count, nullptr, bind_index, &n.body, span});
}

ValueId Elaborator::fit(ValueId id, const Type& type) {
  if (b_.type(id).dtype != type.dtype) {
    const Node& node = u_.graph.node(id);
    id = node.op == Op::constant ? b_.constant(constant_value(node), type.dtype)
                                 : b_.cast(id, type.dtype);
  }
  std::vector<int64_t> axes;
  size_t rank = b_.type(id).rank();
  for (size_t k = 0; k < rank; ++k)
    axes.push_back(static_cast<int64_t>(type.rank() - rank + k));
  return b_.broadcast(id, type.shape, axes);
}

// The state's type takes in that of its value after a round: integers become real, numbers fill
// shapes. False after a message.
bool Elaborator::widen(Carried& state, ValueId next, bool& changed) {
  const Type found = b_.type(next);
  if (!state.type) {
    state.type = found;
    changed = true;
    return true;
  }
  Type wide = *state.type;
  if (found.dtype != wide.dtype) {
    if (found.dtype == DType::boolean || wide.dtype == DType::boolean) {
      error(DiagKind::loop_shape, state.span,
            fmt::format("'{}' is {} before a round and {} after it", state.text,
                        kind_text(wide.dtype), kind_text(found.dtype)));
      return false;
    }
    bool f32 = found.dtype == DType::f32 || wide.dtype == DType::f32;
    wide.dtype = f32 ? DType::f32 : DType::f64;
  }
  if (wide.shape.empty()) wide.shape = found.shape;
  if (is_real(wide.dtype) && wide.rank() > 0) wide.dtype = u_.precision;
  if (!found.shape.empty() && found.shape != wide.shape) {
    Diagnostic& d = error(DiagKind::loop_shape, state.span,
                          fmt::format("'{}' is {} before a round and {} after it", state.text,
                                      shape_str(wide.shape), shape_str(found.shape)));
    d.note("what a loop carries from round to round keeps its shape");
    explain_dims(d, wide.shape, found.shape);
    return false;
  }
  changed = changed || !(wide == *state.type);
  state.type = wide;
  return true;
}

static Span assignment_of(const Block& body, const sema::Program& program, uint32_t name) {
  for (const Stmt* s : body) {
    Span found;
    if (const auto* n = s->as<AssignStmt>(); n && program.symbol_of(n->name).value == name)
      return n->name.span;
    if (const auto* n = s->as<ForStmt>()) found = assignment_of(n->body, program, name);
    if (const auto* n = s->as<WhileStmt>()) found = assignment_of(n->body, program, name);
    if (const auto* n = s->as<RepeatStmt>()) found = assignment_of(n->body, program, name);
    if (const auto* n = s->as<IfStmt>()) {
      for (const IfStmtArm& arm : n->arms)
        if (!found.valid()) found = assignment_of(arm.body, program, name);
      if (!found.valid()) found = assignment_of(n->otherwise, program, name);
    }
    if (found.valid()) return found;
  }
  return {};
}

bool Elaborator::loop(const Loop& loop) {
  Names names;
  assigned(*loop.body, names);
  std::vector<Carried> carried;
  bool leaves =
      std::any_of(loop.body->begin(), loop.body->end(), [](const Stmt* s) { return returns(*s); });
  if (leaves) {
    env_.emplace(kReturned, Value::tensor(b_.constant(0, DType::boolean)));
    names.insert(names.end(), {kReturned, kResult});
  }
  for (uint32_t name : names) {
    Span span = assignment_of(*loop.body, u_.program, name);
    std::string text = span.valid() ? std::string(u_.sources.text(span)) : "the result";
    if (!span.valid()) span = loop.span;
    auto known = env_.find(name);
    if (known == env_.end())
      carried.push_back({name, {}, {}, span, text});
    else if (known->second.kind == Value::Kind::ring)
      return !not_lowered(span, "a ring that a loop changes").is_poison();
    else if (known->second.is_tensor())
      carried.push_back({name, known->second.id, b_.type(known->second.id), span, text});
  }
  const std::unordered_map<uint32_t, Value> before = env_;
  auto round = [&](ValueId number, const std::vector<ValueId>& now) -> Round {
    const Round failed{{}, {}, false};
    env_ = before;
    for (size_t k = 0; k < carried.size(); ++k)
      if (now[k].valid()) env_[carried[k].name] = Value::tensor(now[k]);
    if (loop.bind) loop.bind(number);
    Value more = Value::tensor(b_.constant(1, DType::boolean));
    if (loop.condition) more = condition(*loop.condition);
    if (!more.is_tensor()) return failed;
    if (!b_.type(more.id).is_scalar()) {
      error(DiagKind::wrong_kind, loop.condition->span,
            fmt::format("a loop goes on while a single truth value holds; '{}' is {}",
                        source_text(*loop.condition), type_text(more.id)))
          .help("reduce it: any(…), norm(…) > …");
      return failed;
    }
    if (leaves) {
      ValueId going = b_.make(Op::logical_not, {env_.at(kReturned).id});
      more.id = loop.condition ? both(going, more.id) : going;
    }
    if (!statements(*loop.body)) return failed;
    Round made{more.id, {}, true};
    for (const Carried& state : carried) {
      auto found = env_.find(state.name);
      if (found == env_.end() || !found->second.is_tensor()) return failed;
      made.next.push_back(found->second.id);
    }
    return made;
  };
  std::optional<std::vector<ValueId>> left = repeated(loop.limit, carried, round, loop.span);
  env_ = before;
  if (!left) return false;
  for (size_t k = 0; k < carried.size(); ++k)
    env_[carried[k].name] = Value::tensor((*left)[k]);
  return true;
}

std::optional<std::vector<ValueId>> Elaborator::repeated(ValueId limit,
                                                         std::vector<Carried> carried,
                                                         const MakeRound& make, Span span) {
  const int64_t first_site = next_site_;
  const size_t first_check = checks.size();
  const Type integer = Type::scalar(DType::i64);
  const uint32_t mark = regions_.mark();
  ++loops_;
  auto failed = [&]() -> std::optional<std::vector<ValueId>> {
    --loops_;
    checks.resize(first_check);
    return std::nullopt;
  };
  while (true) {
    next_site_ = first_site;
    checks.resize(first_check);
    std::vector<ValueId> states{regions_.placeholder(integer)}, now;
    for (const Carried& state : carried) {
      now.push_back(state.type ? regions_.placeholder(*state.type) : ValueId{});
      if (state.type) states.push_back(now.back());
    }
    const size_t errors = u_.diags.error_count();
    Diagnostics untold = u_.diags;
    Round round = make(states[0], now);
    if (!round.fine && round.next.size() != carried.size()) return failed();
    bool changed = false;
    std::vector<ValueId> next{b_.add(states[0], b_.integer(1))};
    for (size_t k = 0; k < carried.size(); ++k) {
      if (!widen(carried[k], round.next[k], changed)) return failed();
      next.push_back(round.next[k]);
    }
    if (!round.fine && (!changed || u_.diags.error_count() == errors)) return failed();
    if (changed) {
      u_.diags = std::move(untold);
      continue;
    }
    std::vector<ValueId> operands{limit, b_.integer(0)};
    for (size_t k = 0; k < carried.size(); ++k) {
      next[k + 1] = fit(next[k + 1], *carried[k].type);
      operands.push_back(carried[k].start.valid() ? fit(carried[k].start, *carried[k].type)
                                                  : b_.full(0, *carried[k].type));
    }
    // What ends the step is kept, with the numbers of its text, and decided after the loop.
    ValueId ended;
    const std::vector<size_t> inside = checks_inside(first_check, states, mark);
    if (!inside.empty()) {
      states.push_back(regions_.placeholder(integer));
      ValueId none = b_.make(Op::eq, {states.back(), b_.integer(0)});
      round.more = round.more.valid() ? both(none, round.more) : none;
      operands.push_back(b_.integer(0));
      ValueId which = b_.integer(0);
      for (size_t k = inside.size(); k-- > 0;) {
        const PendingCheck& check = checks[inside[k]];
        which = b_.select(both(check.within, check.condition),
                          b_.integer(static_cast<int64_t>(k) + 1), which);
      }
      next.push_back(which);
      for (size_t k : inside)
        for (ValueId hole : checks[k].holes) {
          states.push_back(regions_.placeholder(b_.type(hole)));
          operands.push_back(b_.full(0, b_.type(hole)));
          next.push_back(hole);
        }
    }
    if (!round.more.valid()) round.more = b_.constant(1, DType::boolean);
    Regions::Closed closed = regions_.close({{round.more}, next}, states, mark, true);
    if (closed.across.valid()) {
      not_lowered(u_.graph.origin(closed.across), "'all' of what changes in a loop");
      return failed();
    }
    operands.insert(operands.end(), closed.captures.begin(), closed.captures.end());
    Attr attr;
    attr.ints = {static_cast<int64_t>(states.size())};
    attr.lambdas = closed.lambdas;
    Span outer = b_.origin();
    b_.set_origin(span);
    ValueId tuple = b_.make(Op::while_loop, std::move(operands), std::move(attr));
    b_.set_origin(outer);
    std::vector<ValueId> left;
    for (size_t k = 0; k < carried.size(); ++k)
      left.push_back(b_.get(tuple, static_cast<int64_t>(k) + 1));
    --loops_;
    auto at = static_cast<int64_t>(carried.size()) + 1;
    if (!inside.empty()) ended = b_.get(tuple, at++);
    for (size_t k = 0; k < inside.size(); ++k) {
      PendingCheck& check = checks[inside[k]];
      check.condition = b_.make(Op::eq, {ended, b_.integer(static_cast<int64_t>(k) + 1)});
      check.within = path_condition();
      for (ValueId& hole : check.holes)
        hole = b_.get(tuple, at++);
    }
    return left;
  }
}

std::vector<size_t> Elaborator::checks_inside(size_t first, const std::vector<ValueId>& states,
                                              uint32_t mark) const {
  std::vector<size_t> inside;
  for (size_t k = first; k < checks.size(); ++k) {
    std::vector<ValueId> values = checks[k].holes;
    values.push_back(checks[k].condition);
    if (checks[k].within.valid() && checks[k].kind != PendingCheck::Kind::require)
      values.push_back(checks[k].within);
    bool changes = regions_.runs_alone(values, mark);
    for (ValueId id : reachable(u_.graph, values))
      changes = changes || std::find(states.begin(), states.end(), id) != states.end();
    if (changes) inside.push_back(k);
  }
  return inside;
}

} // namespace thalweg::irgen
