#!/usr/bin/env python3
"""Writes the example data sets next to this script (see README.md for sources and licences).

Needs numpy and scikit-learn, which carries the three real data sets; the two `returns` files are
synthetic, drawn from a fixed seed. Numbers are written in the shortest form that reads back to
the same double, so the files are the same wherever the script runs.

    python3 make_data.py
"""
import csv
import pathlib
import re

import numpy as np
from sklearn import datasets

HERE = pathlib.Path(__file__).resolve().parent


def number(value):
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def write(name, header, rows):
    with open(HERE / name, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[number(v) for v in row] for row in rows])


def snake(name):
    return re.sub(r"\W+", "_", name.strip().lower())


def breast_cancer():
    bunch = datasets.load_breast_cancer()
    label = np.where(bunch.target_names[bunch.target] == "benign", 1, -1)
    header = [snake(n) for n in bunch.feature_names] + ["label"]
    write("breast_cancer.csv", header, np.column_stack([bunch.data, label]))


def digits():
    bunch = datasets.load_digits()
    header = [f"p{i}" for i in range(64)] + ["digit"]
    write("digits.csv", header, np.column_stack([bunch.data, bunch.target]))


def diabetes():
    bunch = datasets.load_diabetes(scaled=False)
    header = [snake(n) for n in bunch.feature_names] + ["progression"]
    write("diabetes.csv", header, np.column_stack([bunch.data, bunch.target]))


def returns():
    """Monthly mean returns and covariance of eight made-up assets under a three-factor model."""
    rng = np.random.Generator(np.random.PCG64(20240501))
    assets, factors = 8, 3
    loadings = rng.uniform(0.2, 1.2, (assets, factors)) * [1.0, 0.5, 0.3]
    factor_volatility = np.array([0.04, 0.025, 0.02])
    own_volatility = rng.uniform(0.01, 0.05, assets)
    premium = np.array([0.006, 0.003, 0.001])
    mean = np.round(loadings @ premium + rng.normal(0, 0.001, assets), 6)
    covariance = (loadings * factor_volatility**2) @ loadings.T + np.diag(own_volatility**2)
    covariance = np.round(covariance, 8)
    write("returns_mean.csv", ["mean"], mean[:, None])
    write("returns_cov.csv", [f"asset{i + 1}" for i in range(assets)], covariance)
    assert np.linalg.eigvalsh(covariance).min() > 0


if __name__ == "__main__":
    breast_cancer()
    digits()
    diabetes()
    returns()
