"""Small programs with what a graph does to them: faulty ones, and their clean twins."""

from __future__ import annotations

from dataclasses import dataclass

TORCH = """
import copy, logging, math, random, time, warnings
import numpy as np
import torch
from torch import nn
torch.manual_seed(0)
x = torch.arange(1.0, 5.0)
m = torch.arange(16.0).reshape(4, 4) / 16
w = torch.full((4,), 0.5, requires_grad=True)
n = 2
items = []
table = {}
log = logging.getLogger("corpus")
model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
class Counter:
    def __init__(self):
        self.count = 0
counter = Counter()
def helper(v):
    if v.sum() > 0:
        return v + 1
    return v - 1
def clean(v):
    return torch.where(v.sum() > 0, v + 1, v - 1)
"""

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

TENSORFLOW = """
import numpy as np
import tensorflow as tf
x = tf.range(1.0, 5.0)
m = tf.reshape(tf.range(16.0), (4, 4)) / 16
v = tf.Variable([1.0, 2.0, 3.0, 4.0])
n = 2
items = []
"""

NUMBA = """
import json
import numba
import numpy as np
x = np.arange(1.0, 5.0)
n = 2
"""


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        setup: Cells that come before it.
        mode: The graph mode.
        text: The cell.
        found: Kind and line of everything that must be found; nothing else may be.
        fixable: Whether a rewrite that the catalogue knows mends it.
    """

    setup: str
    mode: str
    text: str
    found: frozenset[tuple[str, int | None]] = frozenset()
    fixable: bool = False


def _programs(setup: str, mode: str, table: str) -> list[Program]:
    """Programs from a text: a line ``=== kind@line kind@line [fix]`` above each cell."""
    made = []
    for part in table.strip().split("=== ")[1:]:
        head, _, text = part.partition("\n")
        words = head.split()
        found = {_finding(word) for word in words if "@" in word}
        made.append(Program(setup, mode, text.rstrip("\n"), frozenset(found), "fix" in words))
    return made


def _finding(word: str) -> tuple[str, int | None]:
    kind, _, line = word.partition("@")
    return kind, int(line) if line != "-" else None


COMPILE = _programs(
    TORCH,
    "compile:eager",
    """
=== clean
y = x + 1
=== clean
y = model(m).sum()
=== clean
y = m @ m
z = y.relu().sum(0)
z
=== clean
total = x.sum()
for k in range(3):
    total = total + k
=== clean
def f(a):
    return a * 2
y = f(x)
=== clean
y = torch.where(x.sum() > 0, x + 1, x - 1)
=== clean
y = clean(x)
=== clean
with torch.no_grad():
    y = model(m)
=== clean
y = [v * 2 for v in (x, x + 1)]
=== clean
y = torch.stack([x * k for k in range(3)])
=== clean
y = x.numpy().sum()
=== clean
y = np.sin(x.numpy())
=== clean
y = math.sqrt(16) * x
=== clean
y = x if n > 1 else -x
=== clean
y = {"a": x, "b": x * 2}
=== clean
y = torch.cat([x, x]).view(2, 4)
=== clean
z = x.clone()
z[0] = 5
=== clean
z = x.clone()
z.add_(1)
=== clean
y = nn.functional.dropout(x, 0.5, training=False)
=== clean
y = x.to(torch.float64)
=== clean
a, b = x.split(2)
y = a * b
=== clean
y = (w * x).sum()
=== graph-break@1
print(x.sum())
=== graph-break@2 fix
y = x + 1
print("halfway")
z = y * 2
=== graph-break@1
log.warning("begin")
y = x + 1
=== graph-break@2 fix
y = x + 1
log.warning("halfway")
z = y * 2
=== graph-break@2 fix
y = x.sum()
v = y.item()
=== graph-break@1 fix
v = float(x.sum())
=== graph-break@1 fix
if x.sum() > 0:
    y = x + 1
else:
    y = x - 1
=== graph-break@1 fix
y = x + 1 if x.sum() > 0 else x - 1
=== graph-break@2 fix
y = x
if x.max() > 2:
    y = y * 2
=== graph-break@2
y = x
if x.max() > 2:
    y += 1
=== graph-break@2 fix
y = x.clone()
if x.max() > 2:
    y += 1
=== graph-break@2 fix
def f(a):
    if a.sum() > 0:
        return a + 1
    return a - 1
y = f(x)
=== graph-break@2 fix
def f(a):
    if a.sum() > 0:
        return a + 1
    else:
        return a - 1
y = f(x)
=== graph-break@1 fix
if x.sum() > 0:
    a = x + 1
    b = x * 2
else:
    a = x - 1
    b = x * 3
=== graph-break@2
y = x
while y.sum() < 100:
    y = y * 2
=== graph-break@1
y = x.tolist()
=== graph-break@1
y = x[x > 2]
=== graph-break@1 fix
y = x[x > 2].sum()
=== graph-break@1
y = x.nonzero()
=== graph-break@1
y = torch.unique(x)
=== graph-break@2
loss = (w * x).sum()
loss.backward()
=== graph-break@2
loss = (w * x).sum()
(g,) = torch.autograd.grad(loss, w)
=== graph-break@1
t = time.time()
y = x + 1
=== graph-break@2
y = x + 1
time.sleep(0)
z = y + 1
=== graph-break@1
r = random.random()
y = x * 0 + 1
=== graph-break@1
text = str(x)
y = x + 1
=== graph-break@2
if True:
    y = sorted([x.sum(), x.max()])
=== graph-break@3
y = x
for k in range(2):
    print(k)
    y = y + 1
=== graph-break@2
y = x
for k in range(int(x[0])):
    y = y + 1
=== graph-break@2
i = x.argmax()
y = [1, 2, 3, 4][i]
=== graph-break@1
ok = torch.allclose(x, x)
y = x + 1
=== graph-break@1 fix
z = copy.deepcopy(x)
y = z + 1
=== graph-break@1
torch.manual_seed(3)
y = x + 1
=== graph-break@1 graph-break@2 fix
a = x.sum().item()
b = x.max().item()
y = x * 2
=== graph-break@2 graph-break@4
y = x + 1
print("one")
z = y * 2
print("two")
=== recompile@2
y = x + 1
counter.count += 1
z = x * counter.count
=== recompile@1
items.append(n)
y = x * len(items)
=== recompile@1
y = x * n
n = n + 1
""",
)

TRACE = _programs(
    TORCH,
    "trace",
    """
=== clean
y = x + 1
=== clean
y = (m @ m).sum()
=== clean
y = torch.where(x.sum() > 0, x + 1, x - 1)
=== clean
y = x if n > 1 else -x
=== clean
z = x.clone()
z[0] = 5
=== clean
y = (w * x).sum()
=== clean
total = x.sum()
for k in range(3):
    total = total + k
=== lost-side-effect@2
y = x + 1
items.append(1)
=== lost-side-effect@2
y = x + 1
table["a"] = 5
=== lost-side-effect@1
counter.count += 1
y = x + 1
=== baked-branch@1 fix
if x.sum() > 0:
    y = x + 1
else:
    y = x - 1
=== baked-branch@1 fix
y = x + 1 if x.sum() > 0 else x - 1
=== baked-branch@2 fix
def f(a):
    if a.sum() > 0:
        return a + 1
    return a - 1
y = f(x)
=== baked-branch@2
y = x
while y.sum() < 100:
    y = y * 2
=== baked-constant@1 fix
y = x / float(x.max())
=== baked-constant@1 fix
y = x * x.max().item()
=== baked-constant@2
y = x
for k in range(int(x[0])):
    y = y + 1
=== lost-side-effect@1
print("begin")
y = x + 1
""",
)

EXPORT = _programs(
    TORCH,
    "export",
    """
=== clean
y = x + 1
=== clean
y = model(m)
=== clean
y = torch.where(x.sum() > 0, x + 1, x - 1)
=== clean
v = x.sum().item()
y = x * v
=== clean
z = x.clone()
z.add_(1)
=== unsupported@1 fix
if x.sum() > 0:
    y = x + 1
else:
    y = x - 1
=== unsupported@2 fix
def f(a):
    if a.sum() > 0:
        return a + 1
    return a - 1
y = f(x)
=== unsupported@2
y = x
while y.sum() < 100:
    y = y * 2
=== lost-side-effect@1
print("begin")
y = x + 1
""",
)

JIT = _programs(
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

GRAPH_TENSORFLOW = _programs(
    TENSORFLOW,
    "graph",
    """
=== clean
y = x + 1
=== clean
y = tf.reduce_sum(m @ m)
=== clean
y = tf.where(tf.reduce_sum(x) > 0, x + 1, x - 1)
=== clean
if tf.reduce_sum(x) > 0:
    y = x + 1
else:
    y = x - 1
=== clean
y = x
while tf.reduce_sum(y) < 100:
    y = y * 2
=== clean
v.assign_add(x)
=== clean
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.reduce_sum(x ** 2)
g = tape.gradient(y, x)
=== clean
total = tf.reduce_sum(x)
for k in range(3):
    total = total + float(k)
=== clean
y = tf.linalg.matvec(m, x)
=== clean
y = x if n > 1 else -x
=== unsupported@1 fix
a = x.numpy()
=== clean
a = float(tf.reduce_sum(x))
=== unsupported@1
y = np.sin(x)
=== unsupported@1
y = [1, 2, 3, 4][tf.argmax(x)]
=== lost-side-effect@2
y = x + 1
print("made")
=== lost-side-effect@2
y = x + 1
items.append(1)
=== lost-side-effect@1 fix
print("begin")
y = x + 1
""",
)

NJIT = _programs(
    NUMBA,
    "njit",
    """
=== clean
total = 0.0
for k in range(4):
    total += x[k]
=== clean
y = x + 1
=== clean
y = np.sqrt(x).sum()
=== clean
y = x[x > 2].sum()
=== unsupported@1
y = json.dumps(n)
=== unsupported@2
y = x + 1
z = y.tolist().index(2.0)
""",
)

PROGRAMS = [*COMPILE, *TRACE, *EXPORT, *JIT, *GRAPH_TENSORFLOW, *NJIT]
