"""Programs for ``tf.function``."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs

TENSORFLOW = """
import numpy as np
import tensorflow as tf
x = tf.range(1.0, 5.0)
m = tf.reshape(tf.range(16.0), (4, 4)) / 16
v = tf.Variable([1.0, 2.0, 3.0, 4.0])
n = 2
items = []
import logging
log = logging.getLogger("corpus")
lr = 0.5
rate = tf.constant(0.5)
rates = [1.0, 2.0]
pulses = iter(rates)
scale = 0.5
SCALE = 0.5
weights = tf.ones(4)
class Counter:
    def __init__(self):
        self.count = 0
counter = Counter()
def number(v):
    return v.numpy().sum() + v
def rows(v):
    return tf.stack([row * 2 for row in v])
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

GRAPH_TENSORFLOW = programs(
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
=== lost-side-effect@2 fix
y = x + 1
print("made")
=== lost-side-effect@2 fix
y = x + 1
items.append(1)
=== lost-side-effect@2 fix
y = x + 1
items.append(tf.reduce_sum(y))
=== lost-side-effect@1 fix
print("begin")
y = x + 1
=== baked-constant@1 fix
y = x * lr
lr = lr * 0.9
=== clean
y = x * rate
rate = rate * 0.9
=== baked-constant@1 fix calls n=3,4
y = x * float(n)
=== recompile@1 calls x=tf.ones(6)
y = x * 2
=== clean calls x=tf.ones(4)
y = x * 2
=== unsupported@3 fix
out = []
for k in tf.range(3):
    out.append(x * tf.cast(k, tf.float32))
y = tf.stack(out)
=== unsupported@3 fix
out = []
for row in m:
    out.append(row * 2)
y = tf.stack(out)
=== unsupported@1 fix
y = tf.stack([row * 2 for row in m])
=== clean
out = []
for k in range(3):
    out.append(x * float(k))
y = tf.stack(out)
=== unsupported@1 fix
c = tf.Variable(0.0)
c.assign_add(1.0)
y = x + c
=== lost-side-effect@1 mismatch@- fix
counter.count += 1
y = x * float(counter.count)
=== clean
v.assign_add(x)
y = v * 2
=== lost-side-effect@1 fix
log.warning("begin")
y = x + 1
=== lost-side-effect@2 fix
y = x + 1
log.warning("sum %s", tf.reduce_sum(y))
=== clean
y = x + 1
log.debug("sum %s", y)
=== unsupported@number+1
y = number(x)
=== unsupported@rows+1 fix
y = rows(m)
=== clean
y = tf.reduce_sum(x) + x
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
=== unsupported@1
y = x * next(pulses)
=== clean
y = x * rates[0]
""",
)
