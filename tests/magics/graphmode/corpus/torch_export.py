"""Programs for ``torch.export``."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs
from tests.magics.graphmode.corpus.torch_compile import TORCH

EXPORT = programs(
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
