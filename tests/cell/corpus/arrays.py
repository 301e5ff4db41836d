"""NumPy and PyTorch in a cell."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_TORCH = """\
import torch
from torch import nn
torch.manual_seed(3)
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
x = torch.randn(6, 4)
target = torch.tensor([0, 1, 0, 1, 1, 0])
w = torch.ones(3, requires_grad=True)
"""


def _numpy(name: str, text: str, setup: str = "", after: str = "") -> C:
    return C(name, text, f"import numpy as np\n{setup}", after, ("numpy",))


def _torch(name: str, text: str, after: str = "") -> C:
    return C(name, text, _TORCH, after, ("torch",))


CELLS = (
    _numpy("numpy in-place operation on an outer array", "a += 1\na *= 2\nb", "a = np.arange(4)\nb = a"),
    _numpy("numpy in-place on a view", "v = a[1:]\nv += 10\na", "a = np.arange(4)"),
    _numpy("numpy in-place that changes the type fails", "a += 0.5\nb = 1", "a = np.arange(4)"),
    _numpy("numpy out=", "np.add(a, a, out=a)\na", "a = np.arange(4.0)"),
    _numpy("numpy legacy seeds", "np.random.seed(1)\na = np.random.rand(2)\nb = np.random.rand(2)\na, b"),
    _numpy("numpy generator of an earlier cell", "a = rng.normal(size=3)\nrng.integers(9)",
           "rng = np.random.default_rng(5)", "rng.random()"),
    _numpy("numpy error state and warnings", "with np.errstate(divide='raise'):\n    ok = 1\n"
           "    np.array([1.0]) / 0"),
    _numpy("numpy warning", "r = np.array([1.0]) / 0\nr"),
    _numpy("numpy broadcasting error", "a = np.ones(3)\nb = a + np.ones(4)\nc = 1"),
    _numpy("numpy structured and object arrays", "s = np.zeros(2, dtype=[('x', 'i4'), ('y', 'f8')])\n"
           "s['x'] += 1\no = np.array([a, None], dtype=object)\ns, o", "a = [1]"),
    _numpy("numpy vectorize with a function of the cell", "k = 2\n@np.vectorize\ndef f(v):\n"
           "    return v * k\nf([1, 2])", after="k = 3\nf([1, 2])"),
    _numpy("random numbers of all three", "import random\nrandom.seed(2)\na = random.random(), "
           "np.random.rand()\nnp.random.shuffle(rows)\nrandom.shuffle(rows)\nrows", "rows = [1, 2, 3, 4]"),
    _torch("torch in-place operation on an outer tensor", "y = x[0]\nx.mul_(2).add_(1)\ny"),
    _torch("torch augmented assignment keeps the tensor", "y = x\nx += 1\ny is x"),
    _torch("torch backward on outer parameters", "loss = (w * 2).sum()\nloss.backward()\nw.grad"),
    _torch("torch gradients accumulate", "for _ in range(3):\n    (w ** 2).sum().backward()\nw.grad"),
    _torch("a training step", "optimizer.zero_grad()\n"
           "loss = nn.functional.cross_entropy(model(x), target)\nloss.backward()\noptimizer.step()\n"
           "scheduler.step()\nloss.item()"),
    _torch("a training loop over a DataLoader", """\
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(x, target), batch_size=2, shuffle=True)
losses = []
for epoch in range(2):
    for step, (xb, yb) in enumerate(loader):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
losses[-1], step, epoch"""),
    _torch("an error in the middle of a training loop", """\
for step in range(5):
    optimizer.zero_grad()
    loss = model(x if step < 2 else x[:, :3]).sum()
    loss.backward()
    optimizer.step()"""),
    _torch("no_grad and eval", "model.eval()\nwith torch.no_grad():\n    out = model(x)\n"
           "out.requires_grad, model.training"),
    _torch("no_grad as a decorator", "@torch.no_grad()\ndef predict(v):\n    return model(v)\n"
           "predict(x).requires_grad", "predict(x).shape"),
    _torch("inference_mode", "with torch.inference_mode():\n    out = (x * 2).sum()\nout.is_inference()"),
    _torch("a module defined in the cell", """\
class Net(nn.Module):
    width = 8
    def __init__(self, depth=2):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(depth))
        self.register_buffer('scale', torch.ones(1))
    def forward(self, v):
        for layer in self.layers:
            v = torch.relu(layer(v))
        return v * self.scale * gain
gain = 2.0
net = Net()
out = net(x)
out.sum()""", "gain = 0.0\nnet(x).sum()"),
    _torch("a module defined in the cell between random draws", "torch.manual_seed(0)\n"
           "a = torch.rand(1)\nclass Net(nn.Module):\n    start = torch.rand(1)\n"
           "    def forward(self, v):\n        return v + self.start\nb = torch.rand(1)\n"
           "a, Net.start, b"),
    _torch("an autograd Function of the cell", """\
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return v * 2
    @staticmethod
    def backward(ctx, g):
        seen.append(g.sum().item())
        return g * 2
seen = []
Double.apply(w).sum().backward()
seen, w.grad"""),
    _torch("hooks with a lambda over a name of the cell", "seen = []\n"
           "handle = model[0].register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape)))\n"
           "model(x)\nhandle.remove()\nseen"),
    _torch("shape error", "a = 1\ny = x @ x\nb = 2"),
    _torch("set_default_dtype", "torch.set_default_dtype(torch.float64)\ny = torch.ones(2)\n"
           "torch.set_default_dtype(torch.float32)\ny.dtype"),
    _torch("a gradient switch that stays", "torch.set_grad_enabled(False)\ny = w * 2\ny.requires_grad"),
    _torch("leaf in-place error", "a = 1\nw += 1\nb = 2"),
    _torch("shared memory between numpy and torch", "import numpy as np\na = np.zeros(3)\n"
           "t = torch.from_numpy(a)\nt += 1\na, t"),
    _torch("state_dict and load", "state = {k: v.clone() for k, v in model.state_dict().items()}\n"
           "optimizer.zero_grad()\nmodel(x).sum().backward()\noptimizer.step()\n"
           "model.load_state_dict(state)"),
    _torch("torch generator", "g = torch.Generator().manual_seed(7)\na = torch.rand(2, generator=g)\n"
           "b = torch.rand(2)\na, b"),
    _torch("a closure for LBFGS", """\
opt = torch.optim.LBFGS([w], max_iter=3)
def closure():
    opt.zero_grad()
    loss = ((w - 2) ** 2).sum()
    loss.backward()
    calls.append(loss.item())
    return loss
calls = []
opt.step(closure)
calls"""),
    _torch("a tensor in a condition and an item", "if x.sum() > 1000:\n    big = True\nelse:\n"
           "    big = False\nvalue = x[0, 0].item()\nbig"),
)
