// The way of a module: emit, verify, optimize, generate the object file.
#include "codegen/emit.h"

#include "codegen/emit_function.h"
#include "codegen/emit_module.h"
#include "support/check.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <chrono>

namespace thalweg::codegen {

namespace {

// What LLVM gives up on is an internal error of ours, like any other broken invariant.
[[noreturn]] void llvm_failure(void*, const char* reason, bool) {
  throw InternalError(std::string("code generation failed: ") + reason);
}

} // namespace

void initialize_llvm() {
  static const bool once = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::install_fatal_error_handler(llvm_failure);
    return true;
  }();
  (void)once;
}

namespace {

std::unique_ptr<llvm::TargetMachine> make_machine(const TargetSpec& spec) {
  initialize_llvm();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(spec.triple, error);
  TW_CHECK(target, "no code generator for '{}': {}", spec.triple, error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict; // rounding is fixed by the graph
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(spec.triple, spec.cpu, spec.features, options, llvm::Reloc::PIC_,
                                  std::nullopt, llvm::CodeGenOptLevel::Default));
}

// Loops arrive vectorized and in their final form: what is left is to clean up what emission
// repeats, to hoist what does not change, and to forget what nobody reads. No pass here makes
// library calls.
constexpr const char* kPipeline =
    "function(early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(licm),"
    "early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,dce)";

void verify(const llvm::Module& module, const char* when) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  TW_CHECK(!llvm::verifyModule(module, &stream), "invalid code {}: {}", when, text);
}

// Register allocation and scheduling take time in the square of the length of a straight line: a
// formula of thousands of terms gets plain code instead, with the same bits.
bool is_huge(const llvm::Module& module) {
  constexpr size_t kHuge = 10'000;
  for (const llvm::Function& function : module)
    if (function.getInstructionCount() > kHuge) return true;
  return false;
}

void generate(llvm::Module& module, llvm::TargetMachine& machine, llvm::CodeGenFileType type,
              llvm::SmallVectorImpl<char>& out) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager passes;
  if (is_huge(module)) machine.setOptLevel(llvm::CodeGenOptLevel::None);
  const bool refused = machine.addPassesToEmitFile(passes, stream, nullptr, type);
  TW_CHECK(!refused, "the target writes no such file");
  passes.run(module);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

ModuleEmitter::ModuleEmitter(const TargetSpec& target)
    : target_(target), machine_(make_machine(target)),
      module_(std::make_unique<llvm::Module>("thalweg", context_)) {
  module_->setTargetTriple(target_.triple);
  module_->setDataLayout(machine_->createDataLayout());
  module_->setPICLevel(llvm::PICLevel::BigPIC);
}

llvm::Function* ModuleEmitter::add(const loops::Program& program) {
  return FunctionEmitter(*module_, program, target_).run();
}

void ModuleEmitter::optimize() {
  verify(*module_, "after emission");
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine_.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, kPipeline))
    TW_CHECK(false, "pass pipeline: {}", llvm::toString(std::move(error)));
  passes.run(*module_, modules);
  verify(*module_, "after optimization");
}

std::string ModuleEmitter::object(CompileDumps* dumps) {
  if (dumps && dumps->want_llvm) {
    llvm::raw_string_ostream stream(dumps->llvm);
    module_->print(stream, nullptr);
  }
  if (dumps && dumps->want_asm) { // generation changes the module, so a copy is written out
    llvm::SmallString<0> text;
    generate(*llvm::CloneModule(*module_), *machine_, llvm::CodeGenFileType::AssemblyFile, text);
    dumps->assembly += text.str();
  }
  llvm::SmallString<0> bytes;
  generate(*module_, *machine_, llvm::CodeGenFileType::ObjectFile, bytes);
  return bytes.str().str();
}

std::string compile_object(std::span<const loops::Program> programs, const TargetSpec& target,
                           CompileTimes* times, CompileDumps* dumps) {
  auto start = std::chrono::steady_clock::now();
  const auto lap = [&](double CompileTimes::* phase) {
    if (times) times->*phase += seconds_since(start);
    start = std::chrono::steady_clock::now();
  };
  ModuleEmitter emitter(target);
  for (const loops::Program& program : programs)
    emitter.add(program);
  lap(&CompileTimes::emit);
  emitter.optimize();
  lap(&CompileTimes::optimize);
  std::string object = emitter.object(dumps);
  lap(&CompileTimes::codegen);
  return object;
}

} // namespace thalweg::codegen
