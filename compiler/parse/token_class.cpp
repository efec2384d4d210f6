// token_class: the tables behind the questions.
#include "parse/token_class.h"

namespace thalweg {

bool is_binary_operator(uint16_t type) {
  switch (type) {
  case tok::AND:
  case tok::OR:
  case tok::IN:
  case tok::MOD:
  case tok::PIPE:
  case tok::RANGE:
  case tok::RANGE_EQ:
  case tok::EQ:
  case tok::NE:
  case tok::LE:
  case tok::LT:
  case tok::GE:
  case tok::GT:
  case tok::PLUS:
  case tok::MINUS:
  case tok::STAR:
  case tok::SLASH:
  case tok::AT:
  case tok::CARET: return true;
  default: return false;
  }
}

bool is_prefix_operator(uint16_t type) {
  switch (type) {
  case tok::ALL:
  case tok::LIKE:
  case tok::NOT:
  case tok::MINUS:
  case tok::SQRT:
  case tok::NABLA:
  case tok::NABLA2: return true;
  default: return false;
  }
}

bool starts_operand(uint16_t type) {
  if (is_name(type) || is_prefix_operator(type) || is_open_paren(type)) return true;
  return type == tok::NUMBER || type == tok::STRING || type == tok::INFTY || type == tok::BAR ||
         type == tok::IF;
}

bool ends_operand(uint16_t type) {
  if (is_name(type) || is_close_paren(type)) return true;
  switch (type) {
  case tok::NUMBER:
  case tok::STRING:
  case tok::INFTY:
  case tok::BAR:
  case tok::BAR1:
  case tok::BAR2:
  case tok::PRIME:
  case tok::TRANSPOSE:
  case tok::SUPERSCRIPT: return true;
  default: return false;
  }
}

bool wants_operand(uint16_t type) {
  return is_binary_operator(type) || is_prefix_operator(type) || is_open_paren(type) ||
         type == tok::COMMA || type == tok::ASSIGN || type == tok::TILDE || type == tok::IF ||
         type == tok::THEN || type == tok::ELSE;
}

bool is_item_word(uint16_t type) {
  switch (type) {
  case tok::PROBLEM:
  case tok::OPTIMIZER:
  case tok::TRANSFORM:
  case tok::SCHEDULE:
  case tok::FUNCTION:
  case tok::SET:
  case tok::FLOW:
  case tok::EXPERIMENT:
  case tok::USE: return true;
  default: return false;
  }
}

bool is_statement_word(uint16_t type) {
  switch (type) {
  case tok::ANSWER:
  case tok::BATCH:
  case tok::CHECKPOINT:
  case tok::CONCAVE:
  case tok::CONVEX:
  case tok::DATA:
  case tok::DONE:
  case tok::EPOCHS:
  case tok::FAIL:
  case tok::FOR:
  case tok::FUNCTION:
  case tok::GIVEN:
  case tok::HOLDOUT:
  case tok::LET:
  case tok::MAXIMIZE:
  case tok::METRIC:
  case tok::MINIMIZE:
  case tok::ORDER:
  case tok::PARAM:
  case tok::PRECISION:
  case tok::PROX:
  case tok::PROJECT:
  case tok::RECORD:
  case tok::REPEAT:
  case tok::REPORT:
  case tok::REQUIRE:
  case tok::RETURN:
  case tok::SEARCH:
  case tok::SEED:
  case tok::STATE:
  case tok::STEP:
  case tok::STEPS:
  case tok::SUBJECT:
  case tok::UNTIL:
  case tok::USING:
  case tok::VAR:
  case tok::WHILE: return true;
  default: return false;
  }
}

bool declares_name(uint16_t type) {
  switch (type) {
  case tok::DATA:
  case tok::FOR:
  case tok::LET:
  case tok::METRIC:
  case tok::PARAM:
  case tok::STATE:
  case tok::VAR: return true;
  default: return is_item_word(type) && type != tok::USE;
  }
}

std::string_view spelling(uint16_t type) {
  switch (type) {
  case tok::LPAREN: return "'('";
  case tok::RPAREN: return "')'";
  case tok::LBRACK: return "'['";
  case tok::RBRACK: return "']'";
  case tok::LBRACE: return "'{'";
  case tok::RBRACE: return "'}'";
  case tok::COMMA: return "','";
  case tok::COLON: return "':'";
  case tok::ASSIGN: return "'='";
  case tok::PRIME: return "\"'\"";
  case tok::BAR: return "'‖'";
  case tok::IN: return "'in'";
  case tok::IF: return "'if'";
  case tok::THEN: return "'then'";
  case tok::ELSE: return "'else'";
  case tok::TENSOR: return "'tensor'";
  case tok::MATRIX: return "'matrix'";
  case tok::VECTOR: return "'vector'";
  case tok::MAX: return "'max'";
  case tok::ON: return "'on'";
  case tok::OF: return "'of'";
  case tok::TO: return "'to'";
  case tok::WHEN: return "'when'";
  case tok::SLASH: return "'/'";
  case tok::STRING: return "a string";
  case tok::NUMBER: return "a number";
  case tok::ID: return "a name";
  case tok::END_OF_FILE: return "the end of the file";
  default: return "";
  }
}

} // namespace thalweg
