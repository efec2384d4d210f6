"""How peers in Python are timed, and how they are asked: a row's name a line in, seconds as JSON a line out."""
import json
import statistics
import sys
import time

REPETITIONS = 5
LEAST_SECONDS = 0.15  # of a repetition


def seconds_of(work):
    """The median of several repetitions, per call."""
    work()
    start = time.perf_counter()
    work()
    once = time.perf_counter() - start
    calls = max(1, round(LEAST_SECONDS / max(once, 1e-7)))
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def serve(rows):
    """`rows`: name → function that gives {who: seconds}. Ends with the input."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(rows[line.strip()]()), flush=True)
