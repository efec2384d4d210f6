// tree: runs the generated parser over tokens: fast mode first, the exact one only after a failure.
// Included only by the files that turn its tree into ours.
#pragma once

#include <memory>
#include <vector>

#include "ThalwegParser.h"
#include "parse/tokens.h"

namespace thalweg {

/// Where and why the grammar could not go on.
struct ParseFailure {
  size_t token = 0;               // index into the tokens handed in
  std::vector<uint16_t> expected; // what could stand there; empty if not known
};

/// One parsed stretch of tokens. Owns ANTLR's objects; they die with it.
class Tree {
public:
  enum class Entry : uint8_t { file, item, block, problem, routes, flow, experiment, expression };

  /// `tokens` must end with END_OF_FILE and outlive the tree.
  Tree(const SourceManager& sources, const std::vector<Token>& tokens);
  ~Tree();

  /// The tree of the rule, or null; then failure() tells.
  antlr4::ParserRuleContext* parse(Entry entry);
  const ParseFailure& failure() const { return failure_; }

private:
  antlr4::ParserRuleContext* attempt(Entry entry, bool exact);

  struct Machine;
  std::unique_ptr<Machine> machine_;
  ParseFailure failure_;
};

/// The place of a token or a rule in the source.
Span span_of(antlr4::Token* token);
Span span_of(antlr4::ParserRuleContext* context);

} // namespace thalweg
