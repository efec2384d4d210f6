// Tokens of Thalweg. White space only separates; words that are keywords in some places stay names elsewhere.
lexer grammar ThalwegLexer;

// Reserved everywhere.
ALL: 'all';
AND: 'and';
ELSE: 'else';
IF: 'if';
IN: 'in' | '∈';
LIKE: 'like';
MOD: 'mod';
NOT: 'not';
OR: 'or';
THEN: 'then';

// Keywords where they can stand, names elsewhere (parser rule `ident` lists them all).
ANSWER: 'answer';
AS: 'as';
BATCH: 'batch';
BY: 'by';
CHECKPOINT: 'checkpoint';
CONCAVE: 'concave';
CONVEX: 'convex';
DATA: 'data';
DECREASING: 'decreasing';
DONE: 'done';
EPOCHS: 'epochs';
EVERY: 'every';
EXPERIMENT: 'experiment';
FAIL: 'fail';
FLOW: 'flow';
FOR: 'for';
FUNCTION: 'function';
GIVEN: 'given';
GRAD: 'grad';
HESS: 'hess';
HOLDOUT: 'holdout';
INCREASING: 'increasing';
LET: 'let';
MATRIX: 'matrix';
MAX: 'max';
MAXIMIZE: 'maximize';
METRIC: 'metric';
MINIMIZE: 'minimize';
NEW: 'new';
OF: 'of';
ON: 'on';
OPTIMIZER: 'optimizer';
ORDER: 'order';
PARAM: 'param';
PRECISION: 'precision';
PROBLEM: 'problem';
PROJECT: 'project';
PROX: 'prox';
RECORD: 'record';
REPEAT: 'repeat';
REPORT: 'report';
REQUIRE: 'require';
RETURN: 'return';
ROLE: 'role';
SCHEDULE: 'schedule';
SEARCH: 'search';
SEED: 'seed';
SET: 'set';
SMOOTH: 'smooth';
STATE: 'state';
STEP: 'step';
STEPS: 'steps';
SUBJECT: 'subject';
TENSOR: 'tensor';
TO: 'to';
TRANSFORM: 'transform';
UNTIL: 'until';
USE: 'use';
USING: 'using';
VAR: 'var';
VECTOR: 'vector';
WHEN: 'when';
WHILE: 'while';

// `sum[` opens an index reduction: with its bracket it can't be mistaken for the function or a name.
REDUCE_OPEN: ('sum' | 'prod' | 'mean' | 'min' | 'max') [ \t]* '[';
TENSOR_OPEN: 'tensor' [ \t]* '[';

// Letters of any script, but no superscript or modifier letters (ᵀ is an operator).
ID: ID_START ID_PART*;
fragment ID_START: [\p{Lu}\p{Ll}\p{Lt}\p{Lo}_] | MODIFIER_LETTER;
fragment ID_PART: ID_START | [\p{Mn}\p{Mc}\p{Nd}] | SUBSCRIPT;
// Subscript digits and letters.
fragment SUBSCRIPT: [\u2080-\u2089\u2090-\u209C\u1D62-\u1D6A];
// Modifier letters that ordinary words of some scripts contain (々, ー, ๆ …).
fragment MODIFIER_LETTER: [\u0640\u0E46\u0EC6\u17D7\u3005\u3031-\u3035\u303B\u309D\u309E\u30FC-\u30FE];

NUMBER: [0-9]+ ('.' [0-9]+)? ([eE] [+-]? [0-9]+)?;
STRING: '"' ('\\' ~[\r\n] | ~["\\\r\n])* '"';
OPEN_STRING: '"' ('\\' ~[\r\n] | ~["\\\r\n])*;

LPAREN: '(';
RPAREN: ')';
LBRACK: '[';
RBRACK: ']';
LBRACE: '{';
RBRACE: '}';

DOT: '.';
RANGE: '..';
RANGE_EQ: '..=';
COMMA: ',';
COLON: ':';
SEMI: ';';
PIPE: '|>';
TILDE: '~';
ASSIGN: '=';
EQ: '==';
NE: '!=' | '≠';
LE: '<=' | '≤';
LT: '<';
GE: '>=' | '≥';
GT: '>';
PLUS: '+';
MINUS: '-';
STAR: '*' | '⊙';
SLASH: '/';
AT: '@';
CARET: '^';
SUPERSCRIPT: [⁺⁻]? [⁰¹²³⁴⁵⁶⁷⁸⁹]+;
SQRT: '√';
NABLA: '∇';
NABLA2: '∇²';
BAR: '‖';
BAR1: '‖₁';
BAR2: '‖₂';
PRIME: '\'' | '′';
TRANSPOSE: 'ᵀ';
INFTY: '∞';

DOC: '##' ~[\r\n]* -> channel(HIDDEN);
COMMENT: '#' ~[\r\n]* -> channel(HIDDEN);
SPACE: [ \t\r\n]+ -> skip;
STRAY: .;
