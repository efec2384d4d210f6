#!/usr/bin/env python3
"""Writes problems/scipy.json: what methods of scipy.optimize.minimize find from the standard starts of the problems in
problems/minima.json, with exact derivatives (jets.py, in f64), and in how many evaluations.

    python3 make_problem_counts.py [NAME…]

A method runs with its tolerances at 0 until it makes no progress. It has found a listed minimum f* if it ends at a value
within 1e-8*|f*| of it, or 1e-12*f(start) where f* = 0. Counted are the evaluations (f, grad, hess, hvp) up to the first one
whose value is so close. "end" is where it stopped otherwise."""

import json
import pathlib
import sys
import warnings

import peers

peers.need("numpy", "scipy")
import numpy  # noqa: E402
import scipy.optimize  # noqa: E402

from jets import oracles  # noqa: E402
from problems_mgh import problems  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
METHODS = {
    "L-BFGS-B": {"ftol": 0, "gtol": 0, "maxcor": 10, "maxiter": 2000, "maxfun": 20000},
    "BFGS": {"gtol": 0, "maxiter": 1000},
    "CG": {"gtol": 0, "maxiter": 1000},
    "Newton-CG": {"xtol": 0, "maxiter": 1000},
    "trust-ncg": {"gtol": 1e-14, "maxiter": 1000},
    "trust-exact": {"gtol": 1e-14, "maxiter": 1000},
}


class Counted:
    """The oracles of one problem, with how often each was asked, and the history of values."""

    def __init__(self, f, n):
        self.oracles = dict(zip(("f", "grad", "hess", "hvp"), oracles(f, n)))
        self.clear()

    def clear(self):
        self.counts = dict.fromkeys(self.oracles, 0)
        self.values = []

    def f(self, x):
        self.counts["f"] += 1
        value = float(self.oracles["f"](x))
        self.values.append((value, dict(self.counts)))
        return value

    def ask(self, name):
        def asked(*at):
            self.counts[name] += 1
            return numpy.array(self.oracles[name](*at))

        return asked


def tolerance(least, start):
    return 1e-8 * abs(least) if least != 0 else 1e-12 * abs(start)


def main():
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    listed = json.loads((HERE / "problems" / "minima.json").read_text())["cases"]
    path = HERE / "problems" / "scipy.json"
    out = {"scipy": scipy.__version__, "cases": []}
    if sys.argv[1:] and path.exists():
        out["cases"] = [c for c in json.loads(path.read_text())["cases"] if c["problem"] not in sys.argv[1:]]
    order = [(name, hyper) for name, _, _, hyper, _ in problems()]
    for name, _, objective, hyper, start in problems():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        case = next((c for c in listed if (c["problem"], c["hyper"]) == (name, hyper)), None)
        if not case:
            print(name, hyper, "is not listed")
            continue
        counted = Counted(objective, len(start))
        f0 = counted.f(numpy.array(start))
        minima = [float(m["f"]) for m in case["minima"]] + [float(v) for v in case["at_infinity"]]
        entry = {"problem": name, "hyper": hyper, "methods": {}}
        for method, options in METHODS.items():
            counted.clear()
            kept = {"jac": counted.ask("grad")}
            if method in ("Newton-CG", "trust-ncg"):
                kept["hessp"] = counted.ask("hvp")
            if method == "trust-exact":
                kept["hess"] = counted.ask("hess")
            try:
                found = scipy.optimize.minimize(
                    counted.f, numpy.array(start), method=method, options=options, **kept
                )
                end = float(found.fun)
            except (ValueError, numpy.linalg.LinAlgError, FloatingPointError) as error:
                end = min(v for v, _ in counted.values)
                entry.setdefault("errors", {})[method] = type(error).__name__
            near = [m for m in minima if abs(end - m) <= tolerance(m, f0)]
            result = entry["methods"][method] = {"end": end if numpy.isfinite(end) else None}
            if near:
                result["minimum"] = near[0]
                counts = next(c for v, c in counted.values if v <= near[0] + tolerance(near[0], f0))
                result["evaluations"] = {k: v for k, v in counts.items() if v}
        out["cases"].append(entry)
        out["cases"].sort(key=lambda c: order.index((c["problem"], c["hyper"])))
        path.write_text(json.dumps(out, indent=1) + "\n")
        print(name, hyper, {k: (v.get("minimum", "-"), v.get("evaluations")) for k, v in entry["methods"].items()},
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
