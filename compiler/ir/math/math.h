// All element functions, generic over the backend; functions.def lists them with their stated
// error.
#pragma once

#include "ir/math/erf.h"
#include "ir/math/exp_log.h"
#include "ir/math/hyperbolic.h"
#include "ir/math/inverse_trig.h"
#include "ir/math/pow.h"
#include "ir/math/rounding.h"
#include "ir/math/trig.h"
