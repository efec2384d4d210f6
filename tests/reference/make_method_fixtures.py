#!/usr/bin/env python3
"""Writes methods/minima.json: what scipy.optimize.minimize finds, and how many evaluations it takes, on the
problems of methods.tw; and methods/dogleg.json, where its dogleg goes step by step on the convex ones. Every problem of the test has its twin here, with the same start."""

import json
import pathlib

import numpy
import scipy
from scipy.optimize import minimize


def rosenbrock(x):
    r = x[1:] - x[:-1] ** 2
    e = 1 - x[:-1]
    g = numpy.zeros_like(x)
    g[1:] += 200 * r
    g[:-1] += -400 * r * x[:-1] - 2 * e
    return numpy.sum(100 * r**2 + e**2), g


def beale(x):
    a, b = x
    r = numpy.array([1.5 - a + a * b, 2.25 - a + a * b**2, 2.625 - a + a * b**3])
    j = numpy.array([[b - 1, a], [b**2 - 1, 2 * a * b], [b**3 - 1, 3 * a * b**2]])
    return r @ r, 2 * j.T @ r


def powell(x):
    a, b, c, d = x
    f = (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4
    g = numpy.array(
        [
            2 * (a + 10 * b) + 40 * (a - d) ** 3,
            20 * (a + 10 * b) + 4 * (b - 2 * c) ** 3,
            10 * (c - d) - 8 * (b - 2 * c) ** 3,
            -10 * (c - d) - 40 * (a - d) ** 3,
        ]
    )
    return f, g


def quadratic(x):
    h = 1.0 + numpy.arange(x.size)
    e = x - numpy.cos(numpy.arange(x.size))
    return 0.5 * numpy.sum(h * e**2), h * e


def logarithms(x):
    s = numpy.sum(numpy.exp(x))
    return numpy.log(s) + 0.5 * numpy.sum(x**2) - x[0], numpy.exp(x) / s + x - numpy.eye(x.size)[0]


PROBLEMS = {
    "rosenbrock2": (rosenbrock, [-1.2] * 2),
    "rosenbrock30": (rosenbrock, [-1.2] * 30),
    "beale": (beale, [1.0, 1.0]),
    "powell": (powell, [3.0, -1.0, 0.0, 1.0]),
    "quadratic": (quadratic, [1.0] * 50),
    "logarithms": (logarithms, [2.0] * 20),
}


def powell_hessian(x):
    a, b, c, d = x
    p, q = 12 * (b - 2 * c) ** 2, 120 * (a - d) ** 2
    return numpy.array(
        [
            [2 + q, 20, 0, -q],
            [20, 200 + p, -2 * p, 0],
            [0, -2 * p, 10 + 4 * p, -10],
            [-q, 0, -10, 10 + q],
        ]
    )


def quadratic_hessian(x):
    return numpy.diag(1.0 + numpy.arange(x.size))


def logarithms_hessian(x):
    p = numpy.exp(x) / numpy.sum(numpy.exp(x))
    return numpy.diag(p) - numpy.outer(p, p) + numpy.eye(x.size)


# Convex ones, with their Hessians: where a trust region with dogleg steps goes.
CONVEX = {"powell": powell_hessian, "quadratic": quadratic_hessian, "logarithms": logarithms_hessian}
DOGLEG_STEPS = 12

METHODS = {"LBFGS": ("L-BFGS-B", {"maxcor": 10}), "BFGS": ("BFGS", {}), "NonlinearCG": ("CG", {})}
GTOL = 1e-6  # of the largest element of the gradient


def dogleg_paths():
    out = {"scipy": scipy.__version__, "problems": {}}
    for name, hessian in CONVEX.items():
        f, start = PROBLEMS[name]
        path = []
        minimize(
            f,
            numpy.array(start),
            jac=True,
            hess=hessian,
            method="dogleg",
            options={"gtol": 1e-8, "maxiter": DOGLEG_STEPS},
            callback=lambda x, path=path: path.append([float(v) for v in x]),
        )
        out["problems"][name] = path
    return out


def main():
    out = {"scipy": scipy.__version__, "gtol": GTOL, "problems": {}}
    for name, (f, start) in PROBLEMS.items():
        entry = out["problems"][name] = {}
        for method, (theirs, options) in METHODS.items():
            options = dict(options, gtol=GTOL, maxiter=100000)
            if theirs == "L-BFGS-B":
                options.update(ftol=0, maxfun=100000)
            found = minimize(f, numpy.array(start), jac=True, method=theirs, options=options)
            entry[method] = {
                "f": float(found.fun),
                "x": [float(v) for v in found.x],
                "evaluations": int(found.nfev),
                "largest_gradient": float(numpy.abs(f(found.x)[1]).max()),
            }
    folder = pathlib.Path(__file__).parent / "methods"
    folder.mkdir(exist_ok=True)
    (folder / "minima.json").write_text(json.dumps(out, indent=1) + "\n")
    (folder / "dogleg.json").write_text(json.dumps(dogleg_paths(), indent=1) + "\n")


if __name__ == "__main__":
    main()
