"""PyTorch's side of the speed suite: one thread, fused and compiled optimizers, eager losses and networks."""
import pathlib

import numpy
import torch
from timing import seconds_of, serve

torch.set_num_threads(1)


def parameters(count, size):
    all_of_them = []
    for _ in range(count):
        x = torch.nn.Parameter(torch.full((size,), 0.5))
        x.grad = torch.full((size,), 0.01)
        all_of_them.append(x)
    return all_of_them


def adamw(count, size, **how):
    return torch.optim.AdamW(parameters(count, size), lr=1e-3, weight_decay=0.01, **how)


def compiled(count, size):
    rule = torch.optim.AdamW(parameters(count, size), lr=torch.tensor(1e-3), weight_decay=0.01)
    return torch.compile(rule.step)


def memory():
    n = 64 << 20
    return {
        "torch fused": seconds_of(adamw(1, n, fused=True).step),
        "torch compiled": seconds_of(compiled(1, n)),
    }


def cache():
    n = 16 << 10
    return {
        "torch fused": seconds_of(adamw(1, n, fused=True).step),
        "torch compiled": seconds_of(compiled(1, n)),
    }


def clip():
    rule = adamw(1, 64 << 20, fused=True)
    x = rule.param_groups[0]["params"]

    def step():
        torch.nn.utils.clip_grad_norm_(x, 1)
        rule.step()

    return {"torch fused": seconds_of(step)}


def tensors():
    return {
        "torch fused": seconds_of(adamw(3000, 3500, fused=True).step),
        "torch foreach": seconds_of(adamw(3000, 3500, foreach=True).step),
    }


def logistic():
    numbers = numpy.random.default_rng(1)
    X = torch.from_numpy(numbers.uniform(-1, 1, (1_000_000, 112)).astype(numpy.float32))
    y = torch.where(X[:, 0] > 0, 1.0, -1.0)
    w = torch.nn.Parameter(0.01 * (torch.arange(112) % 7).float())

    def loss():
        return torch.nn.functional.softplus(-y * (X @ w)).mean()

    fast = torch.compile(loss)

    def gradient(of):
        w.grad = None
        of().backward()

    return {
        "torch": seconds_of(lambda: gradient(loss)),
        "torch compiled": seconds_of(lambda: gradient(fast)),
    }


def digits(batch):
    """Steps of the network of examples/06 on its data: shuffled batches, cross-entropy, AdamW."""
    path = pathlib.Path(__file__).resolve().parents[1] / "examples/data/digits.csv"
    table = numpy.loadtxt(path, delimiter=",", skiprows=1, dtype=numpy.float32)
    X, y = torch.from_numpy(table[:, :-1] / 16), torch.from_numpy(table[:, -1].astype(numpy.int64))
    net = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    results = {}
    for name, how in ("torch eager", {}), ("torch eager, fused", {"fused": True}):
        rule = torch.optim.AdamW(net.parameters(), lr=3e-3, **how)
        state = {"at": len(X), "order": None}

        def step():
            if state["at"] + batch > len(X):
                state["at"], state["order"] = 0, torch.randperm(len(X))
            rows = state["order"][state["at"] : state["at"] + batch]
            state["at"] += batch
            rule.zero_grad()
            decay = net[0].weight.square().sum() + net[2].weight.square().sum()
            loss = torch.nn.functional.cross_entropy(net(X[rows]), y[rows]) + 0.5e-4 * decay
            loss.backward()
            rule.step()

        results[name] = seconds_of(step)
    return results


serve(
    {
        "memory": memory,
        "cache": cache,
        "clip": clip,
        "tensors": tensors,
        "logistic": logistic,
        "digits 64": lambda: digits(64),
        "digits 512": lambda: digits(512),
    }
)
