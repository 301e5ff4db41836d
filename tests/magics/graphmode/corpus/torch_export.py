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
=== lost-side-effect@1 fix
print("begin")
y = x + 1
=== baked-constant@1 fix
y = x * lr
lr = lr * 0.9
=== clean
y = x * rate
rate = rate * 0.9
=== baked-constant@1 fix calls n=3
y = x * n
=== clean calls n=2
y = x * n
=== lost-side-effect@2 fix
loss = (w * x).sum()
loss.backward()
z = x * 3
=== clean
loss = (w * x).sum()
z = x * 3
=== baked-constant@scaled+1
y = scaled(x)
=== baked-constant@inner+1
y = tripled(x)
=== clean
y = in_capitals(x)
=== clean
y = not_used(x)
=== lost-side-effect@2 fix
y = x + 1
print("halfway")
z = y + 1
=== lost-side-effect@1 fix
log.warning("begin")
y = x + 1
=== unsupported@2 fix
loss = model(m).mean()
loss.backward()
optimizer.step()
=== unsupported@helper+1 fix
y = helper(x)
=== clean
y = clean(x)
""",
)
