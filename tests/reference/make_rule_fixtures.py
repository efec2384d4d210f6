#!/usr/bin/env python3
"""Writes rules/*.json: what other people's optimizers do in 300 steps of a fixed sequence.

    python3 make_rule_fixtures.py            all items
    python3 make_rule_fixtures.py Adam SGD   these

The tables of items are the files rules_*.py; sequences.py says what a rule is fed. A case holds

    "using"      the rule with its hyperparameters, as it stands in a program
    "made_by"    whose numbers these are
    "loop"       open, curved or closed
    "reads"      x, or answer: whether the numbers are the rule's points or what it answers with
    "x"          {"1": [tensor, …], "10": …, "300": …}: parameters after that many steps, by the
                 peer in f64; the first two elements of a tensor only, except at the end
    "f32_error"  how far the peer's own f32 run ends from its f64 run: max |a - b| over all elements

A tensor is its elements in row-major order; numbers are written so that they read back exactly.
"stream" holds the first numbers of the first case's stream, to check another implementation of it.
"""
import importlib
import json
import pathlib
import sys
import zlib

import peers

peers.need("numpy", "torch", "jax", "optax", "adan_pytorch", "dadaptation", "lion_pytorch", "prodigyopt",
           "pytorch_optimizer", "schedulefree")
import numpy as np  # noqa: E402

from sequences import SHAPES, Sequence  # noqa: E402
from stream import Stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 300
KEPT = (1, 10, STEPS)
PREFIX = 2
MOST_AMPLIFIED = 1e-12  # of closed loops, a tenth of what the tests allow


def tables():
    items = {}
    for path in sorted(HERE.glob("rules_*.py")):
        for item, cases in importlib.import_module(path.stem).ITEMS.items():
            assert item not in items, f"{item} stands in two tables"
            items[item] = cases
    return items


def arguments(hyper):
    text = {True: "true", False: "false"}
    return ", ".join(f"{k} = {text[v] if isinstance(v, bool) else repr(v)}" for k, v in hyper.items())


def run(case, seed, dtype, disturbed=False):
    sequence = (Disturbed if disturbed else Sequence)(seed, dtype, case.get("loop", "open"))
    kept = {}
    for step, x in enumerate(case["peer"](sequence, STEPS), 1):
        if step in KEPT:
            kept[step] = [np.array(a, dtype=np.float64).ravel() for a in x]
    assert all(np.isfinite(a).all() for a in kept[STEPS]), "the reference itself is not finite"
    return kept


class Disturbed(Sequence):
    """Every gradient is taken at a point that is off by one rounding, up or down."""

    def gradient(self, step, points):
        def off(a):
            signs = 1 - 2 * ((np.arange(a.size).reshape(a.shape) + step // 2) % 2)
            return a * (1 + signs * 2.0**-52)

        return super().gradient(step, [off(a) for a in points])


def amplified(case, seed, exact):
    """How far the peer's own end moves, relative to the largest element, if each point is off by one rounding. Near
    the optimum of a quadratic a rule may be unstable (lr*stiffness/√v above 2 once v has decayed) and
    blow roundings up without bound: such a case decides nothing."""
    moved = run(case, seed, np.float64, disturbed=True)
    pairs = [(a, b) for a, b in zip(exact[STEPS], moved[STEPS]) if a.size]
    return max(float(np.max(np.abs(a - b)) / np.max(np.abs(a))) for a, b in pairs)


def written(item, case):
    seed = zlib.crc32(f"{item}/{case['name']}".encode())
    exact, single = run(case, seed, np.float64), run(case, seed, np.float32)
    if case.get("loop") == "closed" and (moves := amplified(case, seed, exact)) > MOST_AMPLIFIED:
        sys.exit(f"{item}/{case['name']}: one rounding of each point moves the peer's end by {moves:.1e}")
    error = max(float(np.max(np.abs(a - b), initial=0)) for a, b in zip(exact[STEPS], single[STEPS]))
    return {
        "name": case["name"],
        "seed": seed,
        "using": case.get("using") or f"{item}({arguments(case['hyper'])})",
        "made_by": case["made_by"],
        "loop": case.get("loop", "open"),
        "reads": case.get("reads", "x"),
        "f32_error": float(f"{error:.3g}"),
        "x": {
            str(step): [[float(v) for v in (a if step == STEPS else a[:PREFIX])] for a in exact[step]]
            for step in KEPT
        },
    }


def text(value, depth=0):
    """JSON with one line for each kept step, so that a change reads well in a diff."""
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        rows = [f"{pad}{json.dumps(k)}: {text(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + pad[2:] + "}" if rows else "{}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(pad + text(v, depth + 1) for v in value) + "\n" + pad[2:] + "]"
    return json.dumps(value, allow_nan=False)


def main():
    folder = HERE / "rules"
    folder.mkdir(exist_ok=True)
    items = tables()
    for item in sys.argv[1:] or items:
        cases = [written(item, case) for case in items[item]]
        seed = cases[0]["seed"]
        uniform, magnitude = Stream(seed), Stream(seed)
        stream = {
            "uniform": [uniform.uniform() for _ in range(4)],
            "magnitude": [magnitude.magnitude() for _ in range(8)],
        }
        content = {"item": item, "steps": STEPS, "shapes": SHAPES, "stream": stream, "cases": cases}
        (folder / f"{item}.json").write_text(text(content) + "\n", encoding="utf-8")
        print(item, len(cases), flush=True)


if __name__ == "__main__":
    main()
