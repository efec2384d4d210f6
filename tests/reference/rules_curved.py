"""Table of make_rule_fixtures.py: rules that ask for products with the Hessian."""
import itertools

import numpy as np
import optax

from sequences import by_paper, case, sophia_peer
import peers


def sophia_paper(x, gradient, diagonal, lr, beta1, beta2, k, gamma, eps, limit, weight_decay):
    """Algorithm 3; the estimate by signs is the diagonal itself, as the Hessian has nothing else."""
    m, h = [np.zeros_like(a) for a in x], [np.zeros_like(a) for a in x]
    for t in itertools.count(1):
        m = [beta1 * a + (1 - beta1) * b for a, b in zip(m, gradient(t, x))]
        if k == 1 or t % k == 1:
            h = [beta2 * a + (1 - beta2) * b for a, b in zip(h, diagonal)]
        x = [a - lr * weight_decay * a for a in x]
        x = [a - lr * np.clip(b / np.maximum(gamma * c, eps), -limit, limit) for a, b, c in zip(x, m, h)]
        yield x


def paper(name, loop="curved", **hyper):
    return by_paper(name, hyper, sophia_paper, loop)


def by_optax(name, lr, beta1, beta2, k, gamma, eps, limit, weight_decay, loop="curved"):
    def make():
        return optax.contrib.sophia(lr, beta1, beta2, eps, weight_decay, None, gamma, limit, k)

    using = (
        f"Sophia(lr = {lr}, beta1 = {beta1}, beta2 = {beta2}, k = {k}, gamma = {gamma}, eps = {eps}, limit = {limit}, "
        f"weight_decay = {weight_decay}, delayed = true, bias_correction = true)"
    )
    return case(name, {}, sophia_peer(make), peers.version("optax"), loop, using)


ITEMS = {
    "Sophia": [
        by_optax("plain", 0.011, 0.93, 0.97, 10, 1.3, 1e-8, 1.0, 0.07),
        by_optax("every", 0.0071, 0.87, 0.95, 1, 3.1, 1e-2, 0.6, 0.0),
        by_optax("quadratic", 0.0043, 0.9, 0.9, 7, 2.0, 1e-3, 1.5, 0.0, "closed"),
        paper("paper", lr=0.0093, beta1=0.91, beta2=0.96, k=6, gamma=1.7, eps=1e-12, limit=1.0, weight_decay=0.11),
        paper("paper_every", lr=0.013, beta1=0.95, beta2=0.9, k=1, gamma=0.9, eps=1e-3, limit=0.7, weight_decay=0.0),
    ],
}  # fmt: skip
