// Reads the text form (see read.h, print.h): one pass, a cursor with single-character look-ahead.
#include "ir/read.h"

#include "ir/builder.h"
#include "ir/print.h"
#include "ir/read_cursor.h"
#include "ir/shape_rules.h"
#include "ir/verify.h"
#include "support/check.h"

#include <algorithm>
#include <unordered_map>

namespace thalweg {

std::string ReadError::str() const { return fmt::format("{}:{}: {}", line, column, text); }

namespace {

constexpr size_t kMaxText = size_t{64} << 20, kMaxValues = 1'000'000, kMaxLambdas = 2'000;

class Reader {
public:
  Reader(Graph& graph, std::string_view text) : graph_(graph), cursor_(text) {}

  ReadResult run(size_t length) {
    if (length > kMaxText) cursor_.fail("the text is too long");
    while (cursor_.good() && !cursor_.at_end()) {
      if (cursor_.word("lambda"))
        read_lambda();
      else if (cursor_.word("func"))
        read_function();
      else
        cursor_.fail("expected func or lambda");
    }
    return {std::move(functions_), cursor_.error()};
  }

private:
  void read_lambda() {
    int64_t number = cursor_.labelled('@');
    if (lambdas_.size() >= kMaxLambdas) cursor_.fail("too many lambdas");
    if (lambdas_.count(number)) cursor_.fail("the lambda exists already");
    Lambda lambda;
    cursor_.expect("(");
    while (cursor_.good() && !cursor_.accept(")")) {
      if (!lambda.parameters.empty()) cursor_.expect(",");
      lambda.parameters.push_back(cursor_.type());
    }
    begin_body(lambda.parameters);
    while (cursor_.good() && !cursor_.word("return"))
      read_value();
    for (bool first = true; cursor_.good() && !cursor_.accept("}"); first = false) {
      if (!first) cursor_.expect(",");
      lambda.results.push_back(known_value());
    }
    if (++depth_ > kMaxLambdaDepth) cursor_.fail("lambdas are nested too deep");
    if (!cursor_.good()) return;
    LambdaId id = graph_.add_lambda(std::move(lambda));
    int& depth = lambda_depths_[id.value];
    depth = std::max(depth, depth_);
    lambdas_[number] = id;
  }

  void read_function() {
    Cursor::Mark start = cursor_.mark();
    Function function;
    function.name = cursor_.name();
    cursor_.expect("(");
    std::vector<Type> types;
    while (cursor_.good() && !cursor_.accept(")")) {
      if (!types.empty()) cursor_.expect(",");
      Parameter parameter;
      parameter.name = cursor_.name();
      cursor_.expect(":");
      parameter.per_tensor = cursor_.word("per_tensor");
      parameter.type = cursor_.type();
      types.push_back(parameter.type);
      function.parameters.push_back(std::move(parameter));
    }
    function.over_table = cursor_.word("over_table");
    if (cursor_.word("sizes"))
      for (const Dim& dim : cursor_.dims()) {
        if (!dim.as_symbol())
          cursor_.fail("a size's name was expected");
        else
          function.tensor_symbols.push_back(*dim.as_symbol());
      }
    begin_body(types);
    while (cursor_.good() && !cursor_.word("return")) {
      if (cursor_.word("check"))
        function.checks.push_back(read_check());
      else
        read_value();
    }
    while (cursor_.good() && !cursor_.accept("}")) {
      if (!function.results.empty()) cursor_.expect(",");
      Result result;
      result.name = cursor_.name();
      cursor_.expect("=");
      result.value = known_value();
      result.per_tensor = cursor_.word("per_tensor");
      if (cursor_.word("updates"))
        result.updates = static_cast<int>(cursor_.integer_below(1 << 30));
      function.results.push_back(std::move(result));
    }
    if (!cursor_.good()) return;
    std::vector<std::string> problems = verify(graph_, function);
    if (!problems.empty()) return cursor_.fail_at(start, problems[0]);
    functions_.push_back(std::move(function));
    lambdas_.clear(); // numbers count from the start for each function
  }

  Check read_check() {
    Check check;
    check.condition = known_value();
    cursor_.expect_word("status");
    check.status = static_cast<int>(cursor_.integer_below(1 << 30));
    check.message = cursor_.string();
    if (cursor_.word("at")) {
      std::vector<int64_t> place = cursor_.ints();
      bool fits = place.size() == 3 && std::all_of(place.begin(), place.end(), [](int64_t x) {
                    return x >= 0 && x <= UINT32_MAX;
                  });
      if (!fits)
        cursor_.fail("a place is three numbers");
      else
        check.span = {static_cast<uint32_t>(place[0]), static_cast<uint32_t>(place[1]),
                      static_cast<uint32_t>(place[2])};
    }
    return check;
  }

  void begin_body(std::vector<Type> parameters) {
    cursor_.expect("{");
    parameters_ = std::move(parameters);
    values_.clear();
    depth_ = 0;
  }

  ValueId known_value() {
    int64_t number = cursor_.labelled('%');
    auto it = values_.find(number);
    if (it != values_.end()) return it->second;
    cursor_.fail(fmt::format("no value %{} stands before", number));
    return {};
  }

  LambdaId known_lambda() {
    int64_t number = cursor_.labelled('@');
    auto it = lambdas_.find(number);
    if (it == lambdas_.end()) {
      cursor_.fail(fmt::format("no lambda @{} stands before", number));
      return {};
    }
    depth_ = std::max(depth_, lambda_depths_[it->second.value]);
    return it->second;
  }

  void read_value() {
    Cursor::Mark start = cursor_.mark();
    int64_t number = cursor_.labelled('%');
    if (values_.count(number)) cursor_.fail("the value exists already");
    if (graph_.size() >= kMaxValues) cursor_.fail("too many values");
    cursor_.expect("=");
    std::string op_name = cursor_.name();
    std::optional<Op> op = op_by_name(op_name);
    if (cursor_.good() && !op) cursor_.fail_at(start, "no operator " + op_name);
    if (!cursor_.good()) return;
    Node node{*op, {}, {}, {}};
    while (cursor_.good() && cursor_.next_is('%'))
      node.operands.push_back(known_value());
    read_attr(node);
    cursor_.expect(":");
    node.type = cursor_.type();
    if (!cursor_.good()) return;
    finish_attr(node, start);
    if (!cursor_.good()) return;
    Inferred inferred = infer_type(graph_, node);
    if (!inferred.ok()) return cursor_.fail_at(start, op_name + ": " + inferred.problem);
    if (!(inferred.type == node.type))
      return cursor_.fail_at(start, fmt::format("{}: the type must be {}, not {}", op_name,
                                                inferred.type.str(), node.type.str()));
    if (node.op == Op::arg) {
      size_t index = static_cast<size_t>(node.attr.ints[0]);
      if (index >= parameters_.size() || !(parameters_[index] == node.type))
        return cursor_.fail_at(start, "the body has no such parameter");
    }
    values_[number] =
        graph_.add(node.op, node.type, std::move(node.operands), std::move(node.attr));
  }

  // What print's attr_text wrote; what needs the type waits for finish_attr.
  void read_attr(Node& node) {
    Attr& attr = node.attr;
    auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    auto keyed_int = [&](const char* key) {
      cursor_.expect_word(key);
      attr.ints.push_back(cursor_.integer());
    };
    switch (node.op) {
    case Op::arg:
    case Op::get: attr.ints = {cursor_.integer()}; break;
    case Op::constant: numbers_ = {cursor_.number()}; break;
    case Op::table: numbers_ = cursor_.numbers(); break;
    case Op::dim: attr.dims = cursor_.dims(); break;
    case Op::iota:
    case Op::concat:
    case Op::argmin:
    case Op::argmax: keyed_int("axis"); break;
    case Op::random:
      attr.ints = {cursor_.choice({"normal", "uniform", "rademacher"})};
      keyed_int("site");
      break;
    case Op::broadcast:
    case Op::transpose:
      cursor_.expect_word("axes");
      attr.ints = cursor_.ints();
      break;
    case Op::slice:
      cursor_.expect_word("start");
      attr.dims = cursor_.dims();
      break;
    case Op::pad:
      cursor_.expect_word("before");
      attr.dims = cursor_.dims();
      cursor_.expect_word("after");
      append(attr.dims, cursor_.dims());
      break;
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::reduce_min:
    case Op::reduce_max:
      attr.ints = {cursor_.choice({"lanes", "serial"})};
      cursor_.expect_word("axes");
      append(attr.ints, cursor_.ints());
      break;
    case Op::contract:
      attr.ints = {cursor_.choice({"lanes", "serial"})};
      for (int side = 0; side < 2; ++side) {
        std::vector<int64_t> labels = cursor_.ints();
        attr.ints.push_back(static_cast<int64_t>(labels.size()));
        append(attr.ints, labels);
      }
      cursor_.expect("->");
      append(attr.ints, cursor_.ints());
      break;
    case Op::while_loop:
      keyed_int("states");
      cursor_.expect_word("condition");
      attr.lambdas.push_back(known_lambda());
      cursor_.expect_word("body");
      attr.lambdas.push_back(known_lambda());
      break;
    case Op::if_else:
      cursor_.expect_word("then");
      attr.lambdas.push_back(known_lambda());
      cursor_.expect_word("else");
      attr.lambdas.push_back(known_lambda());
      break;
    case Op::derivative:
      attr.ints = {cursor_.choice({"gradient", "hessian", "product", "jacobian"})};
      cursor_.expect_word("of");
      attr.lambdas.push_back(known_lambda());
      break;
    case Op::oracle:
      attr.name = cursor_.string();
      attr.ints = {
          cursor_.choice({"value", "gradient", "hvp", "hessian", "residuals", "jacobian"})};
      break;
    case Op::inverse_root: keyed_int("root"); break;
    default: break;
    }
  }

  void finish_attr(Node& node, Cursor::Mark start) {
    switch (node.op) {
    case Op::constant:
    case Op::table:
      for (const std::string& number : numbers_) {
        std::optional<int64_t> bits = number_bits(number, node.type.dtype);
        if (!bits) return cursor_.fail_at(start, number + " is no " + dtype_name(node.type.dtype));
        node.attr.ints.push_back(*bits);
      }
      if (node.op == Op::table) node.attr.dims = node.type.shape;
      break;
    case Op::iota:
    case Op::random:
    case Op::broadcast:
    case Op::reshape:
    case Op::scatter_add: node.attr.dims = node.type.shape; break;
    case Op::slice:
      node.attr.dims.insert(node.attr.dims.end(), node.type.shape.begin(), node.type.shape.end());
      break;
    default: break;
    }
  }

  Graph& graph_;
  Cursor cursor_;
  std::vector<Function> functions_;
  std::unordered_map<int64_t, LambdaId> lambdas_;
  std::unordered_map<uint32_t, int> lambda_depths_;
  // of the body being read
  std::vector<Type> parameters_;
  std::unordered_map<int64_t, ValueId> values_;
  std::vector<std::string> numbers_;
  int depth_ = 0; // of the lambdas used so far
};

} // namespace

ReadResult read_functions(Graph& graph, std::string_view text) {
  return Reader(graph, text.size() > kMaxText ? std::string_view() : text).run(text.size());
}

} // namespace thalweg
