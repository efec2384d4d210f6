"""Table of make_rule_fixtures.py: descent with and without momentum."""
import optax
import torch

from sequences import by_optax, by_torch


def sgd(name, **hyper):
    return by_torch(name, hyper, lambda p: torch.optim.SGD(p, foreach=False, **hyper))


def descent(name, lr, loop="open"):
    return by_torch(name, {"lr": lr}, lambda p: torch.optim.SGD(p, lr=lr, foreach=False), loop=loop)


def heavy_ball(name, lr, momentum, rate_inside=False, average=False, loop="open"):
    hyper = {"lr": lr, "momentum": momentum, "rate_inside": rate_inside, "average": average}
    if not rate_inside and not average:
        return by_torch(name, hyper, lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum, foreach=False), loop=loop)

    def make():  # optax composes the other two forms
        mean = optax.ema(momentum, debias=False) if average else optax.trace(momentum)
        return optax.chain(*([optax.scale(-lr), mean] if rate_inside else [mean, optax.scale(-lr)]))

    return by_optax(name, hyper, make, loop=loop)


def nesterov(name, lr, momentum, rate_inside=False, loop="open"):
    """torch keeps the look-ahead point x - lr*momentum*v; x is read back from it."""

    def make(p):
        return torch.optim.SGD(p, lr=lr, momentum=momentum, nesterov=True, foreach=False)

    def read(rule, p):
        return [a.detach() + lr * momentum * rule.state[a]["momentum_buffer"] for a in p]

    hyper = {"lr": lr, "momentum": momentum, "rate_inside": rate_inside}
    return by_torch(name, hyper, make, read, loop)


ITEMS = {
    "GD": [descent("open", 0.013), descent("quadratic", 0.11, loop="closed")],
    "SGD": [
        sgd("plain", lr=0.013),
        sgd("momentum", lr=0.0071, momentum=0.87),
        sgd("dampening", lr=0.021, momentum=0.93, dampening=0.41),
        sgd("dampening_without_momentum", lr=0.017, dampening=0.35),
        sgd("decay", lr=0.031, weight_decay=0.083),
        sgd("momentum_decay", lr=0.0047, momentum=0.62, weight_decay=0.19),
        sgd("nesterov", lr=0.0093, momentum=0.91, nesterov=True),
        sgd("nesterov_decay", lr=0.0058, momentum=0.77, weight_decay=0.047, nesterov=True),
        sgd("all_but_nesterov", lr=0.011, momentum=0.81, dampening=0.27, weight_decay=0.066),
    ],
    "HeavyBall": [
        heavy_ball("sum", 0.0073, 0.88),
        heavy_ball("rate_inside", 0.0101, 0.79, rate_inside=True),
        heavy_ball("average", 0.067, 0.93, average=True),
        heavy_ball("average_rate_inside", 0.051, 0.71, average=True, rate_inside=True),
        heavy_ball("quadratic", 0.09, 0.83, loop="closed"),
    ],
    "Nesterov": [
        nesterov("open", 0.0069, 0.86),
        nesterov("quadratic", 0.083, 0.81, loop="closed"),
        nesterov("rate_inside", 0.0113, 0.74, rate_inside=True),
        nesterov("rate_inside_quadratic", 0.057, 0.89, rate_inside=True, loop="closed"),
    ],
}
