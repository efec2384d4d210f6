// Floating-point operations of a lowered program, as a formula of the sizes: what `check --cost`
// counts.
#pragma once

#include "codegen/loops.h"

namespace thalweg::loops {

// One for each + - * / √ min max floor and their like, two for a fused multiply-add, for an element
// function those of its program; nothing for comparisons, selections, signs, integers and moves.
Dim flops(const Program& program);

} // namespace thalweg::loops
