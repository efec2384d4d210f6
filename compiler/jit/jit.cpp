// Linking of compiled objects into this process, on LLVM's ORC. The one file that includes it.
#include "jit/jit.h"

#include "support/check.h"
#include "thalweg/linear.h"

#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/MemoryBuffer.h>

#include <chrono>

namespace thalweg::jit {

namespace {

template <typename T> T take(llvm::Expected<T> result) {
  if (!result) TW_CHECK(false, "linking failed: {}", llvm::toString(result.takeError()));
  if constexpr (std::is_reference_v<T>)
    return *result;
  else
    return std::move(*result);
}

void take(llvm::Error error) {
  if (error) TW_CHECK(false, "linking failed: {}", llvm::toString(std::move(error)));
}

} // namespace

struct Jit::Linker {
  std::unique_ptr<llvm::orc::LLJIT> orc;
};

Jit::Jit(codegen::TargetSpec target, codegen::CompileDumps* dumps)
    : target_(std::move(target)), dumps_(dumps), linker_(std::make_unique<Linker>()) {
  TW_CHECK(target_.runs_here(), "target '{}' does not run on this machine", target_.name);
  codegen::initialize_llvm();
  llvm::orc::JITTargetMachineBuilder machine{llvm::Triple(target_.triple)};
  linker_->orc = take(llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(machine).create());
}

Jit::~Jit() = default;

Compiled Jit::compile(std::span<const loops::Program> programs) {
  codegen::CompileTimes times;
  std::string object = codegen::compile_object(programs, target_, &times, dumps_);

  const auto start = std::chrono::steady_clock::now();
  // A library of its own, so that equal names of different calls do not meet.
  const std::string unit = "unit" + std::to_string(compilations_++);
  llvm::orc::JITDylib& library = take(linker_->orc->createJITDylib(unit));
  // All that compiled code may ask of the host; a call of anything else is a fault of ours.
  const auto allowed = [](const llvm::orc::SymbolStringPtr& symbol) {
    return *symbol == "memset" || *symbol == "memcpy" || *symbol == "memmove";
  };
  library.addGenerator(take(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      linker_->orc->getDataLayout().getGlobalPrefix(), allowed)));
  const llvm::orc::ExecutorSymbolDef linear(llvm::orc::ExecutorAddr::fromPtr(&tw_linear),
                                            llvm::JITSymbolFlags::Exported |
                                                llvm::JITSymbolFlags::Callable);
  take(library.define(
      llvm::orc::absoluteSymbols({{linker_->orc->mangleAndIntern("tw_linear"), linear}})));
  take(linker_->orc->addObjectFile(library, llvm::MemoryBuffer::getMemBufferCopy(object, unit)));
  Compiled compiled;
  for (const loops::Program& program : programs)
    compiled.functions_[program.name] =
        take(linker_->orc->lookup(library, program.name)).toPtr<tw_function>();
  times_.emit += times.emit;
  times_.optimize += times.optimize;
  times_.codegen += times.codegen;
  times_.link += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return compiled;
}

tw_function Compiled::function(std::string_view name) const {
  const auto found = functions_.find(name);
  TW_CHECK(found != functions_.end(), "no compiled function '{}'", name);
  return found->second;
}

} // namespace thalweg::jit
