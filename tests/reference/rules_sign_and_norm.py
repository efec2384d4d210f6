"""Table of make_rule_fixtures.py: signs of elements, norms of tensors."""
import itertools

import lion_pytorch
import numpy as np
import optax

from rules_adam import means
from sequences import by_optax, by_package, by_paper


def lion(name, lr, beta1, beta2, weight_decay):
    hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay}
    return by_optax(name, hyper, lambda: optax.lion(lr, beta1, beta2, weight_decay=weight_decay))


def lion_author(name, lr, beta1, beta2, weight_decay):
    hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay}

    def make(p):
        return lion_pytorch.Lion(p, lr=lr, betas=(beta1, beta2), weight_decay=weight_decay)

    return by_package("lion_pytorch", name, hyper, make)


def signum(name, lr, momentum, weight_decay):
    def make():
        return optax.chain(
            optax.ema(momentum, debias=False), optax.scale_by_sign(), optax.add_decayed_weights(weight_decay),
            optax.scale(-lr),
        )  # fmt: skip

    return by_optax(name, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}, make)


def lars(name, lr, momentum, weight_decay, trust, eps):
    hyper = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust, "eps": eps,
             "norm_of_sum": True}  # fmt: skip
    return by_optax(
        name, hyper, lambda: optax.lars(lr, weight_decay, trust_coefficient=trust, eps=eps, momentum=momentum)
    )


def norm(a):
    return np.sqrt(np.sum(a * a, dtype=np.float64)).astype(a.dtype)


def lars_paper(x, gradient, lr, momentum, weight_decay, trust):
    v = [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        g = gradient(t, x)
        for k in range(len(x)):
            below = norm(g[k]) + weight_decay * norm(x[k])
            ratio = trust * norm(x[k]) / below if norm(x[k]) > 0 and below > 0 else 1.0
            v[k] = momentum * v[k] + lr * ratio * (g[k] + weight_decay * x[k])
        x = [a - b for a, b in zip(x, v)]
        yield x


def lamb(name, lr, beta1, beta2, eps, weight_decay):
    hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
    return by_optax(name, hyper, lambda: optax.lamb(lr, beta1, beta2, eps, weight_decay=weight_decay))


def lamb_paper(x, gradient, lr, beta1, beta2, eps, weight_decay, max_norm=np.inf, bias_correction=True):
    for t, _, m, v in means(x, lambda step, points: gradient(step, x), beta1, beta2):
        if not bias_correction:
            m, v = [a * (1 - beta1**t) for a in m], [a * (1 - beta2**t) for a in v]
        u = [a / (np.sqrt(b) + eps) + weight_decay * c for a, b, c in zip(m, v, x)]
        ratio = [
            min(norm(a), max_norm) / norm(b) if norm(a) > 0 and norm(b) > 0 else 1.0 for a, b in zip(x, u)
        ]
        x = [a - (lr * r * b).astype(a.dtype) for a, r, b in zip(x, ratio, u)]
        yield x


ITEMS = {
    "SignSGD": [by_optax("random", {"lr": 0.0137}, lambda: optax.sign_sgd(0.0137))],
    "Signum": [signum("plain", 0.0091, 0.87, 0.0), signum("decay", 0.0073, 0.93, 0.23)],
    "Lion": [
        lion("optax", 0.0031, 0.9, 0.99, 0.0),
        lion("optax_decay", 0.0087, 0.83, 0.967, 0.19),
        lion_author("author", 0.0057, 0.93, 0.981, 0.13),
    ],
    "LARS": [
        lars("optax", 1.7, 0.9, 0.0, 0.013, 0.0),
        lars("optax_decay", 0.93, 0.83, 0.07, 0.021, 1e-3),
        by_paper("paper", {"lr": 1.3, "momentum": 0.87, "weight_decay": 0.05, "trust": 0.011}, lars_paper),
    ],
    "LAMB": [
        lamb("optax", 0.0071, 0.9, 0.999, 1e-6, 0.0),
        lamb("optax_decay", 0.0113, 0.86, 0.97, 1e-5, 0.17),
        by_paper(
            "clamped",
            {"lr": 0.0093, "beta1": 0.91, "beta2": 0.983, "eps": 1e-6, "weight_decay": 0.03, "max_norm": 1.7},
            lamb_paper,
        ),
        by_paper(
            "no_correction",
            {"lr": 0.0087, "beta1": 0.88, "beta2": 0.979, "eps": 1e-6, "weight_decay": 0.11, "bias_correction": False},
            lamb_paper,
        ),
    ],
}
