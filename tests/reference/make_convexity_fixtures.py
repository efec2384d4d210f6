#!/usr/bin/env python3
"""Writes convexity.json: what CVXPY's composition rules say of some expressions in params and given numbers.

    python3 make_convexity_fixtures.py

Each case is an expression as Thalweg writes it and the same one in CVXPY; the verdict is CVXPY's `curvature`. The test holds that no
verdict contradicts another: where one says convex (concave) the other says so too or nothing, except for expressions that are known to
be convex though CVXPY's rules miss them (`known`).
"""
import json
import pathlib

import peers

peers.need("cvxpy", "numpy")
import cvxpy as cp  # noqa: E402
import numpy as np  # noqa: E402

from stream import Stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def numbers(stream, *shape):
    return np.round(np.array([2 * stream.uniform() for _ in range(int(np.prod(shape)))]).reshape(shape), 3)


stream = Stream(77)
A = numbers(stream, 4, 5)
b = numbers(stream, 4)
c = numbers(stream, 5)
p = np.abs(numbers(stream, 5))
R = numbers(stream, 5, 5)
P = np.round(R @ R.T, 3) + np.eye(5)
Q = np.round(R + R.T, 3)
y = np.array([1.0, -1.0, 1.0, 1.0])

x = cp.Variable(5)
z = cp.Variable(5)
s = cp.Variable()
M = cp.Variable((3, 3))

# Thalweg, CVXPY, and what is known to hold where CVXPY is silent.
CASES = [
    ("sum(x)", cp.sum(x)),
    ("dot(c, x)", c @ x),
    ("sum(A @ x - b)", cp.sum(A @ x - b)),
    ("s", s),
    ("3*s - 1", 3 * s - 1),
    ("sum(M)", cp.sum(M)),
    ("trace(M)", cp.trace(M)),
    ("sumsq(x)", cp.sum_squares(x)),
    ("sumsq(A @ x - b)", cp.sum_squares(A @ x - b)),
    ("-sumsq(x)", -cp.sum_squares(x)),
    ("mean((A @ x - b)^2)", cp.mean(cp.square(A @ x - b))),
    ("dot(x, x)", cp.sum_squares(x)),
    ("x @ P @ x", cp.quad_form(x, P)),
    ("-(x @ P @ x)", -cp.quad_form(x, P)),
    ("sumsq(x) - dot(c, x)", cp.sum_squares(x) - c @ x),
    ("norm1(x)", cp.norm1(x)),
    ("norm1(A @ x - b)", cp.norm1(A @ x - b)),
    ("0.1*norm1(x) + sumsq(A @ x - b)", 0.1 * cp.norm1(x) + cp.sum_squares(A @ x - b)),
    ("norm(x)", cp.norm(x)),
    ("norm(A @ x - b)", cp.norm(A @ x - b)),
    ("norminf(x)", cp.norm_inf(x)),
    ("norm(M)", cp.norm(M, "fro")),
    ("max(x)", cp.max(x)),
    ("min(x)", cp.min(x)),
    ("max(A @ x - b)", cp.max(A @ x - b)),
    ("max(x) - min(x)", cp.max(x) - cp.min(x)),
    ("sum(max(x, 0))", cp.sum(cp.pos(x))),
    ("sum(max(-x, 0))", cp.sum(cp.neg(x))),
    ("sum(min(x, 1))", cp.sum(cp.minimum(x, 1))),
    ("sum(max(x, z))", cp.sum(cp.maximum(x, z))),
    ("sum(max(1 - y*(A @ x + s), 0))", cp.sum(cp.pos(1 - cp.multiply(y, A @ x + s)))),
    ("sum(relu(A @ x))", cp.sum(cp.pos(A @ x))),
    ("sum(abs(x))", cp.sum(cp.abs(x))),
    ("sum(abs(x)^2)", cp.sum(cp.square(cp.abs(x)))),
    ("sum(abs(x)^3)", cp.sum(cp.power(cp.abs(x), 3))),
    ("sum(exp(x))", cp.sum(cp.exp(x))),
    ("sum(exp(-x))", cp.sum(cp.exp(-x))),
    ("sum(exp(abs(x)))", cp.sum(cp.exp(cp.abs(x)))),
    ("sum(exp(-abs(x)))", cp.sum(cp.exp(-cp.abs(x)))),
    ("exp(sumsq(x))", cp.exp(cp.sum_squares(x))),
    ("sum(log(x))", cp.sum(cp.log(x))),
    ("-sum(log(x))", -cp.sum(cp.log(x))),
    ("-sum(log(b - A @ x))", -cp.sum(cp.log(b - A @ x))),
    ("sum(log1p(x))", cp.sum(cp.log1p(x))),
    ("log(sum(x))", cp.log(cp.sum(x))),
    ("log(sumsq(x))", cp.log(cp.sum_squares(x))),
    ("sum(log(min(x, 1)))", cp.sum(cp.log(cp.minimum(x, 1)))),
    ("sum(sqrt(x))", cp.sum(cp.sqrt(x))),
    ("sqrt(sum(x))", cp.sqrt(cp.sum(x))),
    ("sqrt(sumsq(x))", cp.sqrt(cp.sum_squares(x)), "convex"),
    ("sqrt(1 + s^2)", cp.sqrt(1 + cp.square(s)), "convex"),
    ("sum(sqrt(x^2 + 1))", cp.sum(cp.sqrt(cp.square(x) + 1)), "convex"),
    ("sum(1/x)", cp.sum(cp.power(x, -1)), "unknown"),
    ("sum(softplus(x))", cp.sum(cp.logistic(x))),
    ("mean(softplus(-y*(A @ x)))", cp.sum(cp.logistic(-cp.multiply(y, A @ x))) / 4),
    ("mean(log(1 + exp(-y*(A @ x))))", cp.sum(cp.log(1 + cp.exp(-cp.multiply(y, A @ x)))) / 4, "convex"),
    ("sum(logistic(A @ x))", cp.sum(cp.logistic(-(A @ x)))),
    ("logsumexp(x)", cp.log_sum_exp(x)),
    ("logsumexp(A @ x - b)", cp.log_sum_exp(A @ x - b)),
    ("log(sum(exp(x)))", cp.log(cp.sum(cp.exp(x))), "convex"),
    ("logsumexp(abs(x))", cp.log_sum_exp(cp.abs(x))),
    ("logsumexp(-abs(x))", cp.log_sum_exp(-cp.abs(x))),
    ("-logsumexp(x)", -cp.log_sum_exp(x)),
    ("sum(x*log(x))", -cp.sum(cp.entr(x))),
    ("-sum(x*log(x))", cp.sum(cp.entr(x))),
    ("sum(x^3)", cp.sum(cp.power(x, 3)), "unknown"),
    ("sum(x^4)", cp.sum(cp.power(x, 4))),
    ("sum(x^1.5)", cp.sum(cp.power(x, 1.5))),
    ("sum(x^0.5)", cp.sum(cp.power(x, 0.5))),
    ("sum(x^-0.5)", cp.sum(cp.power(x, -0.5))),
    ("sum((x - c)^4)", cp.sum(cp.power(x - c, 4))),
    ("sum((x^2)^2)", cp.sum(cp.square(cp.square(x)))),
    ("sum((x^2 - 1)^2)", cp.sum(cp.square(cp.square(x) - 1))),
    ("sum(x*z)", cp.sum(cp.multiply(x, z))),
    ("sum(x)*s", cp.sum(x) * s),
    ("sumsq(x - z)", cp.sum_squares(x - z)),
    ("sumsq(x) - sumsq(z)", cp.sum_squares(x) - cp.sum_squares(z)),
    ("sumsq(x) + sum(log(z))", cp.sum_squares(x) + cp.sum(cp.log(z))),
    ("dot(p, abs(x))", p @ cp.abs(x)),
    ("dot(c, abs(x))", c @ cp.abs(x)),
    ("dot(c, x^2)", c @ cp.square(x)),
    ("dot(p, exp(x))", p @ cp.exp(x)),
    ("-dot(p, sqrt(x))", -(p @ cp.sqrt(x))),
    ("sum(p*log(x))", cp.sum(cp.multiply(p, cp.log(x)))),
    ("max(norm1(x), norm(z))", cp.maximum(cp.norm1(x), cp.norm(z))),
    ("norm1(x)^2", cp.square(cp.norm1(x))),
    ("norm(x)^3", cp.power(cp.norm(x), 3)),
    ("(1 - norm(x))^2", cp.square(1 - cp.norm(x))),
    ("norm(abs(x))", cp.norm(cp.abs(x))),
    ("sum(cosh(x))", 0.5 * cp.sum(cp.exp(x) + cp.exp(-x))),
    ("sum(exp(x) - exp(-x))", cp.sum(cp.exp(x) - cp.exp(-x))),
    ("sum(if c > 0 then x^2 else abs(x))", cp.sum(cp.multiply(c > 0, cp.square(x)) + cp.multiply(c <= 0, cp.abs(x)))),
    ("sum(concat(x^2, abs(z)))", cp.sum(cp.hstack([cp.square(x), cp.abs(z)]))),
    ("sumsq(x[1..] - x[..-1])", cp.sum_squares(x[1:] - x[:-1])),
    ("norm1(x[1..] - x[..-1])", cp.norm1(x[1:] - x[:-1])),
    ("100*(x[1] - x[0]^2)^2", 100 * cp.square(x[1] - cp.square(x[0]))),
    ("x[0]^2 + x[0]*x[1]", cp.square(x[0]) + x[0] * x[1]),
    ("sum(M @ M)", cp.sum(M @ M)),
    ("sumsq(M) + trace(M)", cp.sum_squares(M) + cp.trace(M)),
    ("sum(max(abs(x) - 1, 0))", cp.sum(cp.pos(cp.abs(x) - 1))),
    ("sum(max(min(x, 1), 0))", cp.sum(cp.pos(cp.minimum(x, 1)))),
    ("sum(exp(log(x)))", cp.sum(cp.exp(cp.log(x)))),
    ("log(sum(sqrt(x)))", cp.log(cp.sum(cp.sqrt(x)))),
    ("variance(x)", cp.sum_squares(x - cp.sum(x) / 5) / 5),
    ("x @ Q @ x", None, "unknown"),
    ("sum(sin(x))", None, "unknown"),
    ("sum(tanh(max(x, 0)))", None, "unknown"),
    ("sum(sigmoid(x))", None, "unknown"),
    ("sum(atan(min(x, 0)))", None, "unknown"),
]


def main():
    cases = []
    for text, expression, *known in CASES:
        verdict = expression.curvature.lower() if expression is not None else "unknown"
        cases.append({"thalweg": text, "cvxpy": verdict if verdict in ("affine", "convex", "concave") else "unknown"})
        if known:
            cases[-1]["known"] = known[0]
    head = {
        "made_by": f"cvxpy {cp.__version__}",
        "data": {k: v.tolist() for k, v in dict(A=A, b=b, c=c, p=p, P=P, Q=Q, y=y).items()},
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "convexity.json").write_text(
        f'{json.dumps(head)[:-1]}, "cases": [\n{lines}\n]}}\n', encoding="utf-8"
    )
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
