#!/usr/bin/env python3
"""Fits the polynomials of the element functions and writes compiler/ir/math/coefficients.h.

Each polynomial is the weighted minimax fit (Remez exchange, 60 digits) of the stated function on the stated interval.
Coefficients are rounded to the precision one after another, lowest first, and after each rounding the remaining ones
are fitted again, so that the rounding of the leading terms is absorbed by the others. The error printed beside each
table is that of the rounded coefficients, evaluated exactly, relative to the function the table serves.

    fit_polynomials.py            rewrite the header
    fit_polynomials.py --check    fail if the header differs from what would be written
Needs mpmath.
"""
import pathlib
import struct
import sys

import mpmath as mp

mp.mp.dps = 60
HEADER = pathlib.Path(__file__).resolve().parents[2] / "compiler/ir/math/coefficients.h"


def to_f32(value):
    """The float nearest to an mpf (through more bits than a double holds: no double rounding)."""
    if value == 0:
        return 0.0
    exponent = int(mp.floor(mp.log(abs(value), 2)))
    scale = mp.mpf(2) ** (23 - exponent)
    return float(mp.nint(value * scale) / scale)


def rounded(value, bits):
    result = to_f32(value) if bits == 32 else float(value)
    if bits == 32:
        assert struct.unpack("f", struct.pack("f", result))[0] == result
    return result


def poly(coefficients, x):
    total = mp.mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def remez(xs, targets, weights, count, first):
    """Minimax of w·(Σ c_i x^(first+i) − target) over the grid xs; returns the count coefficients."""
    size = len(xs)
    picks = [round(i / count * (size - 1)) for i in range(count + 1)]  # the grid has Chebyshev's spacing
    best, best_error = None, None
    for _ in range(30):
        rows = mp.matrix(count + 1, count + 1)
        right = mp.matrix(count + 1, 1)
        for row, pick in enumerate(picks):
            x, w = xs[pick], weights[pick]
            for i in range(count):
                rows[row, i] = w * x ** (first + i)
            rows[row, count] = (-1) ** row
            right[row] = w * targets[pick]
        solution = mp.lu_solve(rows, right)
        c = [solution[i] for i in range(count)]
        errors = [w * (poly(c, x) * x**first - t) for x, t, w in zip(xs, targets, weights)]
        peak = max(abs(e) for e in errors)
        if best is None or peak < best_error:
            best, best_error = c, peak
        if peak <= abs(solution[count]) * mp.mpf("1.0005"):
            break
        extrema = []  # the largest point of each run of one sign
        for index, e in enumerate(errors):
            if extrema and (errors[extrema[-1]] > 0) == (e > 0):
                if abs(e) > abs(errors[extrema[-1]]):
                    extrema[-1] = index
            else:
                extrema.append(index)
        while len(extrema) > count + 1:
            if len(extrema) == count + 2:  # drop an end
                extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
            else:  # drop the weakest neighbours together, which keeps the signs alternating
                weakest = min(range(len(extrema) - 1),
                              key=lambda i: max(abs(errors[extrema[i]]), abs(errors[extrema[i + 1]])))
                del extrema[weakest:weakest + 2]
        if len(extrema) < count + 1:
            break
        picks = extrema
    return best


def fit(function, weight, low, high, count, bits):
    """Coefficients (ascending) rounded to `bits`, and their weighted maximal error."""
    size = 40 * (count + 1)
    low, high = mp.mpf(low), mp.mpf(high)
    xs = [low + (high - low) * (1 - mp.cos(mp.pi * (i + mp.mpf("0.37")) / size)) / 2 for i in range(size)]
    targets = [function(x) for x in xs]
    weights = [weight(x) for x in xs]

    def error_of(coefficients):
        return max(abs(w * (poly(coefficients, x) - t)) for x, t, w in zip(xs, targets, weights))

    fixed = []
    remaining = remez(xs, targets, weights, count, 0)
    refits = count - 1 if bits == 32 else 5
    while remaining:
        fixed.append(rounded(remaining[0], bits))
        remaining = remaining[1:]
        if remaining and len(fixed) <= refits:
            known = [t - poly(fixed, x) for x, t in zip(xs, targets)]
            again = remez(xs, known, weights, len(remaining), len(fixed))
            # Around zero odd leading powers have no exchange theorem: take the new fit only where it is one.
            if error_of(fixed + again) < error_of(fixed + remaining):
                remaining = again
    error = error_of(fixed)
    return fixed, error


# --- the functions -------------------------------------------------------------------------------------------------

TINY = mp.mpf(10) ** -9  # the open end of intervals whose formula is 0/0 at zero
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.0001")
ATANH_END = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.0001")


def odd_tail(f):
    """f(x) = x + x·z·P(z), z = x²: the P, and the weight that makes its error relative to f."""
    return (lambda z: (f(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z * mp.sqrt(z) / f(mp.sqrt(z)))


def exp_tail(r):
    return (mp.expm1(r) - r) / r**2


def atanh_over(s):
    return mp.atanh(s) / s


POW_C1 = 2 / mp.log(2)
POW_C3 = POW_C1 / 3


def erfcx(x):
    return mp.erfc(x) * mp.exp(x * x)


# name, comment, function, weight, (low, high, count) for f32, the same for f64 (None: not used in that precision)
TABLES = [
    ("Exp", "(exp(r) - 1 - r) / r^2, |r| <= ln2/2; error relative to expm1(r)",
     exp_tail, lambda r: abs(r), (-HALF_LN2, HALF_LN2, 5), (-HALF_LN2, HALF_LN2, 10)),
    ("Log", "f32: (log(1+f) - f + f^2/2) / f^3, sqrt(1/2) <= 1+f <= sqrt(2); f64: (2 atanh(s)/s - 2) / z, z = s^2, "
     "s = f/(2+f)", None, None, None, None),
    ("PowLog", "(log2(m)/s - c1 - c3 z) / z^2, z = s^2, s = (m-1)/(m+1), sqrt(1/2) <= m <= sqrt(2)",
     lambda z: (2 * atanh_over(mp.sqrt(z)) / mp.log(2) - POW_C1 - POW_C3 * z) / z**2, lambda z: z**2 / POW_C1,
     (TINY, ATANH_END, 3), (TINY, ATANH_END, 7)),
    ("Sin", "(sin(r)/r - 1) / z, z = r^2, |r| <= pi/4 and a little", *odd_tail(mp.sin),
     (TINY, mp.mpf("0.84") ** 2, 4), (TINY, mp.mpf("0.79") ** 2, 6)),
    ("Cos", "(cos(r) - 1 + z/2) / z^2, z = r^2, same interval",
     lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2,
     (TINY, mp.mpf("0.84") ** 2, 3), (TINY, mp.mpf("0.79") ** 2, 6)),
    ("Tanh", "(tanh(x)/x - 1) / z, z = x^2, |x| <= 5/8", *odd_tail(mp.tanh),
     (TINY, mp.mpf("0.391"), 5), (TINY, mp.mpf("0.391"), 11)),
    ("Sinh", "(sinh(x)/x - 1) / z, z = x^2, |x| <= 1", *odd_tail(mp.sinh), (TINY, 1, 4), (TINY, 1, 8)),
    ("Atan", "(atan(x)/x - 1) / z, z = x^2, |x| <= 1", *odd_tail(mp.atan), (TINY, 1, 9), (TINY, 1, 20)),
    ("Asin", "(asin(x)/x - 1) / z, z = x^2, |x| <= 1/2", *odd_tail(mp.asin),
     (TINY, mp.mpf("0.2501"), 5), (TINY, mp.mpf("0.2501"), 12)),
    ("Erf", "erf(x)/x - 1, z = x^2, |x| <= 1",
     lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)),
     (TINY, 1, 7), (TINY, 1, 14)),
    ("ErfcFar", "f32: erfc(u + 5/2), 1 <= u + 5/2 <= 3.95; f64: erfc(x)·exp(x^2) in t = 1/(x+2), 1 <= x <= 6; "
     "absolute error of erfc", None, None, None, None),
]
ERFC32 = (lambda u: mp.erfc(u + mp.mpf("2.5")), lambda u: mp.mpf(1), mp.mpf("-1.5"), mp.mpf("1.45"), 15)
ERFC64 = (lambda t: erfcx(1 / t - 2), lambda t: mp.exp(-(1 / t - 2)**2), mp.mpf(1) / 8, mp.mpf(1) / 3, 13)
LOG32 = (lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, lambda f: abs(f**3 / mp.log1p(f)),
         mp.sqrt(2) / 2 - 1 - mp.mpf("1e-6"), mp.sqrt(2) - 1 + mp.mpf("1e-6"), 8)
LOG64 = (lambda z: (2 * atanh_over(mp.sqrt(z)) - 2) / z, lambda z: z / 2, TINY, ATANH_END, 7)

TWO_FORMS = {"Log": (LOG32, LOG64), "ErfcFar": (ERFC32, ERFC64)}


def table(name, bits, function, weight, low, high, count):
    coefficients, error = fit(function, weight, low, high, count, bits)
    suffix = "F32" if bits == 32 else "F64"
    lines = ",\n    ".join(c.hex() for c in coefficients)
    print(f"{name} {suffix}: {count} coefficients, error 2^{mp.nstr(mp.log(error, 2), 4)}", file=sys.stderr)
    return (f"// error 2^{mp.nstr(mp.log(error, 2), 3)}\n"
            f"inline constexpr double k{name}{suffix}[] = {{\n    {lines}}};\n")


def split(name, value, bits, parts, short=0):
    """value as an unevaluated sum; with short > 0 every part but the last has that many trailing zero bits."""
    names = []
    rest = mp.mpf(value)
    width = (24 if bits == 32 else 53) - short
    for i in range(parts):
        if i == parts - 1:
            part = rounded(rest, bits)
        else:
            exponent = int(mp.floor(mp.log(abs(rest), 2)))
            scale = mp.mpf(2) ** (width - 1 - exponent)
            part = float(mp.nint(rest * scale) / scale)
        names.append(part)
        rest -= mp.mpf(part)
    suffix = "F32" if bits == 32 else "F64"
    return f"inline constexpr double k{name}{suffix}[] = {{{', '.join(p.hex() for p in names)}}};\n"


def header():
    out = ["// Coefficients of the element functions, written by tests/math/fit_polynomials.py.\n"
           "#pragma once\n\nnamespace thalweg::math::coefficients {\n\n// clang-format off\n"
           "// Every table is in ascending powers; the F32 values are floats exactly.\n\n"]
    for name, comment, function, weight, f32, f64 in TABLES:
        out.append(f"// {comment}\n")
        if name in TWO_FORMS:
            f32, f64 = TWO_FORMS[name]
            out.append(table(name, 32, *f32) + table(name, 64, *f64) + "\n")
            continue
        for bits, interval in ((32, f32), (64, f64)):
            if interval:
                out.append(table(name, bits, function, weight, *interval))
        out.append("\n")
    out.append("// Constants as unevaluated sums. The leading part of ln2 has room for a product with an exponent, so\n"
               "// that product is exact with or without fma.\n")
    for bits, room in ((32, 9), (64, 12)):
        out.append(split("Ln2", mp.log(2), bits, 2, room))
        out.append(split("InvLn2", 1 / mp.log(2), bits, 2))
        out.append(split("HalfPi", mp.pi / 2, bits, 3))
        out.append(split("PowC1", POW_C1, bits, 2))
        out.append(split("PowC3", POW_C3, bits, 2))
    out.append("// clang-format on\n\n} // namespace thalweg::math::coefficients\n")
    return "".join(out)


def main():
    text = header()
    if "--check" in sys.argv[1:]:
        if HEADER.read_text() != text:
            sys.exit("coefficients.h differs from the fit")
        return
    HEADER.write_text(text)


main()
