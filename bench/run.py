"""Runs the whole speed suite and prints one table: run.py [--rounds N] [--out FILE.json] [ROW…].

Every row is measured in several rounds, ours and the peers' one right after the other; a measurement is the
median of several repetitions, and the table has the best of the rounds. All is on one thread unless the row says so.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))
import peers

for pin in "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS":
    os.environ.pop(pin, None)
BUILD = ROOT / "build"
THALWEG = BUILD / "bin" / "thalweg"

DIGITS = """
problem Digits(hidden = 128, lambda = 1e-4) {
  data  X: [n, d]
  data  y: class(k)[n]
  param W1: [d, hidden] = normal(0, √(2/d))
  param b1: [hidden] = 0
  param W2: [hidden, k] = normal(0, √(2/hidden))
  param b2: [k] = 0
  let logits = relu(X @ W1 + b1) @ W2 + b2
  minimize mean(cross_entropy(logits, y)) + lambda/2*(sumsq(W1) + sumsq(W2))
}
experiment digits {
  minimize  Digits()
  given     X, y = csv("digits.csv", target = "digit", scale = 1/16)
  using     AdamW(lr = 3e-3)
  batch     64
  steps     3000
  precision f32
}
"""
START = """
problem Bowl { param x: [3] = 1  minimize sumsq(x) }
experiment start { minimize Bowl()  using AdamW()  steps 1  precision f32 }
"""


class Server:
    """A Python peer that stays up, so that its start is not measured."""

    def __init__(self, script):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.process.stdout.readline()

    def __call__(self, row):
        self.process.stdin.write(row + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"a peer ended at '{row}'")
        return json.loads(line)


SERVERS = {}


def ask(script):
    def measure(row):
        if script not in SERVERS:
            SERVERS[script] = Server(script)
        return SERVERS[script](row)

    return measure


def compiled(program):
    """Benchmarks ROW/WHO of a program of ours."""

    def measure(row):
        out = subprocess.run(
            [
                BUILD / "bin" / program,
                f"--benchmark_filter=^{row}/",
                "--benchmark_format=json",
                "--benchmark_repetitions=5",
                "--benchmark_min_time=0.15",
                "--benchmark_enable_random_interleaving=true",
            ],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        times = {}
        for one in json.loads(out.stdout)["benchmarks"]:
            if one["run_type"] == "aggregate" and one["aggregate_name"] == "median":
                who = one["run_name"].split("/")[1]
                times[who] = one["real_time"] * 1e-9
                if row == "changes":
                    times["compilations"] = one["compilations"]
        return times

    return measure


def work_folder():
    folder = BUILD / "bench_work"
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "examples" / "data" / "digits.csv", folder)
    (folder / "digits.tw").write_text(DIGITS)
    (folder / "start.tw").write_text(START)
    return folder


def digits(row):
    batch = row.split()[1]
    command = [THALWEG, "run", work_folder() / "digits.tw", "--set", f"batch={batch}"]
    command += ["--stdlib", ROOT / "stdlib", "--threads", "1", "--json"]
    times = []
    for _ in range(5):
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        run = json.loads(out.stdout)["runs"][0]
        times.append(run["seconds"] / run["steps"])
    return {"thalweg": statistics.median(times)}


def start(row):
    """A cold process each time; phases of the last one."""
    command = [THALWEG, "run", work_folder() / "start.tw", "--stdlib", ROOT / "stdlib"]
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        out = subprocess.run([*command, "--time-passes"], check=True, capture_output=True, text=True)
        times.append(time.perf_counter() - begin)
    phases = {}
    for line in out.stderr.splitlines():
        at = line.split()
        if "ms" in at:
            ms = at.index("ms") if "ms" in at else at.index("ms,")
            phases["  " + " ".join(at[: ms - 1])] = float(at[ms - 1]) * 1e-3
    return {"thalweg": statistics.median(times), **phases}


def cold(row):
    times = {}
    for who in "torch", "jax":
        folder = BUILD / "bench_work" / "cache"
        shutil.rmtree(folder, ignore_errors=True)
        environment = dict(os.environ, TORCHINDUCTOR_CACHE_DIR=str(folder))
        out = subprocess.run(
            [sys.executable, HERE / "cold.py", who],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        parts = json.loads(out.stdout.splitlines()[-1])
        times[f"{who} compile"] = parts["compile and step"]
        times[f"{who} import, compile"] = parts["import"] + parts["compile and step"]
    return times


RULES, LOSSES = compiled("rules_bench"), compiled("losses_bench")
TORCH, JAX = ask("peer_torch.py"), ask("peer_jax.py")

# Row → title, who is measured by what, goals: (text, numerator, denominator, at most or at least).
ROWS = {
    "memory": (
        "AdamW f32, 64 M elements",
        [RULES, TORCH, JAX],
        [
            ("≥ 0.95 of the same traffic", "traffic", "thalweg", 0.95),
            ("≥ 1.0 × torch fused", "torch fused", "thalweg", 1.0),
        ],
    ),
    "cache": (
        "AdamW f32 in cache, 16 k elements",
        [RULES, TORCH, JAX],
        [("≤ 1.1 × intrinsics", "thalweg", "intrinsics", -1.1)],
    ),
    "clip": (
        "global clip |> AdamW, 64 M elements",
        [RULES, TORCH, JAX],
        [("≥ 0.90 of its own traffic", "traffic", "thalweg", 0.9)],
    ),
    "lamb": (
        "LAMB, 64 M elements",
        [RULES, JAX],
        [("≥ 0.90 of its own traffic", "traffic", "thalweg", 0.9)],
    ),
    "tensors": (
        "AdamW, 3000 tensors × 3500",
        [RULES, TORCH],
        [
            ("≤ 1.2 × one tensor", "thalweg", "one", -1.2),
            ("faster than torch fused", "torch fused", "thalweg", 1.0),
        ],
    ),
    "threads": (
        "AdamW, 1 M elements, two threads",
        [RULES],
        [("≥ 1.7 × one thread", "thalweg 1", "thalweg 2", 1.7)],
    ),
    "start": (
        "source text → first AdamW step, cold",
        [start, cold],
        [
            ("≤ 100 ms", "thalweg", None, -0.1),
            ("torch.compile beside it", "torch compile", "thalweg", 0),
            ("jax.jit beside it", "jax compile", "thalweg", 0),
        ],
    ),
    "changes": (
        "lr, size or tensor count changed",
        [RULES],
        [("0 compilations", "compilations", None, -0.0)],
    ),
    "logistic": (
        "logistic value + gradient, 1 M × 112 f32",
        [LOSSES, TORCH, JAX],
        [
            ("≤ 1.5 × reading X once", "thalweg", "read", -1.5),
            ("faster than torch", "torch", "thalweg", 1.0),
            ("faster than torch compiled", "torch compiled", "thalweg", 1.0),
            ("faster than JAX", "jax", "thalweg", 1.0),
            ("faster than NumPy", "numpy", "thalweg", 1.0),
        ],
    ),
    "digits 64": (
        "digits network, batch 64",
        [digits, TORCH],
        [
            ("≥ 0.9 × torch eager", "torch eager", "thalweg", 0.9),
            ("torch eager, fused", "torch eager, fused", "thalweg", 0),
        ],
    ),
    "digits 512": (
        "digits network, batch 512",
        [digits, TORCH],
        [
            ("≥ 0.9 × torch eager", "torch eager", "thalweg", 0.9),
            ("torch eager, fused", "torch eager, fused", "thalweg", 0),
        ],
    ),
}


def text_of(seconds):
    for unit, size in ("s", 1), ("ms", 1e-3), ("µs", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def machine():
    model = next(l for l in open("/proc/cpuinfo") if l.startswith("model name")).split(":")[1].strip()
    memory = int(open("/proc/meminfo").readline().split()[1]) / 2**20
    versions = ", ".join(peers.version(m) for m in ("torch", "jax", "optax", "numpy"))
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB; {versions}"


def print_table(best):
    print("| what | goal | ratio | ours | peer | held |\n|---|---|---|---|---|---|")
    for row, (title, _, goals) in ROWS.items():
        times = best.get(row)
        if not times:
            continue
        for text, over, under, bound in goals:
            if row == "changes":
                print(f"| {title} | {text} | {times[over]:.0f} | | | {'yes' if times[over] == 0 else 'no'} |")
                continue
            ratio = times[over] / times[under] if under else times[over]
            held = "" if bound == 0 else "yes" if ratio >= bound > 0 or ratio <= -bound else "no"
            ours = "thalweg" if "thalweg" in times else "thalweg 2"
            peer = next((n for n in (over, under) if n and n != ours), None)
            beside = f"{peer}: {text_of(times[peer])}" if peer else ""
            shown = text_of(ratio) if under is None else f"{ratio:.2f}"
            print(f"| {title} | {text} | {shown} | {text_of(times[ours])} | {beside} | {held} |")
    print("\nAll measurements:\n")
    for row, times in best.items():
        listed = "; ".join(f"{who.strip()} {text_of(t)}" for who, t in times.items() if who != "compilations")
        print(f"- {row}: {listed}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", help="all measurements as JSON; those that the file holds already are kept")
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []])
    arguments = parser.parse_args()
    peers.need("torch", "numpy", "jax", "optax")
    out = pathlib.Path(arguments.out) if arguments.out else None
    best = json.loads(out.read_text()) if out and out.exists() else {}
    for round_number in range(arguments.rounds):
        for row in arguments.rows or ROWS:
            for measure in ROWS[row][1]:
                for who, seconds in measure(row).items():
                    known = best.setdefault(row, {})
                    known[who] = min(seconds, known.get(who, seconds))
            print(f"round {round_number + 1}: {row}", file=sys.stderr)
            if out:
                out.write_text(json.dumps(best, indent=1))
    print(machine())
    print(time.strftime("%Y-%m-%d"))
    print_table(best)


main()
