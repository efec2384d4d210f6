#!/usr/bin/env python3
"""Writes schedules/*.json: learning rates of torch's schedulers, step by step.

    python3 make_schedule_fixtures.py

"rates"[i] is the rate of step t = i + 1. torch multiplies its rates step by step, so they agree with
a closed form to about 1e-13 of the peak, not bit for bit.
"""
import json
import pathlib

import peers

peers.need("torch", "numpy")
import torch  # noqa: E402
from torch.optim import lr_scheduler  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def warmup_cosine(peak, warmup, total, floor):
    """LinearLR reaches the peak at update `warmup`, where CosineAnnealingLR takes over."""
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
    return rates


def main():
    cases = []
    for setting in [(0.05, 20, 400, 0.0), (3e-3, 5, 37, 1e-4), (1.7, 1, 12, 0.3), (0.2, 50, 51, 0.05)]:
        hyper = dict(zip(("peak", "warmup", "total", "floor"), setting))
        cases.append({"hyper": hyper, "rates": warmup_cosine(*setting)})
    folder = HERE / "schedules"
    folder.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(c) for c in cases)
    head = json.dumps({"item": "warmup_cosine", "made_by": f"torch {torch.__version__.split('+')[0]}"})
    (folder / "warmup_cosine.json").write_text(
        f'{head[:-1]}, "cases": [\n{lines}\n]}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main()
