"""Table of make_rule_fixtures.py: a rate for every element from its past gradients."""
import optax
import torch

from sequences import by_optax, by_torch


def adagrad(name, initial_accumulator=0, **hyper):
    def make(p):
        return torch.optim.Adagrad(p, initial_accumulator_value=initial_accumulator, foreach=False, **hyper)

    return by_torch(name, hyper | {"initial_accumulator": initial_accumulator}, make)


def adagrad_inside(name, lr, initial_accumulator, eps):
    hyper = {"lr": lr, "initial_accumulator": initial_accumulator, "eps": eps, "eps_inside": True}
    return by_optax(name, hyper, lambda: optax.adagrad(lr, initial_accumulator, eps))


def rmsprop(name, **hyper):
    return by_torch(name, hyper, lambda p: torch.optim.RMSprop(p, foreach=False, **hyper))


def rmsprop_optax(name, lr, alpha, eps, eps_inside=True, momentum=0.0, centered=False, initial=0.0, corrected=False):
    hyper = {
        "lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside, "rate_inside": True, "momentum": momentum,
        "centered": centered, "initial_square": initial, "bias_correction": corrected,
    }  # fmt: skip

    def make():
        return optax.rmsprop(
            lr, alpha, eps, initial, eps_in_sqrt=eps_inside, centered=centered, momentum=momentum or None,
            bias_correction=corrected,
        )  # fmt: skip

    return by_optax(name, hyper, make)


ITEMS = {
    "Adagrad": [
        adagrad("defaults"),
        adagrad("lr_decay", lr=0.13, lr_decay=0.0071, eps=1e-8),
        adagrad("decay", lr=0.057, weight_decay=0.113),
        adagrad("accumulator", lr=0.21, initial_accumulator=0.37, eps=1e-3, lr_decay=1e-4, weight_decay=0.02),
        adagrad_inside("eps_inside", 0.11, 0.0, 1e-3),
        adagrad_inside("eps_inside_accumulator", 0.093, 0.1, 1e-7),
    ],
    "RMSProp": [
        rmsprop("defaults"),
        rmsprop("random", lr=0.0137, alpha=0.951, eps=3.1e-6),
        rmsprop("momentum", lr=0.0043, alpha=0.973, momentum=0.87),
        rmsprop("centered", lr=0.0071, alpha=0.962, centered=True, eps=1e-3),
        rmsprop("all", lr=0.0029, alpha=0.983, centered=True, momentum=0.71, weight_decay=0.093, eps=1e-4),
        rmsprop_optax("eps_inside", 0.0091, 0.9, 1e-8),
        rmsprop_optax("rate_inside", 0.0063, 0.937, 1e-6, momentum=0.83),
        rmsprop_optax("centered_inside", 0.0053, 0.921, 1e-4, centered=True, momentum=0.9),
        rmsprop_optax("tensorflow", 0.0119, 0.9, 1e-10, initial=1.0, momentum=0.9),
        rmsprop_optax("bias_correction", 0.0083, 0.961, 1e-8, eps_inside=False, corrected=True),
    ],
    "Adadelta": [
        by_torch("defaults", {}, lambda p: torch.optim.Adadelta(p, foreach=False)),
        by_torch(
            "random",
            {"lr": 0.73, "rho": 0.951, "eps": 2.3e-5, "weight_decay": 0.087},
            lambda p: torch.optim.Adadelta(p, lr=0.73, rho=0.951, eps=2.3e-5, weight_decay=0.087, foreach=False),
        ),
    ],
    "Rprop": [
        by_torch("defaults", {}, lambda p: torch.optim.Rprop(p, foreach=False)),
        by_torch(
            "random",
            {"lr": 0.021, "minus": 0.41, "plus": 1.37, "min_step": 1e-4, "max_step": 0.3},
            lambda p: torch.optim.Rprop(p, lr=0.021, etas=(0.41, 1.37), step_sizes=(1e-4, 0.3), foreach=False),
        ),
    ],
}
