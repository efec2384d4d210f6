"""From nothing to the first AdamW step of three parameters, by torch.compile or jax.jit: cold.py torch|jax.
Prints seconds of imports, then of compilation and step."""
import json
import sys
import time

begin = time.perf_counter()
if sys.argv[1] == "torch":
    import torch

    imported = time.perf_counter()
    x = torch.nn.Parameter(torch.ones(3))
    rule = torch.optim.AdamW([x], lr=torch.tensor(1e-3))

    @torch.compile
    def step():
        x.grad = 2 * x.detach()
        rule.step()

    step()
else:
    import jax
    import jax.numpy as jnp
    import optax

    imported = time.perf_counter()
    x = jnp.ones(3)
    rule = optax.adamw(1e-3)
    state = rule.init(x)

    @jax.jit
    def step(x, state):
        change, state = rule.update(jax.grad(lambda x: (x**2).sum())(x), state, x)
        return optax.apply_updates(x, change), state

    jax.block_until_ready(step(x, state))
print(json.dumps({"import": imported - begin, "compile and step": time.perf_counter() - imported}))
