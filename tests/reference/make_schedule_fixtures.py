#!/usr/bin/env python3
"""Writes schedules/*.json: rates of other people's schedules, step by step.

    python3 make_schedule_fixtures.py

"rates"[i] is the rate of step t = i + 1, to 11 digits. Torch counts epochs s = 0, 1, …, Optax counts alike; a schedule that
warms up is compared with theirs at s = t, one that only decays at s = t - 1 ("offset" -1): the page of each says which.
Where torch has a closed form that is taken, since its recursion drifts. "losses" is the seed of the losses that a schedule
is told: loss of step t is that of step t - 1 plus 0.02*(uniform - 0.3), from step 200 on 0.02*uniform, from 1.
"""
import json
import math
import pathlib

import peers

peers.need("torch", "numpy", "jax", "optax")
import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
import numpy as np  # noqa: E402
import optax  # noqa: E402
import torch  # noqa: E402
from torch.optim import lr_scheduler  # noqa: E402

from stream import Stream  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 500
NUMPY = f"the closed form in NumPy {np.__version__}"


def losses(seed):
    stream, loss = Stream(seed), 1.0
    for t in range(1, STEPS + 1):
        loss += 0.02 * (stream.uniform() - (0.3 if t < 200 else 0.0))
        yield loss


def torch_rates(lr, make, told=None, steps=STEPS, momentum=None):
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.9)
    schedule = make(rule)
    rates = []
    for t in range(steps):
        group = rule.param_groups[0]
        closed = getattr(schedule, "_get_closed_form_lr", None)
        rates.append(group["momentum"] if momentum else closed()[0] if closed else group["lr"])
        rule.step()
        if t + 1 < steps:
            schedule.step(*([told[t]] if told else []))
    return rates + [rates[-1]] * (STEPS - steps)  # one-cycle forbids more steps than its own


def case(using, made_by, rates, **more):
    rates = [float(f"{float(r):.11g}") for r in rates]
    assert len(rates) == STEPS and all(map(math.isfinite, rates)), using
    return {"using": using, "made_by": made_by, **more, "rates": rates}


def by_torch(using, lr, make, **more):
    return case(using, peers.version("torch"), torch_rates(lr, make, **more))


def by_optax(using, schedule, at=-1):
    return case(using, peers.version("optax"), [schedule(t + at) for t in range(1, STEPS + 1)])


def by_formula(using, formula):
    return case(using, NUMPY, [formula(t) for t in range(1, STEPS + 1)])


def plateau(using, lr, seed, **keywords):
    told = list(losses(seed))
    rates = torch_rates(lr, lambda r: lr_scheduler.ReduceLROnPlateau(r, **keywords), told)
    return case(using, peers.version("torch"), rates, losses=seed)


def warmup_cosine(peak, warmup, total, floor):
    """LinearLR reaches the peak at update `warmup`, where CosineAnnealingLR takes over; then the floor."""
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    cosine = lr_scheduler.CosineAnnealingLR(rule, T_max=total - warmup, eta_min=floor)
    schedule = cosine
    if warmup > 1:
        linear = lr_scheduler.LinearLR(rule, start_factor=1 / warmup, total_iters=warmup - 1)
        schedule = lr_scheduler.SequentialLR(rule, [linear, cosine], milestones=[warmup - 1])
    rates = []
    for _ in range(total):
        rates.append(rule.param_groups[0]["lr"])
        rule.step()
        schedule.step()
    using = f"warmup_cosine({peak}, warmup = {warmup}, total = {total}, floor = {floor})"
    return case(using, peers.version("torch"), (rates + [floor] * STEPS)[:STEPS])


def stable(peak, warmup, flat, decay, floor, power=1.0, cosine=False, start=0.0):
    using = (
        f"warmup_stable_decay({peak}, warmup = {warmup}, stable = {flat}, decay = {decay}, floor = {floor}, "
        f"start = {start}, power = {power}, cosine = {str(cosine).lower()})"
    )
    if power == 1.0:
        end = (
            optax.cosine_decay_schedule(peak, decay, floor / peak)
            if cosine
            else optax.linear_schedule(peak, floor, decay)
        )
        parts = [optax.linear_schedule(start, peak, warmup), optax.constant_schedule(peak), end]
        return by_optax(using, optax.join_schedules(parts, [warmup, warmup + flat]), at=0)

    def formula(t):
        if t <= warmup:
            return start + (peak - start) * t / warmup
        p = min(1.0, max(0.0, (t - warmup - flat) / decay))
        return floor + (peak - floor) * (1 - p**power)

    return by_formula(using, formula)


def restarts(peak, period, factor, floor, decay):
    parts, ends, start, length = [], [], 0, period
    for i in range(20):
        top = peak * decay**i
        parts.append(optax.cosine_decay_schedule(top, length, floor / top))
        start += length
        ends.append(start)
        length *= factor
    using = f"cosine_restarts({peak}, period = {period}, factor = {factor}, floor = {floor}, decay = {decay})"
    return by_optax(using, optax.join_schedules(parts, ends[:-1]))


def inverse_sqrt(peak, warmup, scale):
    own = scale or warmup or 10000
    return lambda t: peak * t / warmup if t < warmup else peak / math.sqrt((t + own - warmup) / own)


def cooled(base, at, length, floor, shape):
    def formula(t):
        if t <= at:
            return base(t)
        return floor + (base(at) - floor) * shape(min(1.0, (t - at) / length))

    return formula


def items():
    L = lr_scheduler
    yield "constant", [by_optax("constant(0.0173)", optax.constant_schedule(0.0173))]
    yield "step_decay", [
        by_torch("step_decay(0.13, size = 30)", 0.13, lambda r: L.StepLR(r, 30)),
        by_torch("step_decay(0.7, size = 1, gamma = 0.991)", 0.7, lambda r: L.StepLR(r, 1, 0.991)),
        by_torch("step_decay(0.7, size = 3, gamma = 1)", 0.7, lambda r: L.StepLR(r, 3, 1.0)),
        by_torch("step_decay(0.7, size = 250, gamma = 0)", 0.7, lambda r: L.StepLR(r, 250, 0.0)),
        by_torch("step_decay(0.7, size = 501)", 0.7, lambda r: L.StepLR(r, 501)),
    ]
    yield "multi_step_decay", [
        by_torch(
            "multi_step_decay(0.11, first = 30, second = 80, third = 80, fourth = 411, gamma = 0.3)",
            0.11, lambda r: L.MultiStepLR(r, [30, 80, 80, 411], 0.3),
        ),
        by_optax(
            "multi_step_decay(0.23, first = 1, second = 77, gamma = 0.4)",
            optax.piecewise_constant_schedule(0.23, {1: 0.4, 77: 0.4}),
        ),
        by_torch(
            "multi_step_decay(0.11, first = 0, second = 0, third = 499, fourth = 500)", 0.11,
            lambda r: L.MultiStepLR(r, [0, 0, 499, 500]),
        ),
        by_optax(
            "multi_step_decay(0.23, first = 0, second = 499, gamma = 0.7)",
            optax.piecewise_constant_schedule(0.23, {0: 0.7, 499: 0.7}),
        ),
        by_torch("multi_step_decay(0.11, first = 9, second = 9, third = 9, gamma = 1)", 0.11,
                 lambda r: L.MultiStepLR(r, [9, 9, 9], 1.0)),
    ]  # fmt: skip
    yield "exponential_decay", [
        by_torch("exponential_decay(0.31, gamma = 0.987)", 0.31, lambda r: L.ExponentialLR(r, 0.987)),
        by_optax(
            "exponential_decay(0.2, gamma = 0.8, every = 17, begin = 23, floor = 0.003)",
            optax.exponential_decay(0.2, 17, 0.8, 23, end_value=0.003),
        ),
        by_torch("exponential_decay(0.31, gamma = 1)", 0.31, lambda r: L.ExponentialLR(r, 1.0)),
        by_optax(
            "exponential_decay(0.2, gamma = 0.5, every = 1, begin = 499, floor = 0.15)",
            optax.exponential_decay(0.2, 1, 0.5, 499, end_value=0.15),
        ),
        by_optax(
            "exponential_decay(0.2, gamma = 0.9, every = 10, floor = 0.2)",
            optax.exponential_decay(0.2, 10, 0.9, end_value=0.2),
        ),
        by_optax(
            "exponential_decay(0.2, gamma = 0.6, every = 40, begin = 7, floor = 0.01, staircase = true)",
            optax.exponential_decay(0.2, 40, 0.6, 7, staircase=True, end_value=0.01),
        ),
        by_optax(
            "exponential_decay(0.2, gamma = 0.8, every = 17, staircase = true)",
            optax.exponential_decay(0.2, 17, 0.8, staircase=True),
        ),
    ]
    yield "inverse_time_decay", [
        by_torch("inverse_time_decay(0.4, k = 0.07)", 0.4, lambda r: L.LambdaLR(r, lambda s: 1 / (1 + 0.07 * s)))
    ]
    yield "polynomial_decay", [
        by_torch(
            "polynomial_decay(0.17, total = 100, power = 2)", 0.17, lambda r: L.PolynomialLR(r, 100, 2.0)
        ),
        by_torch("polynomial_decay(0.17, total = 500)", 0.17, lambda r: L.PolynomialLR(r, 500)),
        by_optax(
            "polynomial_decay(0.02, total = 61, end = 0.5, power = 0.7, begin = 13)",
            optax.polynomial_schedule(0.02, 0.5, 0.7, 61, 13),
        ),
        by_optax("polynomial_decay(0.3, total = 1, end = 0.01)", optax.linear_schedule(0.3, 0.01, 1)),
        by_torch("polynomial_decay(0.17, total = 1, power = 3)", 0.17, lambda r: L.PolynomialLR(r, 1, 3.0)),
        by_torch("polynomial_decay(0.17, total = 80, power = 0)", 0.17, lambda r: L.PolynomialLR(r, 80, 0.0)),
        by_optax("polynomial_decay(0.3, total = 40, end = 0.3, power = 2)", optax.polynomial_schedule(0.3, 0.3, 2, 40)),
        by_optax("polynomial_decay(0.3, total = 40, end = 0.1, begin = 499)", optax.polynomial_schedule(0.3, 0.1, 1, 40, 499)),
    ]
    yield "linear_warmup", [
        by_optax("linear_warmup(0.19, warmup = 37)", optax.linear_schedule(0, 0.19, 37), at=0),
        by_optax("linear_warmup(0.19, warmup = 0)", optax.constant_schedule(0.19), at=0),
        by_optax("linear_warmup(0.19, warmup = 1)", optax.linear_schedule(0, 0.19, 1), at=0),
        by_optax("linear_warmup(0.19, warmup = 500, start = 0.19)", optax.linear_schedule(0.19, 0.19, 500), at=0),
        case(
            "linear_warmup(0.12, warmup = 5, start = 0.04)", peers.version("torch"),
            torch_rates(0.12, lambda r: L.LinearLR(r))[1:] + [0.12],
        ),
        case(
            "linear_warmup(0.12, warmup = 40, start = 0.03)", peers.version("torch"),
            torch_rates(0.12, lambda r: L.LinearLR(r, 0.25, total_iters=40))[1:] + [0.12],
        ),
    ]  # fmt: skip
    yield "cosine_decay", [
        by_optax("cosine_decay(0.21, total = 300)", optax.cosine_decay_schedule(0.21, 300)),
        by_optax(
            "cosine_decay(0.21, total = 77, floor = 0.021, exponent = 1.7)",
            optax.cosine_decay_schedule(0.21, 77, 0.1, 1.7),
        ),
        by_torch(
            "cosine_decay(0.21, total = 90, floor = 0.01, periodic = true)",
            0.21, lambda r: L.CosineAnnealingLR(r, 90, 0.01),
        ),
        by_optax("cosine_decay(0.21, total = 1)", optax.cosine_decay_schedule(0.21, 1)),
        by_optax("cosine_decay(0.21, total = 60, floor = 0.21)", optax.cosine_decay_schedule(0.21, 60, 1.0)),
        by_optax("cosine_decay(0.21, total = 500, floor = 0.07, exponent = 3)", optax.cosine_decay_schedule(0.21, 500, 1 / 3, 3)),
        by_torch(
            "cosine_decay(0.21, total = 1, floor = 0.03, periodic = true)", 0.21, lambda r: L.CosineAnnealingLR(r, 1, 0.03)
        ),
    ]  # fmt: skip
    yield "cosine_restarts", [
        by_torch("cosine_restarts(0.3, period = 50)", 0.3, lambda r: L.CosineAnnealingWarmRestarts(r, 50)),
        by_torch(
            "cosine_restarts(0.3, period = 7, factor = 2, floor = 0.01)",
            0.3, lambda r: L.CosineAnnealingWarmRestarts(r, 7, 2, 0.01),
        ),
        by_torch("cosine_restarts(0.3, period = 1, factor = 3)", 0.3, lambda r: L.CosineAnnealingWarmRestarts(r, 1, 3)),
        by_torch("cosine_restarts(0.3, period = 1)", 0.3, lambda r: L.CosineAnnealingWarmRestarts(r, 1)),
        by_torch("cosine_restarts(0.3, period = 1, factor = 2, floor = 0.3)", 0.3,
                 lambda r: L.CosineAnnealingWarmRestarts(r, 1, 2, 0.3)),
        by_torch("cosine_restarts(0.3, period = 2, factor = 4, floor = 1e-3)", 0.3,
                 lambda r: L.CosineAnnealingWarmRestarts(r, 2, 4, 1e-3)),
        by_torch("cosine_restarts(0.3, period = 500, factor = 2)", 0.3, lambda r: L.CosineAnnealingWarmRestarts(r, 500, 2)),
        restarts(0.3, 25, 1, 0.0, 0.9),
        restarts(0.3, 9, 2, 0.02, 0.7),
    ]  # fmt: skip
    yield "cyclic_triangular", [
        by_torch("cyclic_triangular(0.01, 0.1, up = 20)", 0.01, lambda r: L.CyclicLR(r, 0.01, 0.1, 20)),
        by_torch(
            "cyclic_triangular(0.01, 0.1, up = 13, down = 31, halve = true)",
            0.01, lambda r: L.CyclicLR(r, 0.01, 0.1, 13, 31, "triangular2"),
        ),
        by_torch(
            "cyclic_triangular(0.01, 0.1, up = 40, down = 11, gamma = 0.995)",
            0.01, lambda r: L.CyclicLR(r, 0.01, 0.1, 40, 11, "exp_range", 0.995),
        ),
        by_torch("cyclic_triangular(0.01, 0.1, up = 1)", 0.01, lambda r: L.CyclicLR(r, 0.01, 0.1, 1)),
        by_torch(
            "cyclic_triangular(0.01, 0.1, up = 1, down = 2, halve = true)", 0.01,
            lambda r: L.CyclicLR(r, 0.01, 0.1, 1, 2, "triangular2"),
        ),
        by_torch(
            "cyclic_triangular(0.01, 0.1, up = 30, gamma = 1)", 0.01,
            lambda r: L.CyclicLR(r, 0.01, 0.1, 30, None, "exp_range", 1.0),
        ),
        by_torch("cyclic_triangular(0.1, 0.1, up = 7)", 0.1, lambda r: L.CyclicLR(r, 0.1, 0.1, 7)),
        by_torch(
            "cyclic_triangular(0.93, 0.81, up = 20, down = 35)", 0.01,
            lambda r: L.CyclicLR(r, 0.01, 0.1, 20, 35, base_momentum=0.81, max_momentum=0.93), momentum=True,
        ),
    ]  # fmt: skip

    def one(using, steps=500, momentum=None, **more):
        more = {"total_steps": steps, "max_lr": 0.4} | more
        return by_torch(using, 0.4, lambda r: L.OneCycleLR(r, **more), steps=steps, momentum=momentum)

    yield "one_cycle", [
        one("one_cycle(0.4, total = 500)"),
        one("one_cycle(0.4, total = 90, start = 0.23, div = 11, final_div = 70)", 90, pct_start=0.23, div_factor=11,
            final_div_factor=70),
        one("one_cycle(0.4, total = 333, linear = true)", 333, anneal_strategy="linear"),
        one("one_cycle(0.4, total = 400, start = 0.4, three_phase = true)", 400, pct_start=0.4, three_phase=True),
        one("one_cycle(0.4, total = 4, start = 0.5, div = 1)", 4, pct_start=0.5, div_factor=1),
        one("one_cycle(0.4, total = 11, start = 0.9, final_div = 1)", 11, pct_start=0.9, final_div_factor=1),
        one("one_cycle(0.4, total = 100, start = 0.49, three_phase = true, linear = true)", 100, pct_start=0.49,
            three_phase=True, anneal_strategy="linear"),
        one("one_cycle(0.85, total = 200, div = 0.85/0.95, final_div = 1)", 200, momentum=True),
    ]  # fmt: skip
    yield "warmup_cosine", [
        warmup_cosine(0.05, 20, 400, 0.0),
        warmup_cosine(3e-3, 5, 37, 1e-4),
        warmup_cosine(1.7, 1, 12, 0.3),
        warmup_cosine(0.2, 50, 51, 0.05),
        by_optax(
            "warmup_cosine(0.3, warmup = 0, total = 90)",
            optax.warmup_cosine_decay_schedule(0, 0.3, 0, 90), at=0,
        ),
        by_optax(
            "warmup_cosine(0.3, warmup = 1, total = 2, floor = 0.3)",
            optax.warmup_cosine_decay_schedule(0, 0.3, 1, 2, 0.3), at=0,
        ),
        by_optax(
            "warmup_cosine(0.3, warmup = 120, total = 480, floor = 0.03)",
            optax.warmup_cosine_decay_schedule(0, 0.3, 120, 480, 0.03), at=0,
        ),
    ]  # fmt: skip
    yield "warmup_stable_decay", [
        stable(0.3, 40, 200, 100, 0.01),
        stable(0.3, 0, 50, 300, 0.0, start=0.3),
        stable(0.3, 60, 0, 300, 0.0, start=0.02),
        stable(0.3, 25, 100, 250, 0.03, cosine=True),
        stable(0.3, 0, 0, 1, 0.05, start=0.3),
        stable(0.3, 1, 498, 1, 0.0, start=0.1),
        stable(0.3, 500, 0, 100, 0.0, cosine=True),
        stable(0.3, 30, 120, 200, 0.01, power=0.5),
        stable(0.3, 30, 120, 200, 0.01, power=2.0),
    ]
    warm = optax.linear_schedule(0, 0.2, 30)
    yield "cooldown", [
        by_formula(
            "cooldown(linear_warmup(0.2, warmup = 30), at = 300, length = 100, floor = 0.01)",
            cooled(lambda t: float(warm(t)), 300, 100, 0.01, lambda p: 1 - p),
        ),
        by_formula(
            "cooldown(inverse_sqrt(0.2, warmup = 10), at = 200, length = 77, power = 0.5)",
            cooled(inverse_sqrt(0.2, 10, 0), 200, 77, 0.0, lambda p: 1 - math.sqrt(p)),
        ),
        by_formula(
            "cooldown(constant(0.2), at = 1, length = 400, floor = 0.1, cosine = true)",
            cooled(lambda t: 0.2, 1, 400, 0.1, lambda p: (1 + math.cos(math.pi * p)) / 2),
        ),
    ]
    yield "inverse_sqrt", [
        by_formula("inverse_sqrt(0.2, warmup = 50)", inverse_sqrt(0.2, 50, 0)),
        by_formula("inverse_sqrt(0.2, warmup = 0)", inverse_sqrt(0.2, 0, 0)),
        by_formula("inverse_sqrt(0.2, warmup = 1)", inverse_sqrt(0.2, 1, 0)),
        by_formula("inverse_sqrt(0.2, warmup = 20, scale = 300)", inverse_sqrt(0.2, 20, 300)),
    ]

    def noam(s):
        return 512**-0.5 * min((s + 1) ** -0.5, (s + 1) * 60**-1.5)

    yield "noam", [by_torch("noam(width = 512, warmup = 60, factor = 1.3)", 1.3, lambda r: L.LambdaLR(r, noam))]
    yield "reduce_on_plateau", [
        plateau("reduce_on_plateau(0.4)", 0.4, 71),
        plateau("reduce_on_plateau(0.4, factor = 0.5, patience = 3, threshold = 0.01)", 0.4, 72, factor=0.5, patience=3,
                threshold=0.01),
        plateau("reduce_on_plateau(0.4, factor = 0.7, patience = 5, cooldown = 11, floor = 0.02)", 0.4, 73, factor=0.7,
                patience=5, cooldown=11, min_lr=0.02),
        plateau("reduce_on_plateau(0.4, factor = 0.3, patience = 0, absolute = true, threshold = 0.05, eps = 0.003)", 0.4,
                74, factor=0.3, patience=0, threshold_mode="abs", threshold=0.05, eps=0.003),
        plateau("reduce_on_plateau(0.4, factor = 0.5, patience = 0, threshold = 0, floor = 0.1)", 0.4, 75, factor=0.5,
                patience=0, threshold=0, min_lr=0.1),
        plateau("reduce_on_plateau(0.4, factor = 0.9, patience = 2, cooldown = 1, absolute = true, threshold = 0)", 0.4, 76,
                factor=0.9, patience=2, cooldown=1, threshold_mode="abs", threshold=0),
        plateau("reduce_on_plateau(0.4, patience = 0, cooldown = 40, floor = 0.4)", 0.4, 77, patience=0, cooldown=40,
                min_lr=0.4),
        plateau("reduce_on_plateau(0.4, factor = 0, patience = 30)", 0.4, 78, factor=0.0, patience=30),
        plateau("reduce_on_plateau(0.4, factor = 0.5, patience = 1, threshold = 0.3, eps = 0.06)", 0.4, 79, factor=0.5,
                patience=1, threshold=0.3, eps=0.06),
    ]  # fmt: skip
    yield "batch_scaled", [
        by_formula("batch_scaled(0.1, batch = 1024)", lambda t: 0.1 * 1024 / 256),
        by_formula("batch_scaled(0.1, batch = 1024, power = 0)", lambda t: 0.1),
        by_formula("batch_scaled(0.1, batch = 1, reference = 1)", lambda t: 0.1),
        by_formula(
            "batch_scaled(linear_warmup(0.1, warmup = 20), batch = 64, reference = 512, power = 0.5)",
            lambda t: 0.1 * min(1, t / 20) * math.sqrt(64 / 512),
        ),
    ]
    cosine, tail = optax.cosine_decay_schedule(0.3, 100), optax.exponential_decay(0.05, 1, 0.99)
    three = optax.join_schedules([optax.constant_schedule(0.1), cosine, tail], [40, 140])

    def sequential(r):
        return L.SequentialLR(r, [L.ConstantLR(r, 0.2, 1000), L.ExponentialLR(r, 0.98)], milestones=[30])

    yield "join_schedules", [
        by_torch("join_schedules(constant(0.02), exponential_decay(0.1, gamma = 0.98), at = 30)", 0.1, sequential),
        by_optax(
            "join_schedules(join_schedules(constant(0.1), cosine_decay(0.3, total = 100), at = 40), "
            "exponential_decay(0.05, gamma = 0.99), at = 140)",
            three,
        ),
        by_optax("join_schedules(constant(0.1), cosine_decay(0.3, total = 100), at = 0)", cosine),
        by_optax("join_schedules(cosine_decay(0.3, total = 100), constant(0.1), at = 500)", cosine),
        by_torch("join_schedules(constant(0.1/3), constant(0.1), at = 5)", 0.1, lambda r: L.ConstantLR(r)),
        by_torch("join_schedules(constant(0.1), constant(0.1), at = 0)", 0.1, lambda r: L.ConstantLR(r, 0.5, 0)),
    ]


def main():
    folder = HERE / "schedules"
    folder.mkdir(exist_ok=True)
    for item, cases in items():
        lines = ",\n".join(json.dumps(c, allow_nan=False) for c in cases)
        (folder / f"{item}.json").write_text(
            f'{{"item": "{item}", "cases": [\n{lines}\n]}}\n', encoding="utf-8"
        )
        print(item, len(cases))


if __name__ == "__main__":
    main()
