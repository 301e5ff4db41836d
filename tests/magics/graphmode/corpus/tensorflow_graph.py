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
