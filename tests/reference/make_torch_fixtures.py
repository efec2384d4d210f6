#!/usr/bin/env python3
"""Writes torch/*.json: what torch.optim does in 200 steps of a fixed gradient sequence.

    python3 make_torch_fixtures.py

A case has a seed, hyperparameters and the shapes of its tensors. Its stream (stream.py) gives the
start x0 of every tensor in order, row-major, by `uniform`, then for step 1, 2, … the gradients of
all tensors in the same order by `magnitude`. They do not depend on x, so that every switch
of a rule shows. The f32 run gets x0 and each gradient rounded to f32.

    "f64": {"1": [tensor, …], "2": …, "10": …, "200": …}    parameters after that many steps
    "f32": {"200": [tensor, …]}                             the same from a run in float32
    "stream": first numbers of the case's stream, to check another implementation of it

A tensor is its elements in row-major order; numbers are written so that they read back exactly.
"""
import json
import math
import pathlib

import peers

peers.need("torch", "numpy")
import numpy as np  # noqa: E402
import torch  # noqa: E402

from stream import Stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 200
KEPT = (1, 2, 10, 200)
SHAPES = [[], [1], [37], [0, 3], [5, 7], [3, 4, 5]]

# Names are those of the Thalweg item; torch's spelling is made by `arguments`.
CASES = {
    "SGD": [
        ("plain", {"lr": 0.013}),
        ("momentum", {"lr": 0.0071, "momentum": 0.87}),
        ("dampening", {"lr": 0.021, "momentum": 0.93, "dampening": 0.41}),
        ("dampening_without_momentum", {"lr": 0.017, "dampening": 0.35}),
        ("decay", {"lr": 0.031, "weight_decay": 0.083}),
        ("momentum_decay", {"lr": 0.0047, "momentum": 0.62, "weight_decay": 0.19}),
        ("nesterov", {"lr": 0.0093, "momentum": 0.91, "nesterov": True}),
        ("nesterov_decay", {"lr": 0.0058, "momentum": 0.77, "weight_decay": 0.047, "nesterov": True}),
        ("all_but_nesterov", {"lr": 0.011, "momentum": 0.81, "dampening": 0.27, "weight_decay": 0.066}),
    ],
    "Adam": [
        ("defaults", {}),
        ("random", {"lr": 0.0173, "beta1": 0.83, "beta2": 0.961, "eps": 3.7e-6}),
        ("decay", {"lr": 0.0061, "beta1": 0.92, "beta2": 0.9871, "eps": 2.2e-9, "weight_decay": 0.117}),
        ("no_first_mean", {"lr": 0.0029, "beta1": 0.0, "beta2": 0.95, "eps": 1e-3}),
    ],
    "AdamW": [
        ("defaults", {}),
        ("random", {"lr": 0.0127, "beta1": 0.78, "beta2": 0.9932, "eps": 5.3e-7, "weight_decay": 0.29}),
        ("no_decay", {"lr": 0.0083, "beta1": 0.95, "beta2": 0.979, "eps": 1e-10, "weight_decay": 0.0}),
    ],
    "clip_by_global_norm": [
        ("always", {"lr": 0.0094, "beta1": 0.88, "beta2": 0.9921, "eps": 1.4e-8, "weight_decay": 0.053}),
        ("half_the_steps", {"lr": 0.0037, "beta1": 0.93, "beta2": 0.9968, "eps": 1e-8, "weight_decay": 0.0}),
    ],
}
MAX_NORM = {"always": 1.0, "half_the_steps": 10.9}  # 10.9 is near the median norm of the sequence


def arguments(hyper):
    keywords = {k: v for k, v in hyper.items() if not k.startswith("beta")}
    if "beta1" in hyper:
        keywords["betas"] = (hyper["beta1"], hyper["beta2"])
    return keywords


def optimizer(item, parameters, hyper):
    kind = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}.get(item, torch.optim.AdamW)
    return kind(parameters, foreach=False, **arguments(hyper))


def tensor(draw, shape, dtype):
    values = [draw() for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(dtype)


def elements(parameter):
    values = parameter.detach().numpy().ravel()
    if values.dtype == np.float32:  # the shortest text that reads back to the same float
        return [float(str(v)) for v in values]
    return [float(v) for v in values]


def run(item, hyper, seed, dtype, kept, max_norm=None):
    stream = Stream(seed)
    parameters = [tensor(stream.uniform, s, dtype).requires_grad_() for s in SHAPES]
    rule = optimizer(item, parameters, hyper)
    result = {}
    for step in range(1, STEPS + 1):
        for parameter in parameters:
            parameter.grad = tensor(stream.magnitude, list(parameter.shape), dtype)
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, max_norm, foreach=False)
        rule.step()
        if step in kept:
            result[str(step)] = [elements(p) for p in parameters]
    return result


def sample(seed):
    uniform, magnitude = Stream(seed), Stream(seed)
    return {
        "uniform": [uniform.uniform() for _ in range(4)],
        "magnitude": [magnitude.magnitude() for _ in range(8)],
    }


def text(value, depth=0):
    """JSON with one line for each tensor, so that a change reads well in a diff."""
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        rows = [f"{pad}{json.dumps(k)}: {text(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + pad[2:] + "}" if rows else "{}"
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return "[\n" + ",\n".join(pad + text(v, depth + 1) for v in value) + "\n" + pad[2:] + "]"
    return json.dumps(value)


def main():
    torch.set_num_threads(1)
    folder = HERE / "torch"
    folder.mkdir(exist_ok=True)
    for number, (item, cases) in enumerate(CASES.items()):
        written = []
        for k, (name, hyper) in enumerate(cases):
            seed = 1000 * (number + 1) + k
            case = {"name": name, "seed": seed, "hyper": hyper}
            max_norm = MAX_NORM[name] if item == "clip_by_global_norm" else None
            if max_norm is not None:
                case |= {"optimizer": "AdamW", "max_norm": max_norm}
            case["stream"] = sample(seed)
            case["f64"] = run(item, hyper, seed, torch.float64, KEPT, max_norm)
            case["f32"] = run(item, hyper, seed, torch.float32, KEPT[-1:], max_norm)
            written.append(case)
        content = {
            "item": item,
            "made_by": f"torch {torch.__version__.split('+')[0]}",
            "steps": STEPS,
            "shapes": SHAPES,
            "cases": written,
        }
        (folder / f"{item}.json").write_text(text(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
