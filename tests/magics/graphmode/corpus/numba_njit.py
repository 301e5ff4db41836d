"""Programs for numba."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs

NUMBA = """
import json
import numba
import numpy as np
x = np.arange(1.0, 5.0)
n = 2
scale = 0.5
SCALE = 0.5
weights = np.ones(4)
def scaled(v):
    return v * scale
def weighted(v):
    return v * weights
def in_capitals(v):
    return v * SCALE
def not_used(v):
    return v + 0 * scale
"""

NJIT = programs(
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
=== baked-constant@scaled+1
y = scaled(x)
=== baked-constant@weighted+1
y = weighted(x)
=== clean
y = in_capitals(x)
=== clean
y = not_used(x)
""",
)
