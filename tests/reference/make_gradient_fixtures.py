#!/usr/bin/env python3
"""Writes gradients/*.json: value, gradient and Hessian of the example problems by torch.autograd in f64.

    python3 make_gradient_fixtures.py

Every case stores its data, its hyperparameters and the point, so that a reader needs no generator.
Tensors are nested lists. "hessian" holds the block of each pair of parameters, indexed first by
the elements of the first and then by those of the second. The objectives below are written from
the formulas of the programs; torch's own losses stand in where it has them.
"""
import json
import pathlib

import peers

peers.need("torch", "numpy")
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from stream import Stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def draw(stream, *shape, scale=1.0):
    count = 1
    for size in shape:
        count *= size
    values = [scale * stream.uniform() for _ in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def labels(stream, n, k):
    return torch.tensor([(stream.word() >> 33) % k for _ in range(n)])


def logistic_regression(data, point, hyper):
    margin = data["y"] * (data["X"] @ point["w"] + point["b"])
    penalty = hyper["lambda"] / 2 * (point["w"] ** 2).sum()
    return -F.logsigmoid(margin).mean() + penalty  # softplus overflows or cuts off


def digits_mlp(data, point, hyper):
    hidden = torch.relu(data["X"] @ point["W1"] + point["b1"])
    logits = hidden @ point["W2"] + point["b2"]
    penalty = hyper["lambda"] / 2 * ((point["W1"] ** 2).sum() + (point["W2"] ** 2).sum())
    return F.cross_entropy(logits, data["y"]) + penalty


def rosenbrock(data, point, hyper):
    x = point["x"]
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def case(objective, hyper, data, point, hessian):
    names = list(point)

    def at(*values):
        return objective(data, dict(zip(names, values)), hyper)

    values = tuple(point[n].clone().requires_grad_() for n in names)
    value = at(*values)
    gradient = torch.autograd.grad(value, values)
    result = {
        "hyper": hyper,
        "data": {k: v.tolist() for k, v in data.items()},
        "at": {n: point[n].tolist() for n in names},
        "value": value.item(),
        "gradient": {n: g.tolist() for n, g in zip(names, gradient)},
    }
    if hessian:
        blocks = torch.autograd.functional.hessian(at, values)
        result["hessian"] = {
            a: {b: blocks[i][j].tolist() for j, b in enumerate(names)} for i, a in enumerate(names)
        }
    return result


def logistic_cases():
    for seed, n, d, scale, strength in [
        (11, 7, 3, 1.0, 1e-3),
        (12, 20, 5, 2.0, 0.4),
        (13, 1, 1, 1.0, 0.0),
        (14, 6, 2, 400.0, 1e-2),  # margins of hundreds: exp(-margin) overflows in the plain form
    ]:
        s = Stream(seed)
        data = {"X": draw(s, n, d, scale=2), "y": 2.0 * labels(s, n, 2) - 1}
        point = {"w": draw(s, d, scale=scale), "b": draw(s)}
        yield case(logistic_regression, {"lambda": strength}, data, point, True)


def mlp_cases():
    for seed, n, d, hidden, k, scale in [(21, 9, 4, 5, 3, 1.0), (22, 3, 2, 3, 2, 60.0)]:
        s = Stream(seed)
        data = {"X": draw(s, n, d), "y": labels(s, n, k)}
        data["y"][0] = k - 1  # the largest class occurs, so k can be read from the data
        point = {
            "W1": draw(s, d, hidden, scale=scale),
            "b1": draw(s, hidden),
            "W2": draw(s, hidden, k, scale=scale),
            "b2": draw(s, k),
        }
        yield case(digits_mlp, {"hidden": hidden, "lambda": 1e-2}, data, point, False)


def rosenbrock_cases():
    for seed, n in [(31, 2), (32, 5), (33, 10)]:
        yield case(rosenbrock, {"n": n}, {}, {"x": draw(Stream(seed), n, scale=2)}, True)
    yield case(rosenbrock, {"n": 3}, {}, {"x": torch.ones(3, dtype=torch.float64)}, True)


def main():
    torch.set_num_threads(1)
    folder = HERE / "gradients"
    folder.mkdir(exist_ok=True)
    for problem, program, cases in [
        ("LogisticRegression", "examples/01_logistic_regression.tw", logistic_cases()),
        ("DigitsMLP", "examples/06_matrix_optimizers.tw", mlp_cases()),
        ("Rosenbrock", "stdlib/problems/Rosenbrock.tw", rosenbrock_cases()),
    ]:
        lines = ",\n".join(json.dumps(c, allow_nan=False) for c in cases)
        made_by = f"torch {torch.__version__.split('+')[0]}"
        head = json.dumps({"problem": problem, "program": program, "made_by": made_by})[:-1]
        (folder / f"{problem}.json").write_text(
            f'{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8"
        )


if __name__ == "__main__":
    main()
