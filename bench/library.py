"""Every rule of the library against the bytes it moves, and beside PyTorch: library.py. One thread, f32, 16 M elements."""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))
import peers  # noqa: E402

peers.need("torch", "numpy")
import torch  # noqa: E402
from timing import seconds_of  # noqa: E402

torch.set_num_threads(1)
torch.set_flush_denormal(True)
N = 1 << 24
FUSED = {"SGD": {"momentum": 0.9}, "Adagrad": {}, "Adam": {}, "AdamW": {}, "AMSGrad": {"amsgrad": True}}
FOREACH = {
    "Adadelta": {}, "Adamax": {}, "NAdam": {}, "RAdam": {}, "RMSProp": {}, "Rprop": {}, "ASGD": {},
}  # fmt: skip
CLASSES = {"AMSGrad": "Adam", "RMSProp": "RMSprop"}


def torch_seconds(item):
    switches = {"fused": True} if item in FUSED else {"foreach": True} if item in FOREACH else None
    if switches is None:
        return None
    x = torch.nn.Parameter(torch.full((N,), 0.5))
    x.grad = torch.full((N,), 0.01)
    hyper = FUSED.get(item, FOREACH.get(item))
    rule = getattr(torch.optim, CLASSES.get(item, item))([x], lr=1e-3, **hyper, **switches)
    return seconds_of(rule.step)


def main():
    out = subprocess.run([ROOT / "build" / "bin" / "library_bench"], check=True, stdout=subprocess.PIPE)
    print("| rule | passes | ms | its traffic, ms | ratio | its arithmetic, ms | torch, ms |")
    print("|---|---|---|---|---|---|---|")
    for item, row in json.loads(out.stdout).items():
        seconds = torch_seconds(item)
        how = "fused" if item in FUSED else "foreach"
        torch_text = f"{seconds * 1e3:.1f} {how}" if seconds else ""
        print(
            f"| `{item}` | {row['passes']} | {row['ours'] * 1e3:.1f} | {row['traffic'] * 1e3:.1f} | "
            f"{row['traffic'] / row['ours']:.2f} | {row['computing'] * 1e3:.1f} | {torch_text} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
