"""Programs for numba."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs

NUMBA = """
import json
import numba
import numpy as np
x = np.arange(1.0, 5.0)
n = 2
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
""",
)
