"""Programs for ``jax.jit``."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs

JAX = """
import jax
import jax.numpy as jnp
import numpy as np
x = jnp.arange(1.0, 5.0)
m = jnp.arange(16.0).reshape(4, 4) / 16
n = 2
items = []
def helper(v):
    if v.sum() > 0:
        return v + 1
    return v - 1
def clean(v):
    return jnp.where(v.sum() > 0, v + 1, v - 1)
import logging
log = logging.getLogger("corpus")
lr = 0.5
rate = jnp.asarray(0.5)
rates = [1.0, 2.0]
pulses = iter(rates)
scale = 0.5
SCALE = 0.5
weights = jnp.ones(4)
def sine(v):
    return np.sin(v)
def scaled(v):
    return v * scale
def in_capitals(v):
    return v * SCALE
def not_used(v):
    return v + 0 * scale
def weighted(v):
    return v * weights
def around(k):
    def inner(v):
        return v * k
    return inner
tripled = around(3.0)
"""

JIT = programs(
    JAX,
    "jit",
    """
=== clean
y = x + 1
=== clean
y = (m @ m).sum()
=== clean
y = jnp.where(x.sum() > 0, x + 1, x - 1)
=== clean
y = clean(x)
=== clean
total = x.sum()
for k in range(3):
    total = total + k
=== clean
y = jax.lax.fori_loop(0, 3, lambda i, s: s + i, 0.0)
=== clean
y = jax.grad(lambda a: (a ** 2).sum())(x)
=== clean
y = x.at[0].set(5.0)
=== clean
y = {"a": x, "b": [x * 2]}
=== clean
y = jax.vmap(lambda a: a * 2)(m)
=== clean
y = x if n > 1 else -x
=== unsupported@1 fix
if x.sum() > 0:
    y = x + 1
else:
    y = x - 1
=== unsupported@1 fix
y = x + 1 if x.sum() > 0 else x - 1
=== unsupported@2 fix
y = x
if x.max() > 2:
    y = y * 2
=== unsupported@2 fix
def f(a):
    if a.sum() > 0:
        return a + 1
    return a - 1
y = f(x)
=== unsupported@1 fix
v = float(x.sum())
=== unsupported@1 fix
v = x.sum().item()
=== unsupported@1 fix
y = np.sin(x)
=== unsupported@2
y = x
while y.sum() < 100:
    y = y * 2
=== unsupported@2
y = x
for k in range(int(x[0])):
    y = y + 1
=== unsupported@1
y = x[x > 2]
=== unsupported@1 fix
y = x[x > 2].sum()
=== unsupported@1
y = jnp.nonzero(x)
=== unsupported@1
y = x.tolist()
=== unsupported@1
y = jnp.arange(x[0])
=== lost-side-effect@2 fix
y = x + 1
print("made")
=== lost-side-effect@1 fix
print(x.sum())
y = x + 1
=== baked-constant@1 fix
y = x * lr
lr = lr * 0.9
=== clean
y = x * rate
rate = rate * 0.9
=== baked-constant@1 fix calls n=3
y = x * n
=== recompile@1 calls x=jnp.ones(6)
y = x * 2
=== clean calls x=jnp.ones(4)
y = x * 2
=== unsupported@1 fix
items.append(x)
y = jnp.stack(items)
=== unsupported@2 fix
y = x + 1
items.append(y)
=== clean
out = []
for k in range(3):
    out.append(x * k)
y = jnp.stack(out)
=== lost-side-effect@1 fix
log.warning("begin")
y = x + 1
=== lost-side-effect@2 fix
y = x + 1
log.warning("sum %s", y.sum())
=== clean
y = x + 1
log.debug("sum %s", y)
=== unsupported@helper+1 fix
y = helper(x)
=== unsupported@sine+1 fix
y = sine(x)
=== baked-constant@scaled+1
y = scaled(x)
=== baked-constant@inner+1
y = tripled(x)
=== clean
y = in_capitals(x)
=== clean
y = not_used(x)
=== clean
y = weighted(x)
=== unsupported@2
y = x
for v in pulses:
    y = y + v
=== clean
y = x
for v in rates:
    y = y + v
""",
)
