#!/usr/bin/env python3
"""Writes hessians/library.json, value, gradient and Hessian by JAX in f64 of the problems in problems_mgh.py at random
points.

    python3 make_hessian_fixtures.py
"""
import json
import pathlib

import peers

peers.need("jax", "numpy")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy  # noqa: E402

import problems_mgh  # noqa: E402

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).resolve().parent
POINTS = 2


class JaxArithmetic:
    exp, log, sin, cos, sqrt = jnp.exp, jnp.log, jnp.sin, jnp.cos, jnp.sqrt
    atan, fabs, pi = jnp.arctan, jnp.abs, numpy.pi

    @staticmethod
    def half_if_negative(x):
        return jnp.where(x < 0, 0.5, 0.0)

    @staticmethod
    def c(text):
        return float(text)


def case(f, point, hyper):
    names = list(point)
    values = [jnp.asarray(point[name], dtype=jnp.float64) for name in names]
    every = tuple(range(len(names)))
    value = f(*values)
    gradient = jax.grad(f, argnums=every)(*values)
    hessian = jax.hessian(f, argnums=every)(*values)
    plain = lambda a: numpy.asarray(a).tolist()  # noqa: E731
    if not all(numpy.all(numpy.isfinite(numpy.asarray(a))) for row in hessian for a in row):
        return None
    return {
        "hyper": hyper,
        "data": {},
        "at": {name: plain(v) for name, v in zip(names, values)},
        "value": float(value),
        "gradient": {name: plain(g) for name, g in zip(names, gradient)},
        "hessian": {p: {q: plain(b) for q, b in zip(names, row)} for p, row in zip(names, hessian)},
    }


def library(rng):
    cases = []
    for name, _, f, hyper, start in problems_mgh.problems():
        objective = lambda x, f=f: f(JaxArithmetic, [x[i] for i in range(len(start))])  # noqa: E731
        for _ in range(POINTS):
            at = numpy.array(start) + 0.1 * numpy.maximum(1, numpy.abs(start)) * rng.standard_normal(len(start))
            made = case(objective, {"x": at}, hyper)
            if made is None:  # outside of the domain: nearer to the start
                made = case(objective, {"x": numpy.array(start) * (1 + 0.01 * rng.uniform(size=len(start)))}, hyper)
            if made is not None:
                cases.append({"program": f"stdlib/problems/{name}.tw", "problem": name, **made})
    return cases


def main():
    folder = HERE / "hessians"
    folder.mkdir(exist_ok=True)
    made_by = peers.version("jax")
    write = lambda name, out: (folder / name).write_text(json.dumps(out, separators=(",", ":")) + "\n")  # noqa: E731
    write("library.json", {"made_by": made_by, "cases": library(numpy.random.default_rng(20260725))})


if __name__ == "__main__":
    main()
