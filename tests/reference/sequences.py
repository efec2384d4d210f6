"""What a rule is fed in a fixture: a start and gradients from one stream, in f64 or f32.

The stream (stream.py) of a case gives the start of every tensor in order, row-major, by `uniform`.
  open loop    then, for step 1, 2, …, the gradients of all tensors in the same order by `magnitude`.
               They do not depend on x, so that every switch of a rule shows.
  curved loop  the same after the diagonal of a Hessian by `uniform`, which is all that a product with it knows.
  closed loop  then the centre c of every tensor by `uniform` and its stiffness h = 1.5 + `uniform`;
               the gradient at a point p is h*(p - c).
An f32 run gets all these numbers rounded to f32. The C++ twin is in fixtures.h.
"""
import inspect
import math

import numpy as np

from stream import Stream

# Ranks 0 to 3, one element, none, and more than a vector register holds.
SHAPES = [[], [1], [37], [0, 3], [3, 4], [2, 3, 2]]


class Sequence:
    def __init__(self, seed, dtype, loop="open", shapes=SHAPES):
        self.stream, self.dtype, self.loop, self.shapes = Stream(seed), dtype, loop, shapes
        self.start = self.draw(self.stream.uniform)
        if loop == "curved":
            self.stiffness = self.draw(self.stream.uniform)
        if loop == "closed":
            self.centre = self.draw(self.stream.uniform)
            self.stiffness = self.draw(lambda: 1.5 + self.stream.uniform())
        self.step, self.drawn = 0, None

    def draw(self, number):
        return [
            np.array([number() for _ in range(math.prod(s))], dtype=np.float64).reshape(s).astype(self.dtype)
            for s in self.shapes
        ]

    def gradient(self, step, points):
        """Of every tensor at its point, in step number `step` (from 1, never going back)."""
        if self.loop == "closed":
            return [h * (p - c) for h, p, c in zip(self.stiffness, points, self.centre)]
        while self.step < step:
            self.drawn = self.draw(self.stream.magnitude)
            self.step += 1
        return self.drawn


def by_torch(name, hyper, make, read=None, loop="open", using=None):
    """A case of a table; likewise the two below."""
    import peers

    return case(name, hyper, torch_peer(make, read), peers.version("torch"), loop, using)


def by_optax(name, hyper, make, loop="open", using=None):
    import peers

    return case(name, hyper, optax_peer(make), peers.version("optax"), loop, using)


def by_paper(name, hyper, rule, loop="open", using=None):
    import numpy

    return case(name, hyper, numpy_peer(rule, **hyper), f"the paper in NumPy {numpy.__version__}", loop, using)


def by_package(package, name, hyper, make, read=None, loop="open", using=None):
    import peers

    return case(name, hyper, torch_peer(make, read), peers.version(package), loop, using)


def case(name, hyper, peer, made_by, loop="open", using=None, reads="x"):
    """`hyper` are the hyperparameters of the Thalweg item, `using` overrides what stands in the program; with
    reads = "answer" the peer gives what the rule's `answer` is compared with."""
    return {"name": name, "hyper": hyper, "peer": peer, "made_by": made_by, "loop": loop, "using": using, "reads": reads}


# Peers: functions (sequence, steps) → the parameters after each step.


def torch_peer(make, read=None):
    """`make(parameters)` is a torch optimizer; `read(optimizer, parameters)` what counts as x,
    if that is not the parameters themselves."""

    def run(sequence, steps):
        import torch

        torch.set_num_threads(1)  # and numbers that a rule keeps beside its tensors are of their precision:
        torch.set_default_dtype(torch.float64 if sequence.dtype == np.float64 else torch.float32)
        parameters = [torch.tensor(a).requires_grad_() for a in sequence.start]
        rule = make(parameters)
        if hasattr(rule, "train"):
            rule.train()
        for step in range(1, steps + 1):
            points = [p.detach().numpy() for p in parameters]
            for p, g in zip(parameters, sequence.gradient(step, points)):
                p.grad = torch.tensor(g)
            rule.step()
            yield [
                np.array(p.detach().numpy()) for p in (read(rule, parameters) if read else parameters)
            ]

    return run


def optax_peer(make):
    """`make()` is an optax transformation (made late: importing jax takes its time); make(dtype) if it takes one."""

    def run(sequence, steps):
        import jax
        import optax

        jax.config.update("jax_enable_x64", True)
        rule = make(sequence.dtype) if inspect.signature(make).parameters else make()
        x = [jax.numpy.asarray(a) for a in sequence.start]
        state = rule.init(x)

        @jax.jit
        def advance(g, state, x):
            update, state = rule.update(g, state, x)
            return optax.apply_updates(x, update), state

        for step in range(1, steps + 1):
            g = [jax.numpy.asarray(a) for a in sequence.gradient(step, [np.asarray(a) for a in x])]
            x, state = advance(g, state, x)
            assert all(a.dtype == sequence.dtype for a in x)
            yield [np.asarray(a) for a in x]

    return run


def numpy_peer(rule, **hyper):
    """`rule(x, gradient, **hyper)` is a generator written from the paper's formula: it yields the
    parameters after each step and asks gradient(step, points). One that takes `diagonal` gets that of the Hessian."""

    def run(sequence, steps):
        besides = {"diagonal": sequence.stiffness} if "diagonal" in inspect.signature(rule).parameters else {}
        points = rule([np.array(a) for a in sequence.start], sequence.gradient, **hyper, **besides)
        for _ in range(steps):
            x = next(points)
            assert all(np.asarray(a).dtype == sequence.dtype for a in x)
            yield x

    return run


def asking_peer(make, advance_of):
    """`make()` is a rule of optax that asks more than one gradient a step: `advance_of(rule, sequence, gradient)` gives
    advance(step, state, x), and gradient(step, points) is the sequence's."""

    def run(sequence, steps):
        import jax

        jax.config.update("jax_enable_x64", True)
        rule = make()

        def gradient(step, points):
            return [jax.numpy.asarray(a) for a in sequence.gradient(step, [np.asarray(a) for a in points])]

        x = [jax.numpy.asarray(a) for a in sequence.start]
        state = rule.init(x)
        advance = advance_of(rule, sequence, gradient)
        for step in range(1, steps + 1):
            x, state = advance(step, state, x)
            assert all(a.dtype == sequence.dtype for a in x)
            yield [np.asarray(a) for a in x]

    return run


def sophia_peer(make):
    """`make()` is optax's Sophia with the estimator that asks for products with the objective's Hessian."""

    def advance_of(rule, sequence, gradient):
        import jax
        import optax

        stiffness = [jax.numpy.asarray(a) for a in sequence.stiffness]

        @jax.jit
        def advance(g, state, x):
            def objective(points):  # with this gradient and the Hessian of the sequence at x
                apart = [p - a for p, a in zip(points, x)]
                return sum(jax.numpy.sum((b + h * d / 2) * d) for b, h, d in zip(g, stiffness, apart))

            update, state = rule.update(g, state, x, obj_fn=objective)
            return optax.apply_updates(x, update), state

        return lambda step, state, x: advance(gradient(step, x), state, x)

    return asking_peer(make, advance_of)


def sam_peer(make):
    """`make()` is optax's SAM in the mode that asks for the second gradient itself."""

    def advance_of(rule, sequence, gradient):
        import optax

        def advance(step, state, x):
            def again(points, _=None):
                return gradient(step, points)

            update, state = rule.update(again(x), state, x, grad_fn=again)
            return optax.apply_updates(x, update), state

        return advance

    return asking_peer(make, advance_of)


def lookahead_peer(make, reads):
    """`make()` is optax's lookahead: gradients at the fast point, the slow one is the answer."""

    def run(sequence, steps):
        import jax
        import optax

        jax.config.update("jax_enable_x64", True)
        rule = make()
        x = optax.LookaheadParams.init_synced([jax.numpy.asarray(a) for a in sequence.start])
        state = rule.init(x)
        for step in range(1, steps + 1):
            g = [jax.numpy.asarray(a) for a in sequence.gradient(step, [np.asarray(a) for a in x.fast])]
            update, state = rule.update(g, state, x)
            x = optax.apply_updates(x, update)
            yield [np.asarray(a) for a in (x.slow if reads == "answer" else x.fast)]

    return run


def averaged_peer(make, average, takes, reads):
    """torch's averages of the points of an optimizer; before the first one is taken the answer is the point."""

    def run(sequence, steps):
        import torch

        torch.set_num_threads(1)
        module = torch.nn.ParameterList([torch.nn.Parameter(torch.tensor(a)) for a in sequence.start])
        rule, mean = make(list(module)), average(module)
        for step in range(1, steps + 1):
            points = [p.detach().numpy() for p in module]
            for p, g in zip(module, sequence.gradient(step, points)):
                p.grad = torch.tensor(g)
            rule.step()
            if takes(step):
                mean.update_parameters(module)
            answer = mean.module if mean.n_averaged > 0 and reads == "answer" else module
            yield [np.array(p.detach().numpy()) for p in answer]

    return run
