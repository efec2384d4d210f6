// Grammar of Thalweg. No actions; each labelled alternative names the syntax-tree node it becomes.
// Statements end where the next begins: no statement starts with an operator or a bracket.
parser grammar ThalwegParser;

options { tokenVocab = ThalwegLexer; }

file: item* EOF;
// Entries for recovery and for expressions inside strings.
itemEntry: item EOF;
blockEntry: block EOF;
problemEntry: problemBody EOF;
routesEntry: routesBody EOF;
flowEntry: flowBody EOF;
experimentEntry: experimentBody EOF;
exprEntry: expr EOF;

item
  : problem SEMI*
  | optimizer SEMI*
  | transform SEMI*
  | schedule SEMI*
  | function SEMI*
  | setDecl SEMI*
  | flow SEMI*
  | experiment SEMI*
  | useDecl SEMI*
  ;

useDecl: USE STRING;

// ── problem ──

problem: PROBLEM ident params? problemBody;
problemBody: LBRACE (problemItem SEMI*)* RBRACE;
problemItem
  : DATA ident (COLON type)?                                  # DataItem
  | PARAM ident (COLON type)? (ROLE role=ident)? (ASSIGN expr)? # ParamItem
  | LET ident ASSIGN expr                                     # LetItem
  | MINIMIZE expr                                             # MinimizeItem
  | MAXIMIZE expr                                             # MaximizeItem
  | SUBJECT TO LBRACE constraints? RBRACE                     # SubjectToItem
  | METRIC ident ASSIGN expr                                  # MetricItem
  | REQUIRE expr                                              # RequireItem
  | function                                                  # FunctionItem
  ;
// A constraint without a name needs a separator before it: only a name shows where it starts.
constraints: constraint (separators constraint | namedConstraint)* separators?;
constraint: (ident COLON)? expr;
namedConstraint: ident COLON expr;
separators: (SEMI | COMMA)+;

// ── rules, functions, sets, flows ──

optimizer: OPTIMIZER ident params? (ON scope=(TENSOR | MATRIX | VECTOR) variable=ident block | routesBody | ASSIGN expr);
routesBody: LBRACE (route SEMI*)* RBRACE;
route: ident (COMMA ident)* COLON expr;
transform: TRANSFORM ident params? ON variable=ident (OF point=ident)? block;
schedule: SCHEDULE ident params? (ASSIGN expr | block);
function: FUNCTION ident params? (ASSIGN expr | block) attached*;
setDecl: SET ident params? OF variable=ident (COLON expr)? attached*;
attached
  : (PROX | PROJECT) LPAREN ident (COMMA ident)* RPAREN ASSIGN expr
  | (CONVEX | CONCAVE) (INCREASING | DECREASING)? (SMOOTH expr)?
  ;
flow: FLOW ident params? flowBody;
flowBody: LBRACE (flowItem SEMI*)* RBRACE;
flowItem
  : LET ident ASSIGN expr                 # FlowLet
  | ident SLASH ident ASSIGN expr         # FlowEquation
  ;

params: LPAREN (param (COMMA param)* COMMA?)? RPAREN;
param: ident (COLON type)? (ASSIGN expr)?;
type
  : LIKE expr
  | ident (LPAREN exprs RPAREN)? (LBRACK exprs? RBRACK)?
  | LBRACK exprs? RBRACK
  ;
exprs: expr (COMMA expr)* COMMA?;

// ── statements ──

block: LBRACE (stmt SEMI*)* RBRACE;
stmt
  : LET ident ASSIGN expr                                     # LetStmt
  | VAR ident ASSIGN expr                                     # VarStmt
  | STATE stateDecl (COMMA stateDecl)*                        # StateStmt
  | ident PRIME ASSIGN expr                                   # PrimeStmt
  | ident (LBRACK indexItem (COMMA indexItem)* RBRACK)? ASSIGN expr # AssignStmt
  | FOR ident IN expr block                                   # ForStmt
  | WHILE expr MAX expr block                                 # WhileStmt
  | REPEAT expr block                                         # RepeatStmt
  | IF expr block (ELSE IF expr block)* (ELSE otherwise=block)? # IfStmt
  | RETURN expr                                               # ReturnStmt
  | REPORT reportItem (COMMA reportItem)*                     # ReportStmt
  | REQUIRE expr                                              # RequireStmt
  | FAIL STRING (IF expr)?                                    # FailStmt
  | DONE STRING (IF expr)?                                    # DoneStmt
  | ANSWER expr                                               # AnswerStmt
  | STEP WHEN expr                                            # StepWhenStmt
  | function                                                  # FunctionStmt
  ;
stateDecl: ident (COLON type)? ASSIGN expr;
reportItem: (ident ASSIGN)? expr;

// ── experiment ──

experiment: EXPERIMENT ident params? experimentBody;
experimentBody: LBRACE (clause SEMI*)* RBRACE;
clause
  : MINIMIZE expr                                             # MinimizeClause
  | GIVEN ident (COMMA ident)* ASSIGN expr                    # GivenClause
  | USING expr (AS ident)?                                    # UsingClause
  | HOLDOUT expr                                              # HoldoutClause
  | BATCH expr (OF ident)?                                    # BatchClause
  | ORDER ident                                               # OrderClause
  | STEPS expr                                                # StepsClause
  | EPOCHS expr                                               # EpochsClause
  | UNTIL expr                                                # UntilClause
  | RECORD reportItem (COMMA reportItem)* (EVERY every=expr)? # RecordClause
  | CHECKPOINT EVERY every=expr                               # CheckpointClause
  | CHECKPOINT path=expr (EVERY every=expr)?                  # CheckpointClause
  | SEARCH expr (BY by=expr)?                                 # SearchClause
  | PRECISION ident                                           # PrecisionClause
  | SEED expr                                                 # SeedClause
  ;

// ── expressions, tight to loose ──

expr
  : ident PRIME                                               # PrimeRef
  | (NABLA | NABLA2 | GRAD | HESS) ident                      # Derivative
  | ident                                                     # NameRef
  | INFTY                                                  # Infinity
  | NUMBER                                                    # NumberLit
  | STRING                                                    # StringLit
  | LPAREN expr RPAREN                                        # Parenthesized
  | LBRACK exprs? RBRACK                                      # ArrayLit
  | BAR expr (BAR | BAR1 | BAR2)                              # NormBars
  | expr TRANSPOSE                                            # TransposeMark
  | expr DOT ident                                            # Field
  | expr LPAREN (arg (COMMA arg)* COMMA?)? RPAREN             # Call
  | expr LBRACK indexItem (COMMA indexItem)* COMMA? RBRACK    # Index
  | expr SUPERSCRIPT                                          # Superscript
  | <assoc = right> expr CARET expr                           # Power
  | LIKE expr                                                 # Like
  | (MINUS | SQRT) expr                                       # Unary
  | expr (STAR | SLASH | AT | MOD) expr                       # Product
  | REDUCE_OPEN indexBinding (COMMA indexBinding)* RBRACK expr # Reduce
  | expr (PLUS | MINUS) expr                                  # Sum
  | expr (RANGE | RANGE_EQ) expr                              # Range
  | expr (LT | LE | GT | GE | EQ | NE | IN) expr              # Compare
  | NOT expr                                                  # Not
  | expr AND expr                                             # And
  | expr OR expr                                              # Or
  | expr PIPE expr                                            # Pipe
  | ALL expr                                                  # AllOf
  | TENSOR_OPEN indexBinding (COMMA indexBinding)* RBRACK expr # TensorBuild
  | IF expr THEN expr ELSE expr                               # IfExpr
  ;
arg
  : ident ASSIGN expr                                         # NamedArg
  | ident TILDE expr                                          # SampledArg
  | expr                                                      # PositionalArg
  ;
indexItem
  : COLON                                                     # WholeIndex
  | NEW                                                       # NewAxisIndex
  | expr                                                      # ValueIndex
  | expr (RANGE | RANGE_EQ)                                   # FromIndex
  | (RANGE | RANGE_EQ) expr?                                  # UpToIndex
  ;
indexBinding: ident (IN expr)?;

ident
  : ID | ANSWER | AS | BATCH | BY | CHECKPOINT | CONCAVE | CONVEX | DATA | DECREASING | DONE
  | EPOCHS | EVERY | EXPERIMENT | FAIL | FLOW | FOR | FUNCTION | GIVEN | GRAD | HESS | HOLDOUT
  | INCREASING | LET | MATRIX | MAX | MAXIMIZE | METRIC | MINIMIZE | NEW | OF | ON | OPTIMIZER
  | ORDER | PARAM | PRECISION | PROBLEM | PROJECT | PROX | RECORD | REPEAT | REPORT | REQUIRE
  | RETURN | ROLE | SCHEDULE | SEARCH | SEED | SET | SMOOTH | STATE | STEP | STEPS | SUBJECT
  | TENSOR | TO | TRANSFORM | UNTIL | USE | USING | VAR | VECTOR | WHEN | WHILE
  ;
