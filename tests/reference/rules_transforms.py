"""Table of make_rule_fixtures.py: transforms of the gradient, before a rule that is known."""
import itertools

import numpy as np
import optax
import torch

from stream import philox_normals
from sequences import by_optax, by_paper, by_torch


class Clipped(torch.optim.AdamW):
    """AdamW behind clip_grad_norm_."""

    def __init__(self, parameters, max_norm, **hyper):
        super().__init__(parameters, foreach=False, **hyper)
        self.max_norm = max_norm

    def step(self):
        torch.nn.utils.clip_grad_norm_(self.param_groups[0]["params"], self.max_norm, foreach=False)
        super().step()


class Prepared(torch.optim.SGD):
    """SGD with momentum after `prepare(parameter)` has changed each gradient in place."""

    def __init__(self, parameters, prepare, **hyper):
        super().__init__(parameters, foreach=False, **hyper)
        self.prepare = prepare

    def step(self):
        for p in self.param_groups[0]["params"]:
            self.prepare(p)
        super().step()


def global_norm(name, max_norm, lr, beta1, beta2, weight_decay):
    using = (
        f"clip_by_global_norm(max_norm = {max_norm}) |> "
        f"AdamW(lr = {lr}, beta1 = {beta1}, beta2 = {beta2}, weight_decay = {weight_decay})"
    )

    def make(p):
        return Clipped(p, max_norm, lr=lr, betas=(beta1, beta2), weight_decay=weight_decay)

    return by_torch(name, {}, make, using=using)


def prepared(name, item, prepare, lr=0.0077, momentum=0.83):
    using = f"{item} |> SGD(lr = {lr}, momentum = {momentum})"
    return by_torch(name, {}, lambda p: Prepared(p, prepare, lr=lr, momentum=momentum), using=using)


def chained(name, item, make, lr=0.0091, momentum=0.87):
    using = f"{item} |> SGD(lr = {lr}, momentum = {momentum})"
    return by_optax(name, {}, lambda: optax.chain(make(), optax.sgd(lr, momentum)), using=using)


def norms(a, units_last):
    """The norm of each unit, with the axes kept."""
    if a.ndim <= 1:
        return np.sqrt(np.sum(a * a, dtype=np.float64)).astype(a.dtype)
    others = tuple(range(a.ndim - 1)) if units_last else tuple(range(1, a.ndim))
    return np.sqrt(np.sum(a * a, axis=others, keepdims=True, dtype=np.float64)).astype(a.dtype)


def adaptive(x, gradient, clip, eps, lr, units_last):
    for t in itertools.count(1):
        g = gradient(t, x)
        allowed = [clip * np.maximum(norms(a, units_last), eps) for a in x]
        cut = [
            a * np.minimum(1, b / np.maximum(norms(a, units_last), 1e-6)).astype(a.dtype)
            for a, b in zip(g, allowed)
        ]
        x = [a - lr * b for a, b in zip(x, cut)]
        yield x


def adaptively(name, clip, eps, lr, units_last):
    using = f"adaptive_clip({clip}, eps = {eps}, units_last = {str(units_last).lower()}) |> GD(lr = {lr})"
    hyper = {"clip": clip, "eps": eps, "lr": lr, "units_last": units_last}
    return by_paper(name, hyper, adaptive, using=using)


def value(p):
    torch.nn.utils.clip_grad_value_([p], 0.61, foreach=False)


def own_norm(p):
    torch.nn.utils.clip_grad_norm_([p], 1.3, foreach=False)


def decayed(name, weight_decay, lr, momentum):
    using = f"add_decayed_weights({weight_decay}) |> SGD(lr = {lr}, momentum = {momentum})"
    return by_torch(
        name, {}, lambda p: torch.optim.SGD(p, lr, momentum, weight_decay=weight_decay, foreach=False), using=using
    )


def noisy(x, gradient, eta, gamma, lr):
    for t in itertools.count(1):
        z = [philox_normals(0, 0, 0, t, a.size).reshape(a.shape).astype(a.dtype) for a in x]
        deviation = np.sqrt(eta / t**gamma)
        x = [(a - lr * (g + deviation * b)).astype(a.dtype) for a, b, g in zip(x, z, gradient(t, x))]
        yield x


def noise(name, eta, gamma, lr):
    hyper = {"eta": eta, "gamma": gamma, "lr": lr}
    return by_paper(name, hyper, noisy, using=f"add_noise({eta}, gamma = {gamma}) |> GD(lr = {lr})")


def accumulated(name, k, lr):
    def make(dtype):
        rule = optax.chain(optax.clip_by_block_rms(0.4), optax.adamw(lr, weight_decay=0.03))
        return optax.MultiSteps(rule, k, accumulator_dtype=dtype).gradient_transformation()

    using = f"accumulate(k = {k}) |> clip_by_rms(0.4) |> AdamW(lr = {lr}, weight_decay = 0.03)"
    return by_optax(name, {}, make, using=using)


def decoupled(name, lr, weight_decay, masked, fixed=False):
    """The mask of matrices and more."""

    def make():
        import jax

        mask = (lambda tree: jax.tree.map(lambda a: a.ndim >= 2, tree)) if masked else None
        if fixed:  # behind the rate, where decay has its own
            return optax.chain(optax.adam(lr), optax.add_decayed_weights(-weight_decay, mask))
        return optax.adamw(lr, weight_decay=weight_decay, mask=mask)

    switches = (", spare_vectors = true" if masked else "") + (", fixed = true" if fixed else "")
    using = f"decoupled_decay({weight_decay}{switches}) |> Adam(lr = {lr})"
    return by_optax(name, {}, make, using=using)


ITEMS = {
    "clip_by_global_norm": [
        global_norm("always", 1.0, 0.0094, 0.88, 0.9921, 0.053),
        global_norm("half_the_steps", 7.5, 0.0037, 0.93, 0.9968, 0.0),  # 7.5 is near the median norm
    ],
    "clip_by_value": [prepared("random", "clip_by_value(0.61)", value)],
    "clip_by_norm": [prepared("random", "clip_by_norm(1.3)", own_norm)],
    "clip_by_rms": [chained("random", "clip_by_rms(0.57)", lambda: optax.clip_by_block_rms(0.57))],
    "adaptive_clip": [
        adaptively("rows", 0.13, 1e-3, 0.021, False),
        adaptively("last_axis", 0.31, 0.5, 0.013, True),
    ],
    "centralize": [chained("random", "centralize()", optax.centralize)],
    "scale_gradient": [chained("random", "scale_gradient(0.37)", lambda: optax.scale(0.37))],
    "scale_by_sign": [chained("random", "scale_by_sign()", optax.scale_by_sign)],
    "accumulate": [accumulated("four", 4, 0.0123), accumulated("seven", 7, 0.019), accumulated("one", 1, 0.0043)],
    "add_noise": [noise("fading", 0.37, 0.55, 0.017), noise("constant", 0.013, 0.0, 0.023)],
    "add_decayed_weights": [
        decayed("torch", 0.073, 0.0083, 0.86),
        chained("optax", "add_decayed_weights(0.19)", lambda: optax.add_decayed_weights(0.19)),
    ],
    "decoupled_decay": [
        decoupled("all", 0.0077, 0.063, False),
        decoupled("matrices", 0.0058, 0.11, True),
        decoupled("fixed", 0.0091, 0.0047, True, True),
    ],
}
