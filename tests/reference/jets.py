"""Values with their gradient and Hessian, carried through + - * / ** and the functions below: exact derivatives in f64 of
the formulas in problems_mgh.py. `oracles(f, n)` gives value, gradient, Hessian and product with it as functions of x."""

import numpy


class Jet:
    """order 1 has no Hessian (None)."""

    __array_ufunc__ = None

    def __init__(self, v, g, h):
        self.v, self.g, self.h = v, g, h

    def through(self, v, d1, d2):
        h = None if self.h is None else d1 * self.h + d2 * numpy.multiply.outer(self.g, self.g)
        return Jet(v, d1 * self.g, h)

    def __neg__(self):
        return self.through(-self.v, -1.0, 0.0)

    def __add__(self, o):
        if not isinstance(o, Jet):
            return Jet(self.v + o, self.g, self.h)
        return Jet(self.v + o.v, self.g + o.g, None if self.h is None else self.h + o.h)

    __radd__ = __add__

    def __sub__(self, o):
        return self + (-o)

    def __rsub__(self, o):
        return (-self) + o

    def __mul__(self, o):
        if not isinstance(o, Jet):
            return Jet(self.v * o, self.g * o, None if self.h is None else self.h * o)
        h = None
        if self.h is not None:
            cross = numpy.multiply.outer(self.g, o.g)
            h = self.v * o.h + o.v * self.h + cross + cross.T
        return Jet(self.v * o.v, self.v * o.g + o.v * self.g, h)

    __rmul__ = __mul__

    def __truediv__(self, o):
        return self * (1 / o) if not isinstance(o, Jet) else self * o.inverse()

    def __rtruediv__(self, o):
        return self.inverse() * o

    def inverse(self):
        r = 1 / self.v
        return self.through(r, -r * r, 2 * r * r * r)

    def __pow__(self, p):
        if isinstance(p, Jet):
            return exp(p * log(self))
        if p == 2:
            return self * self
        v = self.v
        return self.through(v**p, p * v ** (p - 1) if p else 0.0, p * (p - 1) * v ** (p - 2) if p not in (0, 1) else 0.0)


def lifted(value, derivatives):
    def function(x):
        if not isinstance(x, Jet):
            return value(x)
        return x.through(value(x.v), *derivatives(x.v))

    return function


exp = lifted(numpy.exp, lambda v: (numpy.exp(v), numpy.exp(v)))
log = lifted(numpy.log, lambda v: (1 / v, -1 / v**2))
sin = lifted(numpy.sin, lambda v: (numpy.cos(v), -numpy.sin(v)))
cos = lifted(numpy.cos, lambda v: (-numpy.sin(v), -numpy.cos(v)))
sqrt = lifted(numpy.sqrt, lambda v: (0.5 / numpy.sqrt(v), -0.25 / (v * numpy.sqrt(v))))
atan = lifted(numpy.arctan, lambda v: (1 / (1 + v * v), -2 * v / (1 + v * v) ** 2))
fabs = lifted(numpy.abs, lambda v: (numpy.sign(v), 0.0))


class Double:
    exp, log, sin, cos, sqrt, atan, fabs, pi = exp, log, sin, cos, sqrt, atan, fabs, numpy.pi
    c = staticmethod(numpy.float64)
    half_if_negative = staticmethod(lambda x: 0.5 if (x.v if isinstance(x, Jet) else x) < 0 else 0.0)


def oracles(f, n):
    one = numpy.eye(n)

    def jet(x, order):
        zero = numpy.zeros((n, n)) if order == 2 else None
        return f(Double, [Jet(numpy.float64(x[i]), one[i], zero) for i in range(n)])

    def value(x):
        return float(f(Double, [numpy.float64(v) for v in x]))

    def hessian(x):
        return jet(x, 2).h

    return value, lambda x: jet(x, 1).g, hessian, lambda x, v: hessian(x) @ v
