"""The problems of stdlib/problems, written from their sources for any arithmetic: `M` has exp, log, sin, cos, sqrt,
atan, fabs, pi, half_if_negative
and c("0.1"), a decimal in its arithmetic. A problem is a function of M and a list x that gives the
residuals, whose sum of squares is the objective, or (VALUES) the value itself; with its cases: hyperparameters and start.
Indices begin at 0; the papers' at 1."""


def total(terms):
    terms = list(terms)
    out = terms[0]
    for t in terms[1:]:
        out = out + t
    return out


def numbers(M, text):
    return [M.c(word) for word in text.split()]


def freudenstein_roth(M, x):
    a, b = x
    return [a - 13 + ((5 - b) * b - 2) * b, a - 29 + ((b + 1) * b - 14) * b]


def powell_badly_scaled(M, x):
    return [10000 * x[0] * x[1] - 1, M.exp(-x[0]) + M.exp(-x[1]) - M.c("1.0001")]


def brown_badly_scaled(M, x):
    return [x[0] - 10**6, x[1] - M.c("2e-6"), x[0] * x[1] - 2]


def beale(M, x):
    return [y - x[0] * (1 - x[1] ** i) for i, y in zip((1, 2, 3), numbers(M, "1.5 2.25 2.625"))]


def jennrich_sampson(M, x, m):
    return [2 + 2 * i - (M.exp(i * x[0]) + M.exp(i * x[1])) for i in range(1, m + 1)]


def helical_valley(M, x):
    theta = M.atan(x[1] / x[0]) / (2 * M.pi) + M.half_if_negative(x[0])
    return [10 * (x[2] - 10 * theta), 10 * (M.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


def bard(M, x):
    y = numbers(M, ".14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.10 4.39")
    return [y[i - 1] - (x[0] + i / ((16 - i) * x[1] + min(i, 16 - i) * x[2])) for i in range(1, 16)]


def gaussian(M, x):
    half = ".0009 .0044 .0175 .0540 .1295 .2420 .3521"
    y = numbers(M, half + " .3989 " + " ".join(reversed(half.split())))
    return [x[0] * M.exp(-x[1] * ((8 - i) / M.c("2") - x[2]) ** 2 / 2) - y[i - 1] for i in range(1, 16)]


def meyer(M, x):
    y = numbers(M, "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872")
    return [x[0] * M.exp(x[1] / (45 + 5 * i + x[2])) - y[i - 1] for i in range(1, 17)]


def gulf_research(M, x, m):
    out = []
    for i in range(1, m + 1):
        t = M.c(str(i)) / 100
        y = 25 + (-50 * M.log(t)) ** (M.c("2") / 3)
        out.append(M.exp(-(M.fabs(y - x[1]) ** x[2]) / x[0]) - t)
    return out


def box3d(M, x, m):
    out = []
    for i in range(1, m + 1):
        t = M.c(str(i)) / 10
        out.append(M.exp(-t * x[0]) - M.exp(-t * x[1]) - x[2] * (M.exp(-t) - M.exp(-10 * t)))
    return out


def powell_singular(M, x):
    out = []
    for a, b, c, d in zip(*[iter(list(x))] * 4):
        root5, root10 = M.sqrt(M.c("5")), M.sqrt(M.c("10"))
        out += [a + 10 * b, root5 * (c - d), (b - 2 * c) ** 2, root10 * (a - d) ** 2]
    return out


def wood(M, x):
    a, b, c, d = x
    root90, root10 = M.sqrt(M.c("90")), M.sqrt(M.c("10"))
    return [10 * (b - a**2), 1 - a, root90 * (d - c**2), 1 - c, root10 * (b + d - 2), (b - d) / root10]


def kowalik_osborne(M, x):
    y = numbers(M, ".1957 .1947 .1735 .1600 .0844 .0627 .0456 .0342 .0323 .0235 .0246")
    u = numbers(M, "4 2 1 .5 .25 .167 .125 .1 .0833 .0714 .0625")
    return [b - x[0] * (a**2 + a * x[1]) / (a**2 + a * x[2] + x[3]) for a, b in zip(u, y)]


def brown_dennis(M, x, m):
    out = []
    for i in range(1, m + 1):
        t = M.c(str(i)) / 5
        out.append((x[0] + t * x[1] - M.exp(t)) ** 2 + (x[2] + x[3] * M.sin(t) - M.cos(t)) ** 2)
    return out


def osborne1(M, x):
    y = numbers(
        M,
        ".844 .908 .932 .936 .925 .908 .881 .850 .818 .784 .751 .718 .685 .658 .628 .603 .580 .558 .538 .522 .506 .490 "
        ".478 .467 .457 .448 .438 .431 .424 .420 .414 .411 .406",
    )
    return [y[i] - (x[0] + x[1] * M.exp(-10 * i * x[3]) + x[2] * M.exp(-10 * i * x[4])) for i in range(33)]


def biggs_exp6(M, x, m):
    out = []
    for i in range(1, m + 1):
        t = M.c(str(i)) / 10
        y = M.exp(-t) - 5 * M.exp(-10 * t) + 3 * M.exp(-4 * t)
        out.append(x[2] * M.exp(-t * x[0]) - x[3] * M.exp(-t * x[1]) + x[5] * M.exp(-t * x[4]) - y)
    return out


def osborne2(M, x):
    y = numbers(
        M,
        "1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626 .651 .724 .649 "
        ".649 .694 .644 .624 .661 .612 .558 .533 .495 .500 .423 .395 .375 .372 .391 .396 .405 .428 .429 .523 .562 .607 "
        ".653 .672 .708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .710 .729 .720 .636 .581 .428 .292 .162 .098 .054",
    )
    out = []
    for i in range(65):
        t = M.c(str(i)) / 10
        fit = x[0] * M.exp(-t * x[4])
        for k in (1, 2, 3):
            fit = fit + x[k] * M.exp(-((t - x[7 + k]) ** 2) * x[4 + k])
        out.append(y[i] - fit)
    return out


def watson(M, x):
    n = len(x)
    out = []
    for i in range(1, 30):
        t = M.c(str(i)) / 29
        slope = total(j * x[j] * t ** (j - 1) for j in range(1, n))
        out.append(slope - total(x[j] * t**j for j in range(n)) ** 2 - 1)
    return out + [x[0], x[1] - x[0] ** 2 - 1]


def extended_rosenbrock(M, x):
    out = []
    for a, b in zip(*[iter(list(x))] * 2):
        out += [10 * (b - a**2), 1 - a]
    return out


def rosenbrock(M, x):
    out = []
    for a, b in zip(list(x)[:-1], list(x)[1:]):
        out += [10 * (b - a**2), 1 - a]
    return out


def penalty1(M, x):
    root = M.sqrt(M.c("1e-5"))
    return [root * (v - 1) for v in x] + [total(v**2 for v in x) - M.c("0.25")]


def penalty2(M, x):
    n = len(x)
    root = M.sqrt(M.c("1e-5"))
    e = [M.exp(v / 10) for v in x]

    def tenth(i):
        return M.exp(M.c(str(i)) / 10)

    out = [x[0] - M.c("0.2")]
    out += [root * (e[i] + e[i - 1] - tenth(i + 1) - tenth(i)) for i in range(1, n)]
    out += [root * (e[i] - tenth(-1)) for i in range(1, n)]
    return out + [total((n - j) * x[j] ** 2 for j in range(n)) - 1]


def variably_dimensioned(M, x):
    s = total((i + 1) * (v - 1) for i, v in enumerate(x))
    return [v - 1 for v in x] + [s, s**2]


def trigonometric(M, x):
    n = len(x)
    cosines = total(M.cos(v) for v in x)
    return [n - cosines + (i + 1) * (1 - M.cos(v)) - M.sin(v) for i, v in enumerate(x)]


def brown_almost_linear(M, x):
    n = len(x)
    s = total(x)
    product = x[0]
    for v in list(x)[1:]:
        product = product * v
    return [v + s - (n + 1) for v in list(x)[:-1]] + [product - 1]


def discrete_boundary_value(M, x):
    n = len(x)
    h = M.c("1") / (n + 1)
    z = [0] + list(x) + [0]
    return [2 * z[i] - z[i - 1] - z[i + 1] + h**2 * (z[i] + i * h + 1) ** 3 / 2 for i in range(1, n + 1)]


def discrete_integral_equation(M, x):
    n = len(x)
    h = M.c("1") / (n + 1)
    t = [(i + 1) * h for i in range(n)]
    cubes = [(v + s + 1) ** 3 for v, s in zip(x, t)]
    out = []
    for i in range(n):
        before = total(t[j] * cubes[j] for j in range(i + 1))
        behind = total((1 - t[j]) * cubes[j] for j in range(i + 1, n)) if i + 1 < n else 0
        out.append(x[i] + h * ((1 - t[i]) * before + t[i] * behind) / 2)
    return out


def broyden_tridiagonal(M, x):
    n = len(x)
    z = [0] + list(x) + [0]
    return [(3 - 2 * z[i]) * z[i] - z[i - 1] - 2 * z[i + 1] + 1 for i in range(1, n + 1)]


def broyden_banded(M, x):
    n = len(x)
    out = []
    for i in range(n):
        near = [x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(n - 1, i + 1) + 1) if j != i]
        out.append(x[i] * (2 + 5 * x[i] ** 2) + 1 - (total(near) if near else 0))
    return out


def linear_full_rank(M, x, m):
    s = total(x) * 2 / m
    return [v - s - 1 for v in x] + [-s - 1] * (m - len(x))


def linear_rank1(M, x, m):
    s = total((j + 1) * v for j, v in enumerate(x))
    return [i * s - 1 for i in range(1, m + 1)]


def linear_rank1_zero_columns(M, x, m):
    n = len(x)
    s = total((j + 1) * x[j] for j in range(1, n - 1))
    return [i * s - 1 for i in range(m - 1)] + [0 * s - 1]


def chebyquad(M, x, m):
    n = len(x)
    z = [2 * v - 1 for v in x]
    before, at = [1 + 0 * v for v in z], z
    out = []
    for i in range(1, m + 1):
        out.append(total(at) / n + (M.c("1") / (i * i - 1) if i % 2 == 0 else 0))
        before, at = at, [2 * v * t - b for v, t, b in zip(z, at, before)]
    return out


def himmelblau(M, x):
    return [x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7]


def booth(M, x):
    return [x[0] + 2 * x[1] - 7, 2 * x[0] + x[1] - 5]


def zakharov(M, x):
    s = total((i + 1) * v for i, v in enumerate(x)) / 2
    return list(x) + [s, s**2]


def dixon_price(M, x):
    return [x[0] - 1] + [M.sqrt(M.c(str(i + 1))) * (2 * x[i] ** 2 - x[i - 1]) for i in range(1, len(x))]


def matyas(M, x):
    return M.c("0.26") * (x[0] ** 2 + x[1] ** 2) - M.c("0.48") * x[0] * x[1]


def branin(M, x):
    ridge = x[1] - M.c("5.1") / (4 * M.pi**2) * x[0] ** 2 + 5 / M.pi * x[0] - 6
    return ridge**2 + 10 * (1 - 1 / (8 * M.pi)) * M.cos(x[0]) + 10


def rastrigin(M, x):
    return 10 * len(x) + total(v**2 - 10 * M.cos(2 * M.pi * v) for v in x)


def ackley(M, x):
    n = len(x)
    length = M.sqrt(total(v**2 for v in x) / n)
    waves = total(M.cos(2 * M.pi * v) for v in x) / n
    return -20 * M.exp(-length / 5) - M.exp(waves) + 20 + M.exp(M.c("1"))


def goldstein_price(M, x):
    a, b = x
    left = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    right = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    return left * right


def three_hump_camel(M, x):
    a, b = x
    return 2 * a**2 - M.c("1.05") * a**4 + a**6 / 6 + a * b + b**2


def six_hump_camel(M, x):
    a, b = x
    return (4 - M.c("2.1") * a**2 + a**4 / 3) * a**2 + a * b + 4 * (b**2 - 1) * b**2


def mccormick(M, x):
    a, b = x
    return M.sin(a + b) + (a - b) ** 2 - M.c("1.5") * a + M.c("2.5") * b + 1


def easom(M, x):
    a, b = x
    return -M.cos(a) * M.cos(b) * M.exp(-((a - M.pi) ** 2) - (b - M.pi) ** 2)


def styblinski_tang(M, x):
    return total(v**4 - 16 * v**2 + 5 * v for v in x) / 2


def griewank(M, x):
    product = M.c("1")
    for i, v in enumerate(x):
        product = product * M.cos(v / M.sqrt(M.c(str(i + 1))))
    return 1 + total(v**2 for v in x) / 4000 - product


def levy(M, x):
    w = [1 + (v - 1) / 4 for v in x]
    out = M.sin(M.pi * w[0]) ** 2
    for v in w[:-1]:
        out = out + (v - 1) ** 2 * (1 + 10 * M.sin(M.pi * v + 1) ** 2)
    return out + (w[-1] - 1) ** 2 * (1 + M.sin(2 * M.pi * w[-1]) ** 2)


def alternating(n):
    return [-1.2 if i % 2 == 0 else 1.0 for i in range(n)]


def between(n):
    return [(i + 1) / (n + 1) * ((i + 1) / (n + 1) - 1) for i in range(n)]


# Name → (number in the paper, function, [(hyperparameters, start)]). The first case has the defaults.
MGH = {
    "Rosenbrock": (1, rosenbrock, [({"n": 2}, alternating(2)), ({"n": 10}, alternating(10))]),
    "FreudensteinRoth": (2, freudenstein_roth, [({}, [0.5, -2])]),
    "PowellBadlyScaled": (3, powell_badly_scaled, [({}, [0, 1])]),
    "BrownBadlyScaled": (4, brown_badly_scaled, [({}, [1, 1])]),
    "Beale": (5, beale, [({}, [1, 1])]),
    "JennrichSampson": (6, jennrich_sampson, [({"m": 10}, [0.3, 0.4])]),
    "HelicalValley": (7, helical_valley, [({}, [-1, 0, 0])]),
    "Bard": (8, bard, [({}, [1, 1, 1])]),
    "Gaussian": (9, gaussian, [({}, [0.4, 1, 0])]),
    "Meyer": (10, meyer, [({}, [0.02, 4000, 250])]),
    "GulfResearch": (11, gulf_research, [({"m": 99}, [5, 2.5, 0.15])]),
    "Box3D": (12, box3d, [({"m": 10}, [0, 10, 20])]),
    "PowellSingular": (13, powell_singular, [({}, [3, -1, 0, 1])]),
    "Wood": (14, wood, [({}, [-3, -1, -3, -1])]),
    "KowalikOsborne": (15, kowalik_osborne, [({}, [0.25, 0.39, 0.415, 0.39])]),
    "BrownDennis": (16, brown_dennis, [({"m": 20}, [25, 5, -5, -1])]),
    "Osborne1": (17, osborne1, [({}, [0.5, 1.5, -1, 0.01, 0.02])]),
    "BiggsEXP6": (18, biggs_exp6, [({"m": 13}, [1, 2, 1, 1, 1, 1])]),
    "Osborne2": (19, osborne2, [({}, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5])]),
    # Not n = 12: the Hessian there has eigenvalues from 1e-11 to 1e3, beyond what make_problem_minima.py can do.
    "Watson": (20, watson, [({"n": n}, [0] * n) for n in (6, 9)]),
    "ExtendedRosenbrock": (21, extended_rosenbrock, [({"n": 10}, alternating(10))]),
    "ExtendedPowellSingular": (22, powell_singular, [({"n": 12}, [3, -1, 0, 1] * 3)]),
    "PenaltyI": (23, penalty1, [({"n": n, "a": 1e-5}, list(range(1, n + 1))) for n in (10, 4)]),
    "PenaltyII": (24, penalty2, [({"n": n, "a": 1e-5}, [0.5] * n) for n in (10, 4)]),
    "VariablyDimensioned": (25, variably_dimensioned, [({"n": 10}, [1 - (i + 1) / 10 for i in range(10)])]),
    "Trigonometric": (26, trigonometric, [({"n": 10}, [0.1] * 10)]),
    "BrownAlmostLinear": (27, brown_almost_linear, [({"n": 10}, [0.5] * 10)]),
    "DiscreteBoundaryValue": (28, discrete_boundary_value, [({"n": 10}, between(10))]),
    "DiscreteIntegralEquation": (29, discrete_integral_equation, [({"n": 10}, between(10))]),
    "BroydenTridiagonal": (30, broyden_tridiagonal, [({"n": 10}, [-1] * 10)]),
    "BroydenBanded": (31, broyden_banded, [({"n": 10}, [-1] * 10)]),
    "LinearFullRank": (32, linear_full_rank, [({"n": 10, "m": 20}, [1] * 10)]),
    "LinearRank1": (33, linear_rank1, [({"n": 10, "m": 20}, [1] * 10)]),
    "LinearRank1ZeroColumns": (34, linear_rank1_zero_columns, [({"n": 10, "m": 20}, [1] * 10)]),
    "Chebyquad": (35, chebyquad, [({"n": n, "m": n}, [(j + 1) / (n + 1) for j in range(n)]) for n in (8, 7, 9, 10)]),
}
SQUARES = {
    "Himmelblau": (himmelblau, [({}, [0, 0])]),
    "Booth": (booth, [({}, [0, 0])]),
    "Zakharov": (zakharov, [({"n": 2}, [1, 1]), ({"n": 7}, [1] * 7)]),
    "DixonPrice": (dixon_price, [({"n": 2}, [1, 1]), ({"n": 5}, [1] * 5)]),
}
VALUES = {
    "Matyas": (matyas, [({}, [5, -3])]),
    "Branin": (branin, [({}, [2.5, 7.5])]),
    "Rastrigin": (rastrigin, [({"n": 2}, [0.4, 0.4]), ({"n": 5}, [0.4] * 5)]),
    "Ackley": (ackley, [({"n": 2}, [0.4, 0.4]), ({"n": 3}, [0.4] * 3)]),
    "GoldsteinPrice": (goldstein_price, [({}, [0.2, -0.7])]),
    "ThreeHumpCamel": (three_hump_camel, [({}, [0.8, -1])]),
    "SixHumpCamel": (six_hump_camel, [({}, [0.5, -0.5])]),
    "McCormick": (mccormick, [({}, [0, 0])]),
    "Easom": (easom, [({}, [2.5, 2.5])]),
    "StyblinskiTang": (styblinski_tang, [({"n": 2}, [-1, -1]), ({"n": 4}, [-1] * 4)]),
    "Griewank": (griewank, [({"n": 2}, [1, 1]), ({"n": 3}, [1] * 3)]),
    "Levy": (levy, [({"n": 2}, [1.5, 1.5]), ({"n": 4}, [1.5] * 4)]),
}


def problems():
    """(name, number or 0, objective(M, x), hyperparameters, start) of every case."""

    def squares(function, hyper):
        own = {k: hyper[k] for k in ("m",) if k in hyper}
        return lambda M, x: total(r * r for r in function(M, x, **own))

    for name, (number, function, cases) in MGH.items():
        for hyper, start in cases:
            yield name, number, squares(function, hyper), hyper, [float(v) for v in start]
    for name, (function, cases) in SQUARES.items():
        for hyper, start in cases:
            yield name, 0, squares(function, hyper), hyper, [float(v) for v in start]
    for name, (function, cases) in VALUES.items():
        for hyper, start in cases:
            yield name, 0, function, hyper, [float(v) for v in start]
