"""Table of make_rule_fixtures.py: transforms of the gradient, before a rule that is known."""
import torch

from sequences import by_torch


class Clipped(torch.optim.AdamW):
    """AdamW behind clip_grad_norm_."""

    def __init__(self, parameters, max_norm, **hyper):
        super().__init__(parameters, foreach=False, **hyper)
        self.max_norm = max_norm

    def step(self):
        torch.nn.utils.clip_grad_norm_(self.param_groups[0]["params"], self.max_norm, foreach=False)
        super().step()


def global_norm(name, max_norm, lr, beta1, beta2, weight_decay):
    using = (
        f"clip_by_global_norm(max_norm = {max_norm}) |> "
        f"AdamW(lr = {lr}, beta1 = {beta1}, beta2 = {beta2}, weight_decay = {weight_decay})"
    )

    def make(p):
        return Clipped(p, max_norm, lr=lr, betas=(beta1, beta2), weight_decay=weight_decay)

    return by_torch(name, {}, make, using=using)


ITEMS = {
    "clip_by_global_norm": [
        global_norm("always", 1.0, 0.0094, 0.88, 0.9921, 0.053),
        global_norm("half_the_steps", 7.5, 0.0037, 0.93, 0.9968, 0.0),  # 7.5 is near the median norm
    ],
}
