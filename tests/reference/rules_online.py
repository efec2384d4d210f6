"""Table of make_rule_fixtures.py: rules of online learning."""
import itertools

import numpy as np
import pytorch_optimizer

from sequences import by_package, by_paper


def ftrl(name, lr, beta, l1, l2):
    def make(p):
        return pytorch_optimizer.FTRL(p, lr=lr, lr_power=-0.5, beta=beta, lambda_1=l1, lambda_2=l2, foreach=False)

    return by_package("pytorch_optimizer", name, {"lr": lr, "beta": beta, "l1": l1, "l2": l2}, make)


def adam_ftrl(x, gradient, lr, beta):
    """Discounted sums kept as such: newest last, every step adds its own and ages the others."""
    m, v = [np.zeros_like(a) for a in x], [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        g = gradient(t, x)
        m = [beta * a + b for a, b in zip(m, g)]
        v = [beta * beta * a + b * b for a, b in zip(v, g)]
        step = [np.divide(a, np.sqrt(b), out=np.zeros_like(a), where=b > 0) for a, b in zip(m, v)]
        x = [a - lr * b for a, b in zip(x, step)]
        yield x


ITEMS = {
    "FTRLProximal": [
        ftrl("plain", 0.13, 1.0, 0.0, 0.0),
        ftrl("sparse", 0.21, 1.0, 0.73, 0.0),
        ftrl("elastic", 0.17, 0.31, 0.29, 0.11),
        ftrl("adagrad", 0.077, 0.0, 0.0, 0.0),
    ],
    "AdamFTRL": [by_paper("random", {"lr": 0.0057, "beta": 0.87}, adam_ftrl)],
}
