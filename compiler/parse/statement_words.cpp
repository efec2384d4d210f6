// statement_words: the table.
#include "parse/statement_words.h"

#include <algorithm>

#include "token_types.h"

namespace thalweg {
namespace {

const std::vector<BlockWords>& block_words() {
  using namespace tok;
  static const std::vector<BlockWords> table = {
      {PROBLEM,
       "a problem",
       {DATA, PARAM, LET, MINIMIZE, MAXIMIZE, SUBJECT, METRIC, REQUIRE, tok::FUNCTION},
       {"data", "param", "let", "minimize", "maximize", "subject", "metric", "require",
        "function"}},
      {OPTIMIZER,
       "an optimizer",
       {STATE, LET, REPORT, REQUIRE, FAIL, DONE, ANSWER, tok::FUNCTION},
       {"state", "let", "report", "require", "fail", "done", "answer", "function"}},
      {TRANSFORM,
       "a transform",
       {STATE, LET, REPORT, REQUIRE, FAIL, DONE, STEP, tok::FUNCTION},
       {"state", "let", "report", "require", "fail", "done", "step", "function"}},
      {SCHEDULE,
       "a schedule",
       {STATE, LET, RETURN, REQUIRE, FAIL, tok::FUNCTION},
       {"state", "let", "return", "require", "fail", "function"}},
      {tok::FUNCTION,
       "a function",
       {LET, VAR, FOR, WHILE, REPEAT, IF, RETURN, REQUIRE, FAIL, tok::FUNCTION},
       {"let", "var", "for", "while", "repeat", "if", "return", "require", "fail", "function"}},
      {FLOW, "a flow", {LET}, {"let"}},
      {EXPERIMENT,
       "an experiment",
       {MINIMIZE, GIVEN, USING, HOLDOUT, BATCH, ORDER, STEPS, EPOCHS, UNTIL, RECORD, CHECKPOINT,
        SEARCH, PRECISION, SEED},
       {"minimize", "given", "using", "holdout", "batch", "order", "steps", "epochs", "until",
        "record", "checkpoint", "search", "precision", "seed"}},
      {0,
       "a file",
       {PROBLEM, OPTIMIZER, TRANSFORM, SCHEDULE, tok::FUNCTION, SET, FLOW, EXPERIMENT, USE},
       {"problem", "optimizer", "transform", "schedule", "function", "set", "flow", "experiment",
        "use"}},
  };
  return table;
}

} // namespace

const BlockWords* words_of(uint16_t block) {
  for (const BlockWords& b : block_words())
    if (b.block == block) return &b;
  return nullptr;
}

bool block_has_statement(uint16_t block, uint16_t word) {
  const BlockWords* known = words_of(block);
  if (!known) return true;
  return std::find(known->types.begin(), known->types.end(), word) != known->types.end();
}

} // namespace thalweg
