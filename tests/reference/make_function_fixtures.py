#!/usr/bin/env python3
"""Writes functions/*.json: value, gradient and Hessian of the problems of functions.tw by torch.autograd in f64.

    python3 make_function_fixtures.py

One file for each function and loss of the library, in the form of gradients/*.json (see make_gradient_fixtures.py). Points have no
ties and lie on no kink; what holds there is said on the function's page and tested by hand.
"""
import json

import peers

peers.need("torch", "numpy")
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from make_gradient_fixtures import HERE, case, draw, labels  # noqa: E402
from stream import Stream  # noqa: E402


def sum_over(c, z):
    return (c * z).sum()


FUNCTIONS = {
    "clamp": lambda d, x: sum_over(d["c"], x.clamp(-0.5, 0.7) + x.clamp(min=0.1) ** 3),
    "log_softmax": lambda d, x: sum_over(
        d["c"], torch.log_softmax(x, -1) + 2 * torch.log_softmax(x, 0)
    ),
    "logsumexp": lambda d, x: d["a"] @ torch.logsumexp(x, -1) + d["b"] @ torch.logsumexp(x, 0),
    "norm": lambda d, x: torch.linalg.vector_norm(d["c"] * x) + torch.linalg.vector_norm(x) ** 3,
    "norm1": lambda d, x: torch.linalg.vector_norm(d["c"] * x, 1)
    + torch.linalg.vector_norm(x, 1) ** 2,
    "norminf": lambda d, x: (d["c"] * x).abs().amax() + x.abs().amax() ** 2,
    "relu": lambda d, x: sum_over(d["c"], torch.relu(x) + torch.relu(-x) ** 3),
    "softmax": lambda d, x: sum_over(d["c"], torch.softmax(x, -1) + 2 * torch.softmax(x, 0)),
    "sumsq": lambda d, x: ((d["c"] * x) ** 2).sum() + (x**2).sum() ** 2,
    "variance": lambda d, x: torch.var(d["c"] * x, correction=0) + torch.var(x, correction=1) ** 2,
    "cross_entropy": lambda d, x: d["a"] @ F.cross_entropy(x, d["y"], reduction="none"),
    "logistic": lambda d, x: sum_over(
        d["c"], F.soft_margin_loss(x, torch.ones_like(x), reduction="none")
    ),
}


def data_of(name, stream, n, k):
    if name == "cross_entropy":
        y = labels(stream, n, k)
        y[0] = k - 1  # the largest class occurs, so k can be read from the data
        return {"a": draw(stream, n), "y": y}
    if name == "logsumexp":
        return {"a": draw(stream, n), "b": draw(stream, k)}
    return {"c": draw(stream, n, k, scale=2)}


def main():
    torch.set_num_threads(1)
    folder = HERE / "functions"
    folder.mkdir(exist_ok=True)
    for number, (name, function) in enumerate(FUNCTIONS.items()):
        cases = []
        # exp overflows at 800, and 30 apart everything but one class rounds away
        for n, k, scale in [(3, 4, 1.0), (1, 2, 1.0), (5, 2, 30.0), (4, 3, 800.0)]:
            stream = Stream(1000 * (number + 1) + n)
            data = data_of(name, stream, n, k)
            point = {"x": draw(stream, n, k, scale=scale)}
            if scale > 100:  # two that are near, or all derivatives would round to 0
                point["x"][:, 1] = point["x"][:, 0] + draw(stream, n)
            cases.append(case(lambda d, p, hyper: function(d, p["x"]), {}, data, point, True))
        head = {
            "problem": f"{name}_of_x",
            "program": "tests/reference/functions.tw",
            "made_by": f"torch {torch.__version__.split('+')[0]}",
        }
        lines = ",\n".join(json.dumps(c, allow_nan=False) for c in cases)
        (folder / f"{name}.json").write_text(
            f'{json.dumps(head)[:-1]}, "cases": [\n{lines}\n]}}\n', encoding="utf-8"
        )


if __name__ == "__main__":
    main()
