"""JAX with Optax, and NumPy, on one thread: their side of the speed suite."""
import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before its threads are made

import jax
import jax.numpy as jnp
import numpy
import optax
from timing import seconds_of, serve


def stepped(rule, count, size):
    x = [jnp.full((size,), 0.5) for _ in range(count)]
    g = [jnp.full((size,), 0.01) for _ in range(count)]
    held = {"x": x, "state": rule.init(x)}

    def step(x, state, g):
        change, state = rule.update(g, state, x)
        return optax.apply_updates(x, change), state

    fast = jax.jit(step, donate_argnums=(0, 1))

    def work():
        held["x"], held["state"] = fast(held["x"], held["state"], g)
        jax.block_until_ready(held["x"])

    return seconds_of(work)


def adamw():
    return optax.adamw(1e-3, weight_decay=0.01)


def logistic():
    numbers = numpy.random.default_rng(1)
    X = numbers.uniform(-1, 1, (1_000_000, 112)).astype(numpy.float32)
    y = numpy.where(X[:, 0] > 0, 1, -1).astype(numpy.float32)
    w = (0.01 * (numpy.arange(112) % 7)).astype(numpy.float32)

    def by_numpy():
        margin = y * (X @ w)
        value = numpy.logaddexp(numpy.float32(0), -margin).mean()
        return value, X.T @ (-y / (1 + numpy.exp(margin))) / numpy.float32(len(y))

    fast = jax.jit(jax.value_and_grad(lambda w, X, y: jax.nn.softplus(-y * (X @ w)).mean()))
    on_device = [jnp.asarray(a) for a in (w, X, y)]
    return {
        "jax": seconds_of(lambda: jax.block_until_ready(fast(*on_device))),
        "numpy": seconds_of(by_numpy),
    }


serve(
    {
        "memory": lambda: {"optax": stepped(adamw(), 1, 64 << 20)},
        "cache": lambda: {"optax": stepped(adamw(), 1, 16 << 10)},
        "clip": lambda: {
            "optax": stepped(optax.chain(optax.clip_by_global_norm(1), adamw()), 1, 64 << 20)
        },
        "lamb": lambda: {"optax": stepped(optax.lamb(1e-3, weight_decay=0.01), 1, 64 << 20)},
        "logistic": logistic,
    }
)
