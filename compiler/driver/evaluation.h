// A problem with a value for everything it names, for commands that evaluate without a run: sizes,
// hyperparameters, data and params as tensors of the interpreter.
#pragma once

#include "driver/bound_call.h"
#include "driver/data.h"
#include "driver/values_text.h"
#include "ir/interp.h"
#include "irgen/problem.h"
#include "thalweg/random.h"

namespace thalweg::driver {

using HyperValues = std::vector<std::pair<std::string, double>>;

struct Evaluation {
  Bindings sizes;
  std::vector<Tensor> inputs; // one per parameter of the problem's objective
};

// What the command line and an experiment give for a problem.
struct Given {
  HyperValues hypers;                // one per hyperparameter of the problem
  std::vector<std::string> set;      // those given by --set: no value may contradict them
  std::vector<GivenValue> values;    // of params and data
  const ProblemData* data = nullptr; // for data that `values` lack; its training part
  uint64_t seed = 0;                 // of random initial values
};

// Sizes follow from the values given, then from --set, then from the defaults of hyperparameters;
// params that are not given take their initial values. Nothing after messages.
std::optional<Evaluation> assemble(Front& front, const Graph& graph,
                                   const irgen::ProblemUnit& problem, const Given& given);

// The hyperparameters that are numbers, in the order of the objective's parameters.
std::vector<Tensor> numeric_hypers(const irgen::ProblemUnit& problem, const HyperValues& values);

// The initial value of parameter k. Nothing after a message.
std::optional<Tensor> initial_parameter(Front& front, const Graph& graph,
                                        const irgen::ProblemUnit& problem, size_t k,
                                        const std::vector<Tensor>& numbers, const Bindings& sizes,
                                        uint64_t seed);

Tensor integer_tensor(int64_t value);

// Copies memory of that shape.
Tensor tensor_from(const void* memory, DType dtype, std::vector<int64_t> shape);

// "require … does not hold", "index out of range", …: a failed evaluation as a message.
void report_failure(Front& front, const Function& function, const Failure& failure,
                    const std::string& what);

// Functions of a problem's parameters at given values: compiled, or interpreted where a construct
// is not compiled yet (the arithmetic is the same).
class Evaluator {
public:
  Evaluator(Front& front, Graph& graph, const PipelineOptions& options, const Evaluation& at)
      : front_(front), at_(at), pipeline_(graph, refused_, options) {}
  // Nothing after messages, or when --stop-after ended it.
  std::optional<std::vector<Tensor>> run(const Function& function);
  Pipeline& pipeline() { return pipeline_; }

private:
  std::optional<std::vector<Tensor>> compiled(const CompiledFunction& code, bool& failed);
  Front& front_;
  const Evaluation& at_;
  Diagnostics refused_; // why something was interpreted
  Pipeline pipeline_;
};

} // namespace thalweg::driver
