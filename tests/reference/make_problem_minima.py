#!/usr/bin/env python3
"""Writes problems/minima.json: value and gradient at the start and the minima of the problems in stdlib/problems, to 30
digits, from the formulas of problems_mgh.py.

    python3 make_problem_minima.py [NAME…]     (MINIMA: another file)

Candidates are where methods of SciPy end from the start and from a random point near it.
Each is carried on in arithmetic of 75 digits (gradients by central differences there) until it rests; where the Hessian has a
negative eigenvalue it is left out. "singular" marks a minimum with a flat direction: its point is one of many. `at_infinity` lists values that f approaches without a point, from a limit worked out in the script."""

import json
import os
import pathlib
import sys
import warnings

import peers

peers.need("mpmath", "numpy", "scipy")
import mpmath  # noqa: E402
import numpy  # noqa: E402
import scipy.optimize  # noqa: E402
from mpmath import mpf  # noqa: E402

from jets import oracles  # noqa: E402
from problems_mgh import problems  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = 75
mpmath.mp.dps = DIGITS


def bounded_exp(v):
    if abs(v) > 10**5:
        raise OverflowError
    return mpmath.exp(v)


class Exact:
    exp, log, sin, cos, sqrt, atan, fabs = (
        bounded_exp, mpmath.log, mpmath.sin, mpmath.cos, mpmath.sqrt, mpmath.atan, mpmath.fabs)  # fmt: skip
    pi = +mpmath.pi
    c = staticmethod(mpf)
    half_if_negative = staticmethod(lambda v: mpf("0.5") if v < 0 else mpf(0))


def gradient_at(f, x):
    """By central differences: in error by some 1e-45 of its terms."""
    out = []
    for i, v in enumerate(x):
        h = mpf(10) ** -25 * max(abs(v), mpf(10) ** -6)
        up, down = list(x), list(x)
        up[i] += h
        down[i] -= h
        out.append((f(up) - f(down)) / (2 * h))
    return out


def rest(f, hessian, start):
    """The minimum near the start, its value, whether its Hessian is regular. Steps solve with the Hessian of f64, so each
    gains as many digits as that has; None where they lead away or to what is no minimum."""
    x = [mpf(v) for v in start]
    scale = max(abs(f(x)), mpf(10) ** -20)
    for turn in range(60):
        if turn < 10:
            H = numpy.asarray(hessian(numpy.array([float(v) for v in x])))
            if not numpy.all(numpy.isfinite(H)):
                return None
            d = numpy.array([1 / numpy.sqrt(abs(h)) if h != 0 else 1.0 for h in numpy.diag(H)])
            values, vectors = numpy.linalg.eigh(H * d[:, None] * d[None, :])
            if values[0] < -1e-6:
                return None
            kept = values > 1e-12
            inverse = (d[:, None] * vectors[:, kept] / values[kept]) @ (vectors[:, kept].T * d[None, :])
        g = gradient_at(f, x)
        step = [-sum(mpf(inverse[i, j]) * g[j] for j in range(len(x))) for i in range(len(x))]
        x = [a + b for a, b in zip(x, step)]
        if max(abs(s) / max(abs(v), mpf(10) ** -6) for s, v in zip(step, x)) < mpf(10) ** -38:
            break
    value = f(x)
    still = max(abs(a) * max(abs(v), mpf(10) ** -6) for a, v in zip(gradient_at(f, x), x))
    if not still <= mpf(10) ** -32 * max(value, scale * mpf(10) ** -6) or value > 1.001 * scale:
        return None
    return x, value, bool(numpy.all(kept))


def candidates(value, gradient, hessian, start):
    random = numpy.random.default_rng(1)
    x0 = numpy.array(start)
    starts = [x0, x0 + random.normal(size=x0.size) * (0.3 + 0.5 * abs(x0))]
    found = []
    for x in starts:
        for method in ("BFGS", "L-BFGS-B", "trust-exact"):
            kept = {"jac": gradient}
            if method == "trust-exact":
                kept["hess"] = hessian
            try:
                end = scipy.optimize.minimize(value, x, method=method, options={"maxiter": 1000, "gtol": 1e-13}, **kept)
            except (ValueError, numpy.linalg.LinAlgError, FloatingPointError):
                continue
            if numpy.all(numpy.isfinite(end.x)) and numpy.abs(end.x).max() < 1e8:
                if not any(abs(end.fun - f) <= 1e-7 * abs(f) for f, _ in found):
                    found.append((float(end.fun), end.x))
    return [x for _, x in sorted(found, key=lambda c: c[0])]


def powell_badly_scaled_minimum():
    y = mpmath.findroot(lambda y: mpmath.exp(-mpf("1e-4") / y) + mpmath.exp(-y) - mpf("1.0001"), mpf("9.106"))
    return [mpf("1e-4") / y, y]


# Points that are known exactly, where Newton's method is slow or the value alone says nothing.
KNOWN = {
    "FreudensteinRoth": [[5, 4]],
    "PowellBadlyScaled": [powell_badly_scaled_minimum()],
    "PowellSingular": [[0] * 4],
    "ExtendedPowellSingular": [[0] * 12],
    "BrownBadlyScaled": [["1e6", "2e-6"]],
    "BrownAlmostLinear": [[1] * 10, [0] * 9 + [11]],
    "Box3D": [[1, 10, 1], [10, 1, -1]],
    "BiggsEXP6": [[1, 10, 1, 5, 4, 3]],
    "GulfResearch": [[50, 25, "1.5"]],
    "HelicalValley": [[1, 0, 0]],
    "ThreeHumpCamel": [[0, 0]],
    "Ackley": [[0] * 2, [0] * 3],
    "Himmelblau": [[3, 2]],
    "Easom": [],
    "LinearFullRank": [[-1] * 10],
    "LinearRank1": [[mpf(3) / 41 if j == 0 else 0 for j in range(10)]],
    "LinearRank1ZeroColumns": [[mpf(3) / 37 / 2 if j == 1 else 0 for j in range(10)]],
}


def limits(name, hyper):
    """Values that f approaches at infinity, known from the source: the limit of its terms is fitted here."""
    if name == "Bard":  # u/(v*x1 + w*x2) → 0: the variance of y about its mean
        from problems_mgh import bard

        r = bard(Exact, [mpf(0), mpf(10) ** 90, mpf(10) ** 90])
        mean = sum(r) / len(r)
        return [sum((v - mean) ** 2 for v in r)]
    if name == "KowalikOsborne":
        # x0 → ∞ with x2 = -a*x0, x3 = -b*x0: the terms become y + (u² + u*c)/(a*u + b), three parameters.
        from problems_mgh import kowalik_osborne

        big = mpf(10) ** 60

        def f(p):
            return sum(v * v for v in kowalik_osborne(Exact, [big, p[0], -p[1] * big, -p[2] * big]))

        value, _, hessian, _ = oracles(
            lambda M, p: sum(v * v for v in kowalik_osborne(M, [1e9, p[0], -1e9 * p[1], -1e9 * p[2]])), 3
        )
        seed = scipy.optimize.minimize(
            value, [-14.07, 40, 10], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-16, "maxfev": 5000}
        )
        found = rest(f, hessian, seed.x)
        return [found[1]] if found else []
    return []


def text(v):
    return "0" if abs(v) < mpf(10) ** -50 else mpmath.nstr(v, 30, strip_zeros=True)


def main():
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    path = pathlib.Path(os.environ.get("MINIMA", HERE / "problems" / "minima.json"))
    out = {"digits": 30, "mpmath": mpmath.__version__, "scipy": scipy.__version__, "cases": []}
    if sys.argv[1:] and path.exists():
        old = json.loads(path.read_text())
        out["cases"] = [c for c in old["cases"] if c["problem"] not in sys.argv[1:]]
    order = [(name, hyper) for name, _, _, hyper, _ in problems()]
    for name, number, objective, hyper, start in problems():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue

        def f(x):
            return objective(Exact, x)

        at = [mpf(v) for v in start]
        entry = {"problem": name, "number": number, "hyper": hyper, "start": start, "f": text(f(at))}
        h = mpf(10) ** -40
        slopes = []
        for i in range(len(at)):
            up, down = list(at), list(at)
            up[i] += h
            down[i] -= h
            slopes.append(text((f(up) - f(down)) / (2 * h)))
        entry["gradient"] = slopes
        minima = []
        for x in KNOWN.get(name, []):
            if len(x) == len(start):
                x = [mpf(v) for v in x]
                minima.append((f(x), x, True))
        value64, gradient64, hessian64, _ = oracles(objective, len(start))
        for x in candidates(value64, gradient64, hessian64, start):
            if any(max(abs(a - mpf(b)) / max(abs(a), 1) for a, b in zip(m[1], x)) < 1e-4 for m in minima):
                continue
            # The flat valleys and ends at infinity have the value of one that is there.
            rough = mpf(float(value64(x)))
            if any(abs(rough - m[0]) <= mpf(10) ** -9 * abs(m[0]) + mpf(10) ** -13 * abs(f(at)) for m in minima):
                continue
            try:
                found = rest(f, hessian64, x)
            except (OverflowError, ZeroDivisionError):  # it led far away
                found = None
            if not found:
                continue
            x, value, regular = found
            if any(abs(value - m[0]) <= mpf(10) ** -25 * (1 + abs(value)) for m in minima):
                continue
            minima.append((value, x, regular))
        minima.sort(key=lambda m: m[0])
        entry["minima"] = []
        for value, x, regular in minima:
            item = {"f": text(value), "x": [text(v) for v in x]}
            if not regular:
                item["singular"] = True
            entry["minima"].append(item)
        entry["at_infinity"] = [text(v) for v in limits(name, hyper)]
        out["cases"].append(entry)
        out["cases"].sort(key=lambda c: order.index((c["problem"], c["hyper"])))
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(out, indent=1) + "\n")
        print(name, hyper, [m["f"][:14] + (" singular" if m.get("singular") else "") for m in entry["minima"]],
              entry["at_infinity"], flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
