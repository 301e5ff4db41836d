"""Cells in which several libraries work together, or one with the notebook itself."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_TORCH = """\
import numpy as np
import torch
from torch import nn
torch.manual_seed(3)
model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
x = torch.linspace(-1, 1, 24).reshape(6, 4)
"""
_NUMBA = """\
import numba
import numpy as np
@numba.njit
def smooth(rows):
    out = np.empty_like(rows)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            out[i, j] = (rows[i, j] + rows[i - 1, j]) / 2
    return out
@numba.njit
def clip_in_place(rows, limit):
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[i, j] = min(max(rows[i, j], -limit), limit)
table = np.arange(24.0).reshape(6, 4) - 12
smooth(table), smooth(table.astype('float32'))
clip_in_place(table.copy(), 1.0), clip_in_place(table.astype('float32'), 1.0)
"""
_FILTERS = """\
class Filters:
    def __init__(self):
        self.calls = 0
    def smoothed(self, rows):
        self.calls += 1
        return torch.from_numpy(smooth(rows.numpy()))
    def clip(self, rows, limit):
        self.calls += 1
        clip_in_place(rows.numpy(), limit)
filters = Filters()
"""
_JAX = """\
import jax
import jax.numpy as jnp
import numpy as np
w = jnp.linspace(0.0, 1.0, 4)
rows = jnp.arange(24.0).reshape(6, 4) / 24
def loss_of(w, rows):
    return jnp.mean((rows @ w - 1) ** 2)
class Bridge:
    seen = 0
    def tensor(self, array):
        self.seen += 1
        return torch.from_numpy(np.array(array))
    def slope(self, p):
        return self.tensor(jax.grad(loss_of)(jnp.asarray(p.detach().numpy()), rows))
    def hand_over(self, array):
        with torch.no_grad():
            p.copy_(self.tensor(array))
bridge = Bridge()
p = nn.Parameter(bridge.tensor(w))
"""
_DERIVED_BY_NUMBA = """\
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(context, a):
        context.save_for_backward(a)
        return a ** 3
    @staticmethod
    def backward(context, grad):
        (a,) = context.saved_tensors
        return torch.from_numpy(slope(a.numpy(), grad.numpy()))
@numba.njit
def slope(a, grad):
    return 3 * a * a * grad
a = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
"""

MIXED = (
    C("numba smooths what PyTorch trains on",
      "optimizer.zero_grad()\n"
      "loss = model(filters.smoothed(x)).square().mean()\nloss.backward()\noptimizer.step()",
      _TORCH + _NUMBA + _FILTERS, needs=("torch", "numba")),
    C("numba writes to the memory of a parameter",
      "before = model[0].weight.detach().clone()\n"
      "clip_in_place(model[0].weight.detach().numpy(), 0.2)\n"
      "moved = (model[0].weight - before).abs().sum()\ny = model(x)",
      _TORCH + _NUMBA, needs=("torch", "numba")),
    C("a custom gradient that numba computes",
      "y = Cube.apply(a)\n(y * 2).sum().backward()\nprint('slope', a.grad.tolist())\n"
      "with torch.no_grad():\n    a -= 0.1 * a.grad",
      _TORCH + _NUMBA + _DERIVED_BY_NUMBA, needs=("torch", "numba")),
    C("PyTorch reads what a compiled loop has left",
      "filters.clip(shared, 3.0)\ntotal = shared.mul_(2).sum()\n"
      "y = filters.smoothed(shared) + total\nprint(table[0], y.shape)",
      _TORCH + _NUMBA + _FILTERS + "shared = torch.from_numpy(table)\n", needs=("torch", "numba")),
    C("JAX derives and PyTorch steps",
      "p.grad = bridge.slope(p)\nrule.step()\nlength = p.norm()",
      _TORCH + _JAX + "rule = torch.optim.Adam([p], lr=0.1)\n", needs=("torch", "jax")),
    C("JAX trains and PyTorch takes over",
      "w = w - 0.1 * jax.grad(loss_of)(w, rows)\nbridge.hand_over(w)\nloss = loss_of(w, rows)",
      _TORCH + _JAX, needs=("jax", "torch")),
    C("the gradients of two frameworks side by side",
      "((a @ p - 1) ** 2).mean().backward()\n"
      "close = bool((p.grad - bridge.slope(p)).abs().max() < 1e-5)\nclose",
      _TORCH + _JAX + "a = bridge.tensor(rows)\n", needs=("torch", "jax")),
    C("a random number of each generator",
      "r = random.random()\nn = np.random.standard_normal(4).astype('float32')\n"
      "t = torch.randn(4, generator=own) + torch.rand(4)\n"
      "y = nn.functional.dropout(t * r + torch.from_numpy(n), 0.5)\nlast = torch.randperm(5)",
      _TORCH + "import random\nown = torch.Generator().manual_seed(7)\n", needs=("torch",)),
    C("losses become a table that is shown",
      "for step in range(3):\n    optimizer.zero_grad()\n    loss = model(x).square().mean()\n"
      "    loss.backward()\n    optimizer.step()\n"
      "    history.append({'step': step, 'loss': loss.item()})\n"
      "table = pd.DataFrame(history).round(4)\ntable",
      _TORCH + "import pandas as pd\nhistory = []\n", needs=("torch", "pandas")),
    C("display, print and a value at the end",
      "from IPython.display import Markdown, display\nscores = model(x).detach()\n"
      "display(Markdown(f'**{len(scores)} rows**'))\n"
      "print('best', int(scores.argmax()), file=sys.stderr)\n"
      "print(*(f'{s:.3f}' for s in scores[:, 0]), sep='\\n')\nscores.mean()",
      _TORCH + "import sys\n", needs=("torch",)),
    C("a step that fails halfway leaves what was done",
      "seen.append(len(x))\nwith torch.no_grad():\n    model[0].bias += 1\nprint('before')\n"
      "loss = model(x) @ x\nloss.sum().backward()",
      _TORCH + "seen = []\n", after="seen, model[0].bias.sum()", needs=("torch",)),
)
