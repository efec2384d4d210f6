// tree: feeds our tokens to the generated parser and stops at its first error.
#include "parse/tree.h"

#include "ThalwegLexer.h"
#include "support/check.h"

namespace thalweg {
namespace {

using grammar::ThalwegParser;

/// Our token in ANTLR's clothes: positions are bytes, the text is read from the source only when
/// asked.
class SourceToken final : public antlr4::CommonToken {
public:
  SourceToken(const thalweg::Token& token, size_t index, std::string_view text)
      : antlr4::CommonToken(token.type == tok::END_OF_FILE ? antlr4::Token::EOF : token.type),
        span(token.span), text_(text) {
    setTokenIndex(index);
    setStartIndex(token.span.begin);
    setStopIndex(token.span.end);
  }
  std::string getText() const override { return std::string(text_); }

  Span span;

private:
  std::string_view text_;
};

struct Stop {}; // thrown to leave the parser at its first error, caught in attempt()

class StopAtFirst final : public antlr4::DefaultErrorStrategy {
public:
  void recover(antlr4::Parser* parser, std::exception_ptr error) override {
    try {
      std::rethrow_exception(error);
    } catch (antlr4::RecognitionException& e) {
      antlr4::Token* start = e.getOffendingToken();
      if (auto* none = dynamic_cast<antlr4::NoViableAltException*>(&e))
        start = none->getStartToken();
      note(parser, e.getOffendingToken(), start == e.getOffendingToken());
    }
    throw Stop{};
  }
  antlr4::Token* recoverInline(antlr4::Parser* parser) override {
    note(parser, parser->getCurrentToken(), true);
    throw Stop{};
  }
  void sync(antlr4::Parser*) override {}
  void reportError(antlr4::Parser*, const antlr4::RecognitionException&) override {}

  ParseFailure failure;

private:
  void note(antlr4::Parser* parser, antlr4::Token* at, bool expected_is_exact) {
    failure = {at->getTokenIndex(), {}};
    if (!expected_is_exact) return;
    antlr4::misc::IntervalSet expected = parser->getExpectedTokens();
    for (const antlr4::misc::Interval& range : expected.getIntervals())
      for (ssize_t type = range.a; type <= range.b; ++type)
        failure.expected.push_back(static_cast<uint16_t>(type)); // EOF is -1, END_OF_FILE 0xffff
  }
};

} // namespace

struct Tree::Machine {
  const SourceManager& sources;
  const std::vector<Token>& tokens;
  std::unique_ptr<antlr4::ListTokenSource> source;
  std::unique_ptr<antlr4::CommonTokenStream> stream;
  std::unique_ptr<ThalwegParser> parser;

  std::vector<std::unique_ptr<antlr4::Token>> dressed() const {
    std::vector<std::unique_ptr<antlr4::Token>> list;
    list.reserve(tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i)
      list.push_back(std::make_unique<SourceToken>(
          tokens[i], i, tokens[i].inserted ? std::string_view() : sources.text(tokens[i].span)));
    return list;
  }
};

Tree::Tree(const SourceManager& sources, const std::vector<Token>& tokens)
    : machine_(new Machine{sources, tokens, nullptr, nullptr, nullptr}) {
  TW_CHECK(!tokens.empty() && tokens.back().type == tok::END_OF_FILE);
  machine_->source = std::make_unique<antlr4::ListTokenSource>(machine_->dressed());
  machine_->stream = std::make_unique<antlr4::CommonTokenStream>(machine_->source.get());
  machine_->parser = std::make_unique<ThalwegParser>(machine_->stream.get());
  machine_->parser->removeErrorListeners();
}

Tree::~Tree() = default;

antlr4::ParserRuleContext* Tree::parse(Entry entry) {
  if (auto* tree = attempt(entry, false)) return tree;
  return attempt(entry, true);
}

antlr4::ParserRuleContext* Tree::attempt(Entry entry, bool exact) {
  ThalwegParser& parser = *machine_->parser;
  machine_->stream->seek(0);
  parser.reset();
  parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
      exact ? antlr4::atn::PredictionMode::LL : antlr4::atn::PredictionMode::SLL);
  auto strategy = std::make_shared<StopAtFirst>();
  parser.setErrorHandler(strategy);
  try {
    switch (entry) {
    case Entry::file: return parser.file();
    case Entry::item: return parser.itemEntry();
    case Entry::block: return parser.blockEntry();
    case Entry::problem: return parser.problemEntry();
    case Entry::routes: return parser.routesEntry();
    case Entry::flow: return parser.flowEntry();
    case Entry::experiment: return parser.experimentEntry();
    case Entry::expression: return parser.exprEntry();
    }
  } catch (const Stop&) {
    failure_ = strategy->failure;
  }
  return nullptr;
}

Span span_of(antlr4::Token* token) { return static_cast<SourceToken*>(token)->span; }

Span span_of(antlr4::ParserRuleContext* context) {
  Span first = span_of(context->getStart());
  antlr4::Token* last = context->getStop();
  return last ? join(first, span_of(last)) : Span{first.file, first.begin, first.begin};
}

} // namespace thalweg
