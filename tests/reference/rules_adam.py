"""Table of make_rule_fixtures.py: Adam and its relatives."""
import itertools

import numpy as np
import optax
import pytorch_optimizer
import torch

from sequences import by_optax, by_package, by_paper, by_torch

COMMON = "pytorch_optimizer"


def betas(hyper, more=()):
    """torch's spelling of beta1, beta2, … and of the names that differ."""
    renamed = {"decoupled": "decoupled_weight_decay"}
    rest = {renamed.get(k, k): v for k, v in hyper.items() if not k.startswith("beta")}
    kept = tuple(v for k, v in hyper.items() if k.startswith("beta"))
    return rest | ({"betas": kept} if kept else {}) | dict(more)


def torch_rule(kind, name, more=(), using_more=(), **hyper):
    arguments = betas(hyper, more)
    return by_torch(name, hyper | dict(using_more), lambda p: kind(p, foreach=False, **arguments))


def adam(name, **hyper):
    return torch_rule(torch.optim.Adam, name, **hyper)


def adamw(name, **hyper):
    return torch_rule(torch.optim.AdamW, name, **hyper)


def means(x, gradient, beta1, beta2):
    """Steps of Adam's bookkeeping: t, g, the bias-corrected means."""
    m, v = [np.zeros_like(a) for a in x], [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        g = gradient(t, x)
        m = [beta1 * a + (1 - beta1) * b for a, b in zip(m, g)]
        v = [beta2 * a + (1 - beta2) * b * b for a, b in zip(v, g)]
        yield t, g, [a / (1 - beta1**t) for a in m], [a / (1 - beta2**t) for a in v]


def adam_after_means(x, gradient, lr, beta1, beta2, eps, weight_decay, after_means):
    for _, _, m, v in means(x, gradient, beta1, beta2):
        x = [a - lr * (b + weight_decay * a) / (np.sqrt(c) + eps) for a, b, c in zip(x, m, v)]
        yield x


def adamw_paper(x, gradient, lr, beta1, beta2, eps, weight_decay, alpha):
    """Algorithm 2 with the schedule multiplier lr/alpha, here constant."""
    multiplier = lr / alpha
    for _, _, m, v in means(x, gradient, beta1, beta2):
        x = [
            a - multiplier * (alpha * b / (np.sqrt(c) + eps) + weight_decay * a) for a, b, c in zip(x, m, v)
        ]
        yield x


def amsgrad_optax(name, lr, beta1, beta2, eps, corrected):
    more = {"max_of_corrected": True} if corrected else {"bias_correction": False}
    hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps} | more

    def make():
        return optax.chain(
            optax.scale_by_amsgrad(
                beta1, beta2, eps, bias_correction_mu=corrected, bias_correction_nu=corrected
            ),
            optax.scale(-lr),
        )

    return by_optax(name, hyper, make)


def adan(name, lr, beta1, beta2, beta3, eps, weight_decay, proximal):
    hyper = {
        "lr": lr, "beta1": beta1, "beta2": beta2, "beta3": beta3, "eps": eps, "weight_decay": weight_decay,
        "proximal": proximal,
    }  # fmt: skip

    def make(p):
        return pytorch_optimizer.Adan(
            p, lr=lr, betas=(beta1, beta2, beta3), eps=eps, weight_decay=weight_decay,
            weight_decouple=not proximal, foreach=False,
        )  # fmt: skip

    return by_package(COMMON, name, hyper, make)


def adan_optax(name, lr, beta1, beta3, eps, weight_decay):
    """optax multiplies differences by 1 - b2 where the authors have b2: they agree at a half."""
    hyper = {
        "lr": lr, "beta1": beta1, "beta2": 0.5, "beta3": beta3, "eps": eps, "weight_decay": weight_decay,
        "proximal": False,
    }  # fmt: skip
    return by_optax(
        name, hyper, lambda: optax.adan(lr, beta1, 0.5, beta3, eps, eps_root=0.0, weight_decay=weight_decay)
    )


def ademamix(name, **hyper):
    def make():
        return optax.contrib.ademamix(
            hyper["lr"], hyper["beta1"], hyper["beta2"], hyper["beta3"], hyper["alpha"], hyper["eps"],
            weight_decay=hyper["weight_decay"],
        )  # fmt: skip

    return by_optax(name, hyper, make)


def ademamix_warm(name, **hyper):
    def make(p):
        return pytorch_optimizer.AdEMAMix(
            p, lr=hyper["lr"], betas=(hyper["beta1"], hyper["beta2"], hyper["beta3"]), alpha=hyper["alpha"],
            eps=hyper["eps"], weight_decay=hyper["weight_decay"], weight_decouple=True,
            t_alpha_beta3=hyper["warmup"], foreach=False,
        )  # fmt: skip

    return by_package(COMMON, name, hyper, make)


def fadam(name, lr, beta1, beta2, eps, eps2, clip, weight_decay):
    hyper = {
        "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "eps2": eps2, "clip": clip, "weight_decay": weight_decay,
    }  # fmt: skip

    def make(p):
        return pytorch_optimizer.FAdam(
            p, lr=lr, betas=(beta1, beta2), eps=eps, eps_2=eps2, clip=clip, weight_decay=weight_decay, foreach=False,
            momentum_dtype=p[0].dtype, fim_dtype=p[0].dtype,
        )  # fmt: skip

    return by_package(COMMON, name, hyper, make)


ITEMS = {
    "Adam": [
        adam("defaults"),
        adam("random", lr=0.0173, beta1=0.83, beta2=0.961, eps=3.7e-6),
        adam("decay", lr=0.0061, beta1=0.92, beta2=0.9871, eps=2.2e-9, weight_decay=0.117),
        adam("no_first_mean", lr=0.0029, beta1=0.0, beta2=0.95, eps=1e-3),
        by_paper(
            "after_means",
            {"lr": 0.0091, "beta1": 0.87, "beta2": 0.97, "eps": 1e-6, "weight_decay": 0.13, "after_means": True},
            adam_after_means,
        ),
    ],
    "AdamW": [
        adamw("defaults"),
        adamw("random", lr=0.0127, beta1=0.78, beta2=0.9932, eps=5.3e-7, weight_decay=0.29),
        adamw("no_decay", lr=0.0083, beta1=0.95, beta2=0.979, eps=1e-10, weight_decay=0.0),
        by_paper(
            "paper",
            {"lr": 0.0037, "beta1": 0.91, "beta2": 0.983, "eps": 1e-8, "weight_decay": 0.0021, "alpha": 0.011},
            adamw_paper,
        ),
    ],
    "AMSGrad": [
        torch_rule(torch.optim.Adam, "defaults", more={"amsgrad": True}),
        torch_rule(
            torch.optim.Adam, "random", more={"amsgrad": True},
            lr=0.0157, beta1=0.81, beta2=0.937, eps=2.9e-6, weight_decay=0.071,
        ),
        amsgrad_optax("max_of_corrected", 0.0123, 0.88, 0.951, 1e-7, True),
        amsgrad_optax("paper", 0.0077, 0.93, 0.973, 1e-8, False),
    ],
    "Adamax": [
        torch_rule(torch.optim.Adamax, "defaults"),
        torch_rule(torch.optim.Adamax, "random", lr=0.0131, beta1=0.84, beta2=0.957, eps=4.1e-5, weight_decay=0.12),
    ],
    "NAdam": [
        torch_rule(torch.optim.NAdam, "defaults"),
        torch_rule(
            torch.optim.NAdam, "random",
            lr=0.0113, beta1=0.85, beta2=0.963, eps=1e-6, weight_decay=0.067, momentum_decay=0.019,
        ),
        torch_rule(torch.optim.NAdam, "decoupled", lr=0.0089, weight_decay=0.31, decoupled=True),
    ],
    "RAdam": [
        torch_rule(torch.optim.RAdam, "defaults"),
        torch_rule(torch.optim.RAdam, "random", lr=0.0147, beta1=0.79, beta2=0.941, eps=1e-5, weight_decay=0.083),
        torch_rule(torch.optim.RAdam, "decoupled", lr=0.0067, beta1=0.9, beta2=0.99, weight_decay=0.27, decoupled=True),
    ],
    "Adan": [
        adan("defaults", 1e-3, 0.98, 0.92, 0.99, 1e-8, 0.0, True),
        adan("proximal", 0.0117, 0.93, 0.81, 0.957, 1e-6, 0.21, True),
        adan("not_proximal", 0.0087, 0.95, 0.87, 0.98, 1e-7, 0.17, False),
        adan_optax("optax", 0.0093, 0.91, 0.97, 1e-8, 0.11),
    ],
    "AdEMAMix": [
        ademamix("plain", lr=0.0043, beta1=0.9, beta2=0.99, beta3=0.993, alpha=5.0, eps=1e-8, weight_decay=0.0),
        ademamix("decay", lr=0.0027, beta1=0.87, beta2=0.983, beta3=0.9987, alpha=3.7, eps=1e-6, weight_decay=0.19),
        ademamix_warm(
            "warmup", lr=0.0031, beta1=0.89, beta2=0.991, beta3=0.9973, alpha=4.1, eps=1e-8, weight_decay=0.13, warmup=170,
        ),
        ademamix_warm(
            "long_warmup", lr=0.0059, beta1=0.92, beta2=0.98, beta3=0.9991, alpha=2.3, eps=1e-7, weight_decay=0.0,
            warmup=1000,
        ),
    ],
    "FAdam": [
        fadam("defaults", 1e-3, 0.9, 0.999, 1e-8, 1e-2, 1.0, 0.1),
        fadam("random", 0.0113, 0.83, 0.957, 1e-3, 3e-3, 0.71, 0.23),
        fadam("no_decay", 0.0071, 0.94, 0.98, 1e-6, 1e-2, 2.3, 0.0),
    ],
}  # fmt: skip
