"""Table of make_rule_fixtures.py: optimizers around an inner one, and averages of the points."""
import itertools

import numpy as np
import optax
import pytorch_optimizer
import torch

from sequences import averaged_peer, by_package, by_paper, by_torch, case, lookahead_peer, sam_peer
import peers


def sgd_text(lr, momentum):
    return f"SGD(lr = {lr}, momentum = {momentum})"


def sam(name, rho, lr, momentum):
    def make():
        attack = optax.chain(optax.contrib.normalize(), optax.sgd(rho))
        return optax.contrib.sam(optax.sgd(lr, momentum), attack, opaque_mode=True)

    using = f"SAM(inner = {sgd_text(lr, momentum)}, rho = {rho}, eps = 0)"
    return case(name, {}, sam_peer(make), peers.version("optax"), "closed", using)


def sam_adam(name, rho, lr):
    def make():
        attack = optax.chain(optax.contrib.normalize(), optax.sgd(rho))
        return optax.contrib.sam(optax.adam(lr, eps=1e-3), attack, opaque_mode=True)

    using = f"SAM(inner = Adam(lr = {lr}, eps = 1e-3), rho = {rho}, eps = 0)"
    return case(name, {}, sam_peer(make), peers.version("optax"), "closed", using)


def asam_paper(x, gradient, rho, eta, lr, momentum):
    v = [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        g = gradient(t, x)
        s = [np.abs(a) + eta for a in x]
        length = np.sqrt(sum(np.sum((a * b) ** 2, dtype=np.float64) for a, b in zip(s, g)))
        e = [(rho * b * b * a / length).astype(a.dtype) for a, b in zip(g, s)]
        g = gradient(t, [a + b for a, b in zip(x, e)])
        v = [momentum * a + b for a, b in zip(v, g)]
        x = [a - lr * b for a, b in zip(x, v)]
        yield x


def asam(name, rho, eta, lr, momentum):
    using = f"ASAM(inner = {sgd_text(lr, momentum)}, rho = {rho}, eta = {eta})"
    hyper = {"rho": rho, "eta": eta, "lr": lr, "momentum": momentum}
    return by_paper(name, hyper, asam_paper, "closed", using)


def lookahead(name, k, alpha, lr, reads, loop="open"):
    using = f"Lookahead(inner = Adam(lr = {lr}, eps = 1e-4), k = {k}, alpha = {alpha})"
    peer = lookahead_peer(lambda: optax.lookahead(optax.adam(lr, eps=1e-4), k, alpha), reads)
    return case(name, {}, peer, peers.version("optax"), loop, using, reads)


def averaged(name, using, average, takes=lambda t: True, reads="answer", lr=0.0093, momentum=0.86):
    """`average(module)` is an AveragedModel, updated after the steps that `takes` says."""

    def make(p):
        return torch.optim.SGD(p, lr, momentum, foreach=False)

    using = using.format(sgd=sgd_text(lr, momentum))
    return case(name, {}, averaged_peer(make, average, takes, reads), peers.version("torch"), "open", using, reads)


def ema_torch(decay):
    def average(module):
        mean = torch.optim.swa_utils.get_ema_multi_avg_fn(decay)
        return torch.optim.swa_utils.AveragedModel(module, multi_avg_fn=mean)

    return average


def ema_numpy(x, gradient, lr, momentum, decay, warmup, debias):
    v = [np.zeros_like(a) for a in x]
    mean = [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        v = [momentum * a + b for a, b in zip(v, gradient(t, x))]
        x = [a - lr * b for a, b in zip(x, v)]
        d = min(decay, (1 + t) / (10 + t)) if warmup else decay
        mean = list(x) if t == 1 and not debias else [d * a + (1 - d) * b for a, b in zip(mean, x)]
        yield [a / (1 - decay**t) for a in mean] if debias else mean


def ema_by_hand(name, decay, lr=0.0081, momentum=0.79, warmup=False, debias=False):
    switch = "warmup" if warmup else "debias"
    using = f"EMA(inner = {sgd_text(lr, momentum)}, decay = {decay}, {switch} = true)"
    hyper = {"lr": lr, "momentum": momentum, "decay": decay, "warmup": warmup, "debias": debias}
    return by_paper(name, hyper, ema_numpy, using=using) | {"reads": "answer"}


def asgd(name, reads="x", **hyper):
    def make(p):
        keywords = {"lambd" if k == "lambda" else k: v for k, v in hyper.items()}
        return torch.optim.ASGD(p, foreach=False, **keywords)

    def read(rule, parameters):
        return [rule.state[p]["ax"] for p in parameters]

    return by_torch(name, hyper, make, read if reads == "answer" else None) | {"reads": reads}


def lion(name, lr, beta1, beta2):
    def make(p):
        return pytorch_optimizer.Lion(p, lr, (beta1, beta2), cautious=True, weight_decay=0.0)

    using = f"Cautious(inner = Lion(lr = {lr}, beta1 = {beta1}, beta2 = {beta2}, weight_decay = 0), add_one = true)"
    return by_package("pytorch_optimizer", name, {}, make, using=using)


def cautious_adam(x, gradient, lr, beta1, beta2, eps, floor):
    m, v = [np.zeros_like(a) for a in x], [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        g = gradient(t, x)
        m = [beta1 * a + (1 - beta1) * b for a, b in zip(m, g)]
        v = [beta2 * a + (1 - beta2) * b * b for a, b in zip(v, g)]
        step = [lr * (a / (1 - beta1**t)) / (np.sqrt(b / (1 - beta2**t)) + eps) for a, b in zip(m, v)]
        mask = [(a * b > 0).astype(b.dtype) for a, b in zip(m, g)]
        scale = [a / np.maximum(np.mean(a) if a.size else 0, floor).astype(a.dtype) for a in mask]
        x = [(a - b * c).astype(a.dtype) for a, b, c in zip(x, step, scale)]
        yield x


def cautious(name, lr, beta1, beta2, eps, floor):
    using = f"Cautious(inner = Adam(lr = {lr}, beta1 = {beta1}, beta2 = {beta2}, eps = {eps}), floor = {floor})"
    hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "floor": floor}
    return by_paper(name, hyper, cautious_adam, using=using)


ITEMS = {
    "SAM": [sam("momentum", 0.031, 0.011, 0.85), sam("plain", 0.1, 0.01, 0.3), sam_adam("adam", 0.023, 0.0051)],
    "ASAM": [asam("paper", 0.13, 0.01, 0.019, 0.81), asam("no_eta", 0.05, 0.0, 0.02, 0.7)],
    "Lookahead": [
        lookahead("fast", 7, 0.43, 0.0087, "x"),
        lookahead("slow", 5, 0.71, 0.013, "answer"),
        lookahead("quadratic", 6, 0.5, 0.011, "answer", "closed"),
    ],
    "EMA": [
        averaged("torch", "EMA(inner = {sgd}, decay = 0.97)", ema_torch(0.97)),
        averaged("points", "EMA(inner = {sgd}, decay = 0.9)", ema_torch(0.9), reads="x"),
        averaged("started", "EMA(inner = {sgd}, decay = 0.93, start = 40)", ema_torch(0.93), lambda t: t > 40),
        ema_by_hand("warmup", 0.996, warmup=True),
        ema_by_hand("debias", 0.984, debias=True),
    ],
    "SWA": [
        averaged("all", "SWA(inner = {sgd})", torch.optim.swa_utils.AveragedModel),
        averaged(
            "cycles", "SWA(inner = {sgd}, start = 50, every = 7)", torch.optim.swa_utils.AveragedModel,
            lambda t: t > 50 and (t - 50) % 7 == 0,
        ),
    ],
    "ASGD": [
        asgd("plain", lr=0.013),
        asgd("all", **{"lr": 0.041, "lambda": 0.037, "alpha": 0.61, "t0": 60, "weight_decay": 0.083}),
        asgd("mean", "answer", **{"lr": 0.027, "lambda": 0.011, "alpha": 0.83, "t0": 25}),
    ],
    "Cautious": [
        lion("package", 0.0043, 0.87, 0.963),
        cautious("adam", 0.0067, 0.86, 0.975, 1e-6, 1e-3),
        cautious("floor", 0.0049, 0.91, 0.983, 1e-8, 0.7),
    ],
}  # fmt: skip
