"""Programs for ``torch.compile``."""

from __future__ import annotations

from tests.magics.graphmode.corpus.program import programs

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
lr = 0.5
rate = torch.tensor(0.5)
rates = [1.0, 2.0]
pulses = iter(rates)
scale = 0.5
SCALE = 0.5
def number(v):
    return v.sum().item()
def scaled(v):
    return v * scale
def in_capitals(v):
    return v * SCALE
def not_used(v):
    return v + 0 * scale
def around(k):
    def inner(v):
        return v * k
    return inner
tripled = around(3.0)
"""

COMPILE = programs(
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
=== graph-break@1 fix
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
=== graph-break@2 fix
loss = (w * x).sum()
loss.backward()
=== graph-break@2 fix
loss = (w * x).sum()
(g,) = torch.autograd.grad(loss, w)
=== graph-break@1 fix
t = time.time()
y = x + 1
=== graph-break@2 fix
y = x + 1
time.sleep(0)
z = y + 1
=== graph-break@1 fix
r = random.random()
y = x * 0 + 1
=== graph-break@1 fix
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
=== graph-break@1 fix
ok = torch.allclose(x, x)
y = x + 1
=== graph-break@1 fix
z = copy.deepcopy(x)
y = z + 1
=== graph-break@1 fix
torch.manual_seed(3)
y = x + 1
=== graph-break@1 graph-break@2 fix
a = x.sum().item()
b = x.max().item()
y = x * 2
=== graph-break@2 graph-break@4 fix
y = x + 1
print("one")
z = y * 2
print("two")
=== recompile@2 fix
y = x + 1
counter.count += 1
z = x * counter.count
=== recompile@1
items.append(n)
y = x * len(items)
=== recompile@1 fix
y = x * n
n = n + 1
=== graph-break@2
y = x + 1
t = time.time()
z = y + 1
=== clean
t = 1.5
y = x + t
=== recompile@1 fix
y = x * lr
lr = lr * 0.9
=== clean
y = x * rate
rate = rate * 0.9
=== recompile@1 fix calls n=8,16,16
y = x * n
=== clean calls rate=torch.tensor(8.0),torch.tensor(16.0)
y = x * rate
=== recompile@1 calls n=1,3
y = x[:n]
=== recompile@1 fix calls x=torch.ones(6),torch.ones(8)
y = x * 2
z = y.sum()
=== recompile@1 fix
y = x * 2
x = torch.cat([x, x])
=== clean calls x=torch.zeros(4),torch.ones(4)
y = x * 2
z = y.sum()
=== graph-break@2 graph-break@3 graph-break@4 fix
loss = model(m).mean()
loss.backward()
optimizer.step()
optimizer.zero_grad()
z = x * 3
=== graph-break@2
loss = (w * x).sum()
loss.backward()
y = w.grad * 2
=== clean
loss = model(m).mean()
z = x * 3
=== graph-break@helper+1 fix
y = helper(x)
=== graph-break@number+1 fix
y = x * number(x)
=== clean
y = clean(x) * 2
=== clean
y = scaled(x)
=== unsupported@1
y = x * next(pulses)
=== clean
y = x * next(iter(rates))
=== clean
out = []
for k in range(3):
    out.append(x * k)
y = torch.stack(out)
""",
)
