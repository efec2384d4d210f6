#!/usr/bin/env python3
"""Writes prox.json: proximal points and projections of the library's items, as CVXPY's solver finds them.

    python3 make_prox_fixtures.py

prox: the minimum over z of h(z) + |z - y|²/(2s); of a set the point nearest to y. Shapes and arguments are those of the line `Example:` in the
comment of each item. The solver is asked for residuals of 1e-11; its points are good to about 1e-7.
"""
import json
import pathlib

import peers

peers.need("cvxpy", "numpy")
import cvxpy as cp  # noqa: E402
import numpy as np  # noqa: E402

from stream import Stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent

PROX = {
    "norm1": ((6,), lambda z: cp.norm1(z)),
    "norm": ((6,), lambda z: cp.norm(z)),
    "sumsq": ((6,), lambda z: cp.sum_squares(z)),
    "norminf": ((6,), lambda z: cp.norm_inf(z)),
    "elastic_net": ((6,), lambda z: 0.7 * cp.norm1(z) + 0.15 * cp.sum_squares(z)),
    "group_lasso": ((4, 3), lambda z: sum(cp.norm(z[i, :]) for i in range(4))),
    "nuclear_norm": ((4, 3), lambda z: cp.normNuc(z)),
    "huber": ((6,), lambda z: cp.sum(cp.huber(z, 0.5)) / 2),
    "logistic": ((6,), lambda z: cp.sum(cp.logistic(-z))),
    "log_barrier": ((6,), lambda z: -cp.sum(cp.log(z))),
    "total_variation": ((7,), lambda z: cp.norm1(z[1:] - z[:-1])),
}
A = np.array([[1.0, 1, 1], [1, -1, 2]])
SETS = {
    "Box": ((6,), lambda z: [z >= -0.5, z <= 0.25]),
    "NonNegative": ((6,), lambda z: [z >= 0]),
    "HalfSpace": ((3,), lambda z: [np.array([1, -2, 0.5]) @ z <= 0.25]),
    "AffineSet": ((3,), lambda z: [A @ z == np.array([1, 0.5])]),
    "Simplex": ((6,), lambda z: [z >= 0, cp.sum(z) == 1]),
    "L1Ball": ((6,), lambda z: [cp.norm1(z) <= 1]),
    "L2Ball": ((6,), lambda z: [cp.norm(z) <= 1]),
    "LinfBall": ((6,), lambda z: [cp.norm_inf(z) <= 0.5]),
    "SecondOrderCone": ((5,), lambda z: [cp.norm(z[:4]) <= z[4]]),
    "PSDCone": ((4, 4), None),
}


def solved(y, s, h=None, constraints=None):
    psd = constraints is None and h is None
    z = cp.Variable(y.shape, PSD=True) if psd else cp.Variable(y.shape)
    objective = cp.sum_squares(z - y) / (2 * s) + (h(z) if h else 0)
    problem = cp.Problem(cp.Minimize(objective), constraints(z) if constraints else [])
    tight = 1e-11
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=tight, tol_gap_rel=tight, tol_feas=tight)
    return np.asarray(z.value)


def main():
    items = []
    for number, (name, (shape, h)) in enumerate([*PROX.items(), *SETS.items()]):
        stream = Stream(500 + number)
        cases = []
        for s, spread in [(1.0, 1.0), (0.3, 3.0), (2.5, 3.0), (0.1, 0.5)]:
            y = spread * np.array([stream.uniform() for _ in range(int(np.prod(shape)))]).reshape(shape)
            if name in PROX:
                z = solved(y, s, h=h)
            else:
                z = solved((y + y.T) / 2 if name == "PSDCone" else y, 1.0, constraints=h)
            cases.append({"s": s, "y": y.ravel().tolist(), "z": np.round(z.ravel(), 10).tolist()})
        items.append(json.dumps({"name": name, "cases": cases}))
    head = json.dumps({"made_by": f"cvxpy {cp.__version__}, Clarabel"})
    (HERE / "prox.json").write_text(head[:-1] + ', "items": [\n' + ",\n".join(items) + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
