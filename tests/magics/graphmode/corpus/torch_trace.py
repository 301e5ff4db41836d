"""Programs for ``torch.jit.trace``."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs
from tests.magics.graphmode.corpus.torch_compile import TORCH

TRACE = programs(
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
=== lost-side-effect@2 fix
y = x + 1
items.append(1)
=== lost-side-effect@2 fix
y = x + 1
table["a"] = 5
=== lost-side-effect@1 fix
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
=== baked-branch@helper+1 fix
y = helper(x)
=== clean
y = clean(x)
""",
)
