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
""",
)
