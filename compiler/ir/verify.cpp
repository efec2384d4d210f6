// The verifier (see verify.h).
#include "ir/verify.h"

#include "ir/print.h"
#include "ir/shape_rules.h"
#include "ir/varying.h"
#include "support/check.h"

#include <algorithm>
#include <map>
#include <set>

namespace thalweg {
namespace {

class Verifier {
public:
  Verifier(const Graph& graph, const Function& function) : graph_(graph), function_(function) {}

  std::vector<std::string> run() {
    std::vector<ValueId> roots = roots_of(function_);
    std::vector<Type> parameters;
    for (const Parameter& parameter : function_.parameters)
      parameters.push_back(parameter.type);
    check_body(roots, parameters, "the function", function_.over_table);
    for (size_t next = 0; next < lambda_list_.size(); ++next) {
      const Lambda& lambda = graph_.lambda(lambda_list_[next]);
      check_body(lambda.results, lambda.parameters,
                 fmt::format("lambda @{}", lambda_list_[next].value), false);
    }
    if (printable_) check_depth();
    if (problems_.empty()) check_interface(); // needs a sound graph
    return std::move(problems_);
  }
  bool printable() const { return printable_; } // all ids are good, so that print is safe

private:
  void problem(std::string text) {
    if (problems_.size() < kMaxProblems) problems_.push_back(std::move(text));
  }

  void broken(std::string text) {
    printable_ = false;
    problem(std::move(text));
  }

  // Values of one body; ids are not trusted. Lambdas met are put on the list.
  void check_body(std::span<const ValueId> roots, const std::vector<Type>& parameters,
                  const std::string& body, bool may_fold_across) {
    std::set<ValueId> seen;
    std::vector<ValueId> open;
    auto enter = [&](ValueId id, const std::string& user) {
      if (!id.valid() || id.value >= graph_.size())
        broken(fmt::format("{}: {} uses a value that does not exist", body, user));
      else if (seen.insert(id).second)
        open.push_back(id);
    };
    for (ValueId root : roots)
      enter(root, "the return");
    std::set<LambdaId> used;
    while (!open.empty()) {
      ValueId id = open.back();
      open.pop_back();
      const Node& node = graph_.node(id);
      bool sound = true;
      for (ValueId operand : node.operands) {
        enter(operand, print_value(graph_, id));
        if (operand.valid() && operand.value < id.value) continue;
        sound = false;
        broken(
            fmt::format("{}: an operand does not stand before {}", body, print_value(graph_, id)));
      }
      for (LambdaId lambda : node.attr.lambdas) {
        if (!lambda.valid() || lambda.value >= graph_.lambda_count()) {
          sound = false;
          broken(fmt::format("{}: no lambda for {}", body, print_value(graph_, id)));
          continue;
        }
        used.insert(lambda);
        if (known_lambdas_.insert(lambda).second) lambda_list_.push_back(lambda);
      }
      if (sound) check_value(id, parameters, body, may_fold_across);
    }
    lambdas_of_body_.push_back(std::move(used));
  }

  bool lambdas_sound(const Node& node) const {
    for (LambdaId id : node.attr.lambdas)
      for (ValueId result : graph_.lambda(id).results)
        if (!result.valid() || result.value >= graph_.size()) return false;
    return true;
  }

  void check_value(ValueId id, const std::vector<Type>& parameters, const std::string& body,
                   bool may_fold_across) {
    const Node& node = graph_.node(id);
    if (!lambdas_sound(node)) return; // told when the lambda itself is looked at
    Inferred inferred = infer_type(graph_, node);
    if (!inferred.ok())
      return problem(fmt::format("{}: {}: {}", body, print_value(graph_, id), inferred.problem));
    if (!(inferred.type == node.type))
      problem(fmt::format("{}: {}: its type must be {}", body, print_value(graph_, id),
                          inferred.type.str()));
    if (node.op == Op::arg) {
      size_t index = static_cast<size_t>(node.attr.ints[0]);
      if (index >= parameters.size())
        problem(fmt::format("{} has no parameter for {}", body, print_value(graph_, id)));
      else if (!(parameters[index] == node.type))
        problem(fmt::format("{}: parameter {} is {}, read as {}", body, index,
                            parameters[index].str(), node.type.str()));
    }
    if (is_across(node.op) && !may_fold_across)
      problem(fmt::format("{}: no table to fold across in {}", body, print_value(graph_, id)));
  }

  // Bodies refer to older lambdas only, so depths can be counted in the order of ids.
  void check_depth() {
    std::map<LambdaId, int> depth;
    std::vector<std::pair<LambdaId, const std::set<LambdaId>*>> bodies;
    for (size_t k = 0; k < lambda_list_.size(); ++k)
      bodies.emplace_back(lambda_list_[k], &lambdas_of_body_[k + 1]);
    std::sort(bodies.begin(), bodies.end());
    for (const auto& [id, used] : bodies) {
      int deepest = 0;
      for (LambdaId inner : *used) {
        if (!(inner < id))
          return broken(
              fmt::format("lambda @{} uses @{}, which is not older", id.value, inner.value));
        deepest = std::max(deepest, depth[inner]);
      }
      depth[id] = deepest + 1;
      if (depth[id] > kMaxLambdaDepth)
        return broken(fmt::format("lambdas are nested more than {} deep", kMaxLambdaDepth));
    }
  }

  void check_interface() {
    for (const Parameter& parameter : function_.parameters) {
      if (parameter.type.is_tuple) problem("parameter " + parameter.name + " is a tuple");
      if (parameter.per_tensor && !function_.over_table)
        problem("parameter " + parameter.name + " is per tensor without a table");
      if (!parameter.per_tensor && mentions_tensor(parameter.type.shape))
        problem("shared parameter " + parameter.name + " has a size of one tensor");
    }
    if (!function_.over_table && !function_.tensor_symbols.empty())
      problem("sizes of a tensor without a table");
    for (const Check& check : function_.checks)
      if (!(graph_.type(check.condition) == Type::scalar(DType::boolean)))
        problem("the condition of a check must be a boolean scalar, not " +
                print_value(graph_, check.condition));
    std::vector<bool> varies = varies_by_tensor(graph_, function_);
    std::set<int> updated;
    for (const Result& result : function_.results) {
      const Type& type = graph_.type(result.value);
      if (type.is_tuple) problem("result " + result.name + " is a tuple");
      if (result.per_tensor && !function_.over_table)
        problem("result " + result.name + " is per tensor without a table");
      if (!result.per_tensor && varies[result.value.value])
        problem("result " + result.name + " is shared, but depends on the tensor at hand");
      if (result.updates < 0) continue;
      if (result.updates >= static_cast<int>(function_.parameters.size())) {
        problem("result " + result.name + " updates no parameter");
        continue;
      }
      const Parameter& target = function_.parameters[static_cast<size_t>(result.updates)];
      if (!(target.type == type) || target.per_tensor != result.per_tensor)
        problem(fmt::format("result {} of {} cannot update {} of {}", result.name, type.str(),
                            target.name, target.type.str()));
      if (!updated.insert(result.updates).second)
        problem("parameter " + target.name + " is updated twice");
    }
  }

  bool mentions_tensor(const Shape& shape) const {
    std::vector<std::string> names;
    for (const Dim& dim : shape)
      dim.collect_symbols(names);
    const std::vector<std::string>& own = function_.tensor_symbols;
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::find(own.begin(), own.end(), name) != own.end();
    });
  }

  static constexpr size_t kMaxProblems = 20;
  const Graph& graph_;
  const Function& function_;
  std::vector<std::string> problems_;
  bool printable_ = true;
  std::vector<LambdaId> lambda_list_; // all met, in the order of meeting
  std::set<LambdaId> known_lambdas_;
  std::vector<std::set<LambdaId>> lambdas_of_body_; // of the function, then of lambda_list_
};

} // namespace

std::vector<std::string> verify(const Graph& graph, const Function& function) {
  return Verifier(graph, function).run();
}

void verify_or_die(const Graph& graph, const Function& function, const char* pass_name) {
  Verifier verifier(graph, function);
  std::vector<std::string> problems = verifier.run();
  if (problems.empty()) return;
  std::string text = fmt::format("after pass {}, function {}:", pass_name, function.name);
  for (const std::string& problem : problems)
    text.append("\n  ").append(problem);
  if (verifier.printable()) text += "\n" + print(graph, function);
  TW_CHECK(problems.empty(), "{}", text);
}

} // namespace thalweg
