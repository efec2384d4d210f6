"""The nonlinear regression sets of NIST's Statistical Reference Datasets (public domain) as problems of the
library, data files and certified values: make_nist.py nist_strd.json

The input is a list `datasets` with id, difficulty, reference, model, response, start1, start2, certified values and
data of each set, as copied from https://www.itl.nist.gov/div898/strd/nls/. Writes

  stdlib/problems/NAME.tw            the problem, which starts from the second, nearer, start
  examples/data/nist/NAME.csv        its observations
  tests/reference/nist/certified.json   NAME: [parameters], the residual sum of squares
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def formula(model: str) -> str:
    """b1 … count from 0, and powers of negative numbers lose brackets they do not need."""
    return re.sub(r"\bb(\d)\b", lambda m: f"b[{int(m.group(1)) - 1}]", model)


def wrapped(text: str, first: str, rest: str, width: int = 98) -> list[str]:
    lines, line = [], first
    for word in text.split():
        if len(line) + 1 + len(word) > width and line.strip("# "):
            lines.append(line.rstrip())
            line = rest
        line += word + " "
    return lines + [line.rstrip()]


def number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e6 else repr(value)


def problem(d: dict) -> str:
    name, predictors = d["id"], [k for k in d["data"] if k != "y"]
    model = formula(d["model"])
    lists = {k: "[" + ", ".join(number(v) for v in d[k]) + "]" for k in ("start1", "start2")}
    best = ", ".join(f"{float(b):.11g}" for b in d["certified"]["parameters"])
    kind = {"Lower": "lower", "Average": "average", "Higher": "higher"}[d["difficulty"]]
    out = [f"## Nonlinear regression of {kind} difficulty, {d['n_obs']} observations of NIST's reference sets."]
    out += ["##"]
    out += wrapped(f"{d['response']} ≈ {model}", "##   ", "##     ")
    out += ["##"]
    out += wrapped(f"The minimum is at b = [{best}]: the sum of squares is {float(d['certified']['rss']):.11g} there. "
                   f"Starts near it, with start = 1 farther away. The data are {name}.csv of examples/data/nist.",
                   "## ", "## ")
    out += wrapped(f"Source: NIST Statistical Reference Datasets ({name}), public domain; {d['reference']}",
                   "## ", "## ")
    out += [f"problem {name}(start = 2) {{"]
    out += [f"  data  {p}: [n]" for p in predictors] + ["  data  y: [n]"]
    out += [f"  param b: [{len(d['start1'])}] = if start == 1 then {lists['start1']} else {lists['start2']}"]
    fit = model.replace(" + ", "\n      + ") if len(model) > 70 else model
    out += [f"  let   fit = {fit}"]
    out += [f"  minimize sumsq({d['response']} - fit)", "}"]
    return "\n".join(out) + "\n"


def main() -> None:
    data = json.loads(pathlib.Path(sys.argv[1]).read_text())["datasets"]
    folders = [ROOT / "stdlib/problems", ROOT / "examples/data/nist", ROOT / "tests/reference/nist"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    certified = {}
    for d in data:
        (folders[0] / f"{d['id']}.tw").write_text(problem(d))
        names = [k for k in d["data"] if k != "y"] + ["y"]
        rows = zip(*(d["data"][k] for k in names))
        text = ",".join(names) + "\n" + "".join(",".join(repr(v) for v in row) + "\n" for row in rows)
        (folders[1] / f"{d['id']}.csv").write_text(text)
        certified[d["id"]] = {"parameters": [float(b) for b in d["certified"]["parameters"]],
                              "rss": float(d["certified"]["rss"])}
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in certified.items())
    (folders[2] / "certified.json").write_text("{\n" + lines + "\n}\n")


main()
