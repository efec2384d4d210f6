#!/usr/bin/env python3
"""Writes problems/minima.json: value and gradient at the start and the minima of the problems in stdlib/problems, to 30
digits, from the formulas of problems_mgh.py.

    python3 make_problem_minima.py [NAME…]

Candidates are where methods of SciPy end from the start, ten and a hundred times the start and a few random points near it.
Each is carried on by Newton's method in arithmetic of 120 digits (derivatives by central differences there, whose error is
below 1e-50) until it rests; those at which it rests with a Hessian that is not positive (semi)definite are left out. Where
the Hessian is singular, a point is one of many, or reached slowly: then the value has the digits, the point maybe not
("x_digits"). `at_infinity` lists values that f approaches without a point, from a limit worked out in the script."""

import json
import pathlib
import sys
import warnings

import peers

peers.need("mpmath", "numpy", "scipy", "jax")
import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402
import mpmath  # noqa: E402
import numpy  # noqa: E402
import scipy.optimize  # noqa: E402
from mpmath import mpf  # noqa: E402

from problems_mgh import problems  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = 120
mpmath.mp.dps = DIGITS


class Exact:
    exp, log, sin, cos, sqrt, atan, fabs = (
        mpmath.exp, mpmath.log, mpmath.sin, mpmath.cos, mpmath.sqrt, mpmath.atan, mpmath.fabs)  # fmt: skip
    pi = +mpmath.pi
    c = staticmethod(mpf)
    half_if_negative = staticmethod(lambda v: mpf("0.5") if v < 0 else mpf(0))


class Double:
    exp, log, sin, cos, sqrt, atan, fabs, pi = (
        jnp.exp, jnp.log, jnp.sin, jnp.cos, jnp.sqrt, jnp.arctan, jnp.abs, jnp.pi)  # fmt: skip
    c = staticmethod(float)
    half_if_negative = staticmethod(lambda v: jnp.where(v < 0, 0.5, 0.0))


def derivatives(f, x):
    """Value, gradient and Hessian of f, by central differences."""
    n = len(x)
    h = [mpf(10) ** -30 * max(abs(v), mpf(10) ** -6) for v in x]

    def at(*moves):
        y = list(x)
        for i, s in moves:
            y[i] = y[i] + s * h[i]
        return f(y)

    value = f(x)
    plus, minus = [at((i, 1)) for i in range(n)], [at((i, -1)) for i in range(n)]
    g = [(plus[i] - minus[i]) / (2 * h[i]) for i in range(n)]
    H = mpmath.matrix(n)
    for i in range(n):
        H[i, i] = (plus[i] + minus[i] - 2 * value) / h[i] ** 2
        for j in range(i):
            mixed = at((i, 1), (j, 1)) - plus[i] - plus[j] + 2 * value - minus[i] - minus[j] + at((i, -1), (j, -1))
            H[i, j] = H[j, i] = mixed / (2 * h[i] * h[j])
    return value, g, H


def scaled_spectrum(H):
    """Eigenvalues and vectors of D H D with a unit diagonal, and D."""
    n = H.rows
    d = [1 / mpmath.sqrt(abs(H[i, i])) if H[i, i] != 0 else mpf(1) for i in range(n)]
    S = mpmath.matrix(n)
    for i in range(n):
        for j in range(n):
            S[i, j] = H[i, j] * d[i] * d[j]
    with mpmath.workdps(60):
        values, vectors = mpmath.eigsy(S)
    return values, vectors, d


def newton(f, start):
    """The stationary point near the start, with its value; None where Newton's method leaves or ends elsewhere than in a
    minimum. The last item: whether the Hessian is regular there."""
    x = [mpf(v) for v in start]
    before = f(x)
    regular = True
    for _ in range(40):
        value, g, H = derivatives(f, x)
        values, vectors, d = scaled_spectrum(H)
        n = len(x)
        if min(values) < -mpf(10) ** -6:
            return None
        flat = [k for k in range(n) if values[k] < mpf(10) ** -12]
        regular = not flat
        step = [mpf(0)] * n
        for k in range(n):
            along = sum(vectors[i, k] * d[i] * g[i] for i in range(n))
            if k in flat:
                continue
            for i in range(n):
                step[i] -= along / values[k] * vectors[i, k] * d[i]
        x_next = [a + b for a, b in zip(x, step)]
        if f(x_next) > value * (1 + mpf(10) ** -20) + mpf(10) ** -60:
            x_next = [a + b / 8 for a, b in zip(x, step)]
        size = max(abs(s) / max(abs(v), mpf(10) ** -6) for s, v in zip(step, x))
        x = x_next
        if size < mpf(10) ** -40:
            break
    value = f(x)
    if value > before + abs(before) * mpf(10) ** -3 + mpf(10) ** -20:
        return None
    gradient = derivatives(f, x)[1] if regular else derivatives(f, x)[1]
    rest = max(abs(v) * max(abs(w), 1) for v, w in zip(gradient, x))
    if rest > mpf(10) ** -30 * max(1, abs(value)):
        return None
    return x, value, regular


def candidates(f, start):
    value = jax.jit(lambda x: f(Double, [x[i] for i in range(len(start))]))
    gradient = jax.jit(jax.grad(lambda x: f(Double, [x[i] for i in range(len(start))])))
    hessian = jax.jit(jax.hessian(lambda x: f(Double, [x[i] for i in range(len(start))])))
    random = numpy.random.default_rng(1)
    x0 = numpy.array(start)
    starts = [x0, 10 * x0, 100 * x0] + [x0 + random.normal(size=x0.size) * (0.3 + 0.5 * abs(x0)) for _ in range(4)]
    for x in starts:
        for method in ("BFGS", "L-BFGS-B", "trust-exact", "Newton-CG"):
            kept = dict(jac=lambda x: numpy.asarray(gradient(x)))
            if method in ("trust-exact", "Newton-CG"):
                kept["hess"] = lambda x: numpy.asarray(hessian(x))
            try:
                found = scipy.optimize.minimize(
                    lambda x: float(value(x)), x, method=method, options={"maxiter": 2000}, **kept
                )
            except (ValueError, numpy.linalg.LinAlgError, FloatingPointError):
                continue
            if numpy.all(numpy.isfinite(found.x)) and numpy.abs(found.x).max() < 1e8:
                yield found.x


# Points that are known exactly, where Newton's method is slow or the value alone says nothing.
KNOWN = {
    "FreudensteinRoth": [[5, 4]],
    "PowellSingular": [[0] * 4],
    "ExtendedPowellSingular": [[0] * 12],
    "BrownBadlyScaled": [["1e6", "2e-6"]],
    "BrownAlmostLinear": [[1] * 10],
    "Box3D": [[1, 10, 1], [10, 1, -1]],
    "BiggsEXP6": [[1, 10, 1, 5, 4, 3]],
    "GulfResearch": [[50, 25, "1.5"]],
    "HelicalValley": [[1, 0, 0]],
    "ThreeHumpCamel": [[0, 0]],
    "Ackley": [[0] * 2],
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

        seed = scipy.optimize.minimize(
            lambda p: float(f([mpf(v) for v in p])), [-14.07, 40, 10], method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-16, "maxfev": 5000},
        )  # fmt: skip
        found = newton(f, seed.x)
        return [found[1]] if found else []
    return []


def text(v):
    return "0" if abs(v) < mpf(10) ** -50 else mpmath.nstr(v, 30, strip_zeros=True)


def main():
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    path = HERE / "problems" / "minima.json"
    out = {"digits": 30, "mpmath": mpmath.__version__, "scipy": scipy.__version__, "cases": []}
    if sys.argv[1:] and path.exists():
        old = json.loads(path.read_text())
        out["cases"] = [c for c in old["cases"] if c["problem"] not in sys.argv[1:]]
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
        for x in candidates(objective, start):
            if any(max(abs(a - mpf(b)) / max(abs(a), 1) for a, b in zip(m[1], x)) < 1e-4 for m in minima):
                continue
            # The flat valleys and ends at infinity have the value of one that is there.
            rough = objective(Exact, [mpf(v) for v in x])
            if any(abs(rough - m[0]) <= mpf(10) ** -9 * abs(m[0]) + mpf(10) ** -13 * abs(f(at)) for m in minima):
                continue
            found = newton(f, x)
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
        print(name, hyper, [m["f"][:14] + (" singular" if m.get("singular") else "") for m in entry["minima"]],
              entry["at_infinity"], flush=True)  # fmt: skip
    order = [(name, hyper) for name, _, _, hyper, _ in problems()]
    out["cases"].sort(key=lambda c: order.index((c["problem"], c["hyper"])))
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
