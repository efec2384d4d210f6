"""Table of make_rule_fixtures.py: rules without a schedule, or without a rate."""
import dadaptation
import prodigyopt
import schedulefree

from sequences import by_package


def average(momentum):
    """x of the schedule-free rules, read back from their parameters y = (1 - momentum)*z + momentum*x."""

    def read(rule, parameters):
        return [y.detach() + (rule.state[y]["z"] - y.detach()) * (1 - 1 / momentum) for y in parameters]

    return read


def rate(lr, warmup):
    return f"linear_warmup({lr}, warmup = {warmup})" if warmup else lr


def free_sgd(name, lr, momentum=0.9, weight_decay=0.0, r=0.0, lr_power=2.0, warmup=0, loop="open"):
    def make(p):
        return schedulefree.SGDScheduleFree(
            p, lr, momentum, weight_decay, warmup_steps=warmup, r=r, weight_lr_power=lr_power, foreach=False
        )

    using = (
        f"ScheduleFreeSGD(lr = {rate(lr, warmup)}, momentum = {momentum}, weight_decay = {weight_decay}, r = {r}, "
        f"lr_power = {lr_power})"
    )
    return by_package("schedulefree", name, {}, make, average(momentum), loop, using)


def free_adamw(name, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, r=0.0, lr_power=2.0, warmup=0, loop="open"):
    def make(p):
        return schedulefree.AdamWScheduleFree(
            p, lr, (beta1, beta2), eps, weight_decay, warmup, r, lr_power, foreach=False
        )

    using = (
        f"ScheduleFreeAdamW(lr = {rate(lr, warmup)}, beta1 = {beta1}, beta2 = {beta2}, eps = {eps}, "
        f"weight_decay = {weight_decay}, r = {r}, lr_power = {lr_power})"
    )
    return by_package("schedulefree", name, {}, make, average(beta1), loop, using)


def renamed(hyper, **names):
    """The hyperparameters of an item in the spelling of a package."""
    names = {"growth": "growth_rate", "decoupled": "decouple", "bias_correction": "use_bias_correction"} | names
    rest = {names.get(k, k): v for k, v in hyper.items() if k not in ("beta1", "beta2")}
    betas = {"betas": (hyper["beta1"], hyper["beta2"])} if "beta1" in hyper else {}
    return rest | betas


def prodigy(name, loop="open", **hyper):
    keywords = renamed(hyper, coefficient="d_coef", safeguard="safeguard_warmup")
    return by_package("prodigyopt", name, hyper, lambda p: prodigyopt.Prodigy(p, **keywords), loop=loop)


def adapted(kind, name, loop="open", **hyper):
    return by_package("dadaptation", name, hyper, lambda p: kind(p, **renamed(hyper)), loop=loop)


ITEMS = {
    "ScheduleFreeSGD": [
        free_sgd("plain", 0.031),
        free_sgd("all", 0.047, 0.83, 0.07, 0.5, 1.3, warmup=40),
        free_sgd("quadratic", 0.21, 0.87, loop="closed"),
    ],
    "ScheduleFreeAdamW": [
        free_adamw("plain", 0.0067),
        free_adamw("all", 0.0083, 0.87, 0.957, 1e-6, 0.11, 0.7, 1.7, warmup=25),
        free_adamw("quadratic", 0.013, loop="closed"),
        free_adamw("quadratic_wide_eps", 0.013, 0.93, 0.98, 1e-2, loop="closed"),
    ],
    "Prodigy": [
        prodigy("plain", d0=1e-3, beta1=0.9, beta2=0.99, growth=1.02),
        prodigy("coupled", d0=1e-2, beta1=0.87, beta2=0.98, weight_decay=0.07, decoupled=False, bias_correction=True),
        prodigy("decoupled", d0=1e-3, weight_decay=0.05, beta1=0.9, beta2=0.99, coefficient=0.7, growth=1.05),
        prodigy("quadratic", loop="closed", d0=1e-3, safeguard=True),
    ],
    "DAdaptSGD": [
        adapted(dadaptation.DAdaptSGD, "plain", d0=1e-3),
        adapted(dadaptation.DAdaptSGD, "all", d0=1e-2, momentum=0.87, weight_decay=0.03, growth=1.03),
        adapted(dadaptation.DAdaptSGD, "quadratic", loop="closed", d0=1e-2),
    ],
    "DAdaptAdam": [
        adapted(dadaptation.DAdaptAdam, "plain", d0=1e-3),
        adapted(
            dadaptation.DAdaptAdam, "coupled", d0=1e-3, beta1=0.85, beta2=0.97, eps=1e-6, weight_decay=0.05, growth=1.04,
            bias_correction=True,
        ),
        adapted(dadaptation.DAdaptAdam, "decoupled", d0=1e-3, weight_decay=0.07, decoupled=True),
        adapted(dadaptation.DAdaptAdam, "quadratic", loop="closed", d0=1e-2),
    ],
}  # fmt: skip
