"""Cells that change state: of PyTorch, of NumPy, of Python, of the notebook."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_TORCH = """\
import copy
import torch
from torch import nn
torch.manual_seed(3)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.3)
        self.rest = nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 2)])
        self.calls = 0
    def forward(self, v):
        self.calls += 1
        v = self.drop(torch.relu(self.norm(self.first(v))))
        for layer in self.rest:
            v = layer(v)
        return v
model = Net()
x = torch.randn(8, 4)
target = torch.randint(0, 2, (8,))
def step(optimizer):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), target)
    loss.backward()
    optimizer.step()
    return loss
"""
_LOOP = "for _ in range(2):\n    loss = step(optimizer)"


def torch(name: str, text: str, setup: str = "") -> C:
    return C(name, text, _TORCH + setup, needs=("torch",))


def numpy(name: str, text: str, setup: str = "") -> C:
    return C(name, text, "import numpy as np\n" + setup)


def optimizers() -> list[C]:
    """Every optimizer with empty and with filled state."""
    made = (
        "SGD(model.parameters(), lr=0.1)",
        "SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)",
        "Adam(model.parameters(), lr=0.1)",
        "Adam(model.parameters(), lr=0.1, amsgrad=True, foreach=True)",
        "AdamW(model.parameters(), lr=0.1, fused=True)",
        "RMSprop(model.parameters(), lr=0.1, momentum=0.5, centered=True)",
        "Adagrad(model.parameters(), lr=0.1)",
        "LBFGS(list(model.rest.parameters()), max_iter=2)",
    )
    cells = []
    for call in made:
        setup = f"optimizer = torch.optim.{call}\n"
        text = _LOOP
        if "LBFGS" in call:
            text = "def closure():\n    optimizer.zero_grad()\n    loss = model(x).square().sum()\n" \
                   "    loss.backward()\n    return loss\noptimizer.step(closure)"
        cells.append(torch(f"{call.split('(')[0]} from the start: {call}", text, setup))
        if "LBFGS" not in call:
            cells.append(torch(f"{call.split('(')[0]} on its way: {call}", text, setup + _LOOP))
    return cells


TORCH = (
    *optimizers(),
    torch("in-place operations", "x.add_(1).mul_(2)\nx[0] = 0\nx.relu_()\nx += 1"),
    torch("in-place operation through a view", "v = x[1:3]\nv.zero_()\nx.t()[0].fill_(7)"),
    torch("in-place operations on views of one storage", "rows[0] += 1\ncolumns.mul_(2)\nbase.sub_(1)",
          "base = torch.arange(12.0)\nrows = base.view(3, 4)\ncolumns = rows.t()\n"),
    torch("overlapping and expanded views", "wide.storage_offset()\nbase += 1\npart *= 3",
          "base = torch.arange(6.0)\nwide = base[:1].expand(4)\npart = base.as_strided((3, 3), (1, 1))\n"),
    torch("StepLR", "for _ in range(3):\n    step(optimizer)\n    scheduler.step()",
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
          "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)\n"),
    torch("OneCycleLR", "for _ in range(3):\n    step(optimizer)\n    scheduler.step()",
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\n"
          "scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=20)\n"),
    torch("ReduceLROnPlateau and LambdaLR", "plateau.step(5.0)\nplateau.step(6.0)\nplateau.step(7.0)\n"
          "step(optimizer)\nslope.step()",
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
          "plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)\n"
          "slope = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda e: 0.9 ** e)\n"),
    torch("a parameter group is added and changed", "optimizer.add_param_group({'params': [extra]})\n"
          "optimizer.param_groups[0]['lr'] = 7\ndel optimizer.param_groups[0]['weight_decay']",
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\nextra = torch.ones(2)\n"),
    torch("batch norm's buffers in a forward pass", "model(x)\nmodel(x)"),
    torch("dropout draws random numbers", "out = model.drop(x)"),
    torch("eval and train", "model.eval()\nmodel.rest[0].train()"),
    torch("zero_grad to None", "model.zero_grad()", "model(x).sum().backward()\n"),
    torch("zero_grad to zeros", "model.zero_grad(set_to_none=False)", "model(x).sum().backward()\n"),
    torch("first gradients", "model(x).sum().backward()"),
    torch("accumulated gradients", "model(x).sum().backward()", "model(x).sum().backward()\n"),
    torch("gradient clipping", "nn.utils.clip_grad_norm_(model.parameters(), 0.01)",
          "model(x).sum().backward()\n"),
    torch("a gradient is assigned", "w.grad = torch.ones(3)\nv.grad = None\nu.grad.data.zero_()",
          "w, v, u = (torch.ones(3, requires_grad=True) for _ in range(3))\n"
          "(v.sum() + u.sum()).backward()\n"),
    torch("requires_grad is switched", "for p in model.first.parameters():\n    p.requires_grad_(False)\n"
          "x.requires_grad = True"),
    torch("a gradient for an input", "x.requires_grad_()\nmodel(x).sum().backward()"),
    torch("data is swapped", "p = model.first.weight\np.data = torch.zeros(2, 2)\nx.data = x.data.double()"),
    torch("data of two tensors is exchanged", "a.data, b.data = b.data, a.data",
          "a, b = torch.zeros(3), torch.ones(4)\n"),
    torch("set_ to another storage", "x.set_(other)\nx.add_(1)", "other = torch.zeros(5)\n"),
    torch("resize_ to a smaller shape", "x.resize_(2, 2)\nx.fill_(3)"),
    torch("transposed in place and unsqueezed", "x.t_()\nx.unsqueeze_(0)\nx.squeeze_()"),
    torch("from_numpy", "array += 1\ntensor *= 2",
          "import numpy as np\narray = np.arange(6.0)\ntensor = torch.from_numpy(array)\n"),
    torch("numpy of a tensor", "array[2:] = 9\ntensor.sub_(1)",
          "tensor = torch.arange(6.0)\narray = tensor.numpy()\n"),
    torch("numpy over a view of a tensor", "array[...] = 9",
          "tensor = torch.arange(6.0)\narray = tensor[::2].numpy()\n"),
    torch("frombuffer", "tensor += 1", "memory = bytearray(8)\n"
          "tensor = torch.frombuffer(memory, dtype=torch.uint8)\n"),
    torch("weight tying", "model.rest[0].weight = square.weight\nmodel(x).sum().backward()", "square = nn.Linear(6, 6)\n"),
    torch("tied weights are trained", _LOOP, "model.rest[0].weight = model.first.weight = "
          "nn.Parameter(torch.ones(6, 6))\nx = torch.randn(8, 6)\n"
          "optimizer = torch.optim.Adam(model.parameters())\n"),
    torch("an average of the weights", "step(optimizer)\nwith torch.no_grad():\n"
          "    for a, p in zip(average.parameters(), model.parameters()):\n        a.lerp_(p, 0.1)",
          "average = copy.deepcopy(model)\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"),
    torch("AveragedModel", "swa.update_parameters(model)\nstep(optimizer)\nswa.update_parameters(model)",
          "swa = torch.optim.swa_utils.AveragedModel(model)\n"
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"),
    torch("load_state_dict", "model.load_state_dict(other.state_dict())\n"
          "model.load_state_dict(other.state_dict(), assign=True)", "other = Net()\n"),
    torch("the optimizer's load_state_dict", "optimizer.load_state_dict(kept)\nstep(optimizer)",
          "optimizer = torch.optim.Adam(model.parameters())\nstep(optimizer)\n"
          "kept = copy.deepcopy(optimizer.state_dict())\nstep(optimizer)\n"),
    torch("a layer is appended, replaced and deleted", "model.rest.append(nn.Linear(2, 2))\n"
          "model.norm = nn.Identity()\ndel model.drop\nmodel.more = nn.ReLU()"),
    torch("a buffer is registered and one is rebound", "model.register_buffer('seen', torch.zeros(2))\n"
          "model.norm.running_mean = torch.ones(6)\nmodel.norm.num_batches_tracked += 1"),
    torch("a parameter is rebound", "model.first.weight = nn.Parameter(torch.zeros(6, 4))\n"
          "model.first.bias = None"),
    torch("hooks are added", "h = model.register_forward_hook(lambda m, i, o: None)\n"
          "w.register_hook(lambda g: g * 2)\nmodel.first.register_full_backward_hook(lambda *a: None)",
          "w = torch.ones(2, requires_grad=True)\n"),
    torch("hooks are removed", "handle.remove()\nmodel(x)",
          "handle = model.register_forward_hook(lambda m, i, o: None)\n"),
    torch("a hook writes into a list", "model(x)", "seen = []\nhandle = model.first."
          "register_forward_hook(lambda m, i, o: seen.append(o.detach()))\n"),
    torch("weight_norm", "nn.utils.parametrizations.weight_norm(model.first)\nmodel(x)"),
    torch("spectral_norm is trained", _LOOP, "nn.utils.parametrizations.spectral_norm(model.first)\n"
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"),
    torch("pruning", "import torch.nn.utils.prune as prune\nprune.random_unstructured(model.first, "
          "'weight', 0.5)\nmodel(x)"),
    torch("double and half", "model.double()\nmodel.rest.half()"),
    torch("initialisation", "nn.init.normal_(model.first.weight)\nmodel.norm.reset_parameters()"),
    torch("a lazy module", "lazy(x)", "lazy = nn.LazyLinear(3)\n"),
    torch("manual_seed and draws", "torch.manual_seed(9)\ntorch.rand(3)"),
    torch("a generator object", "torch.rand(3, generator=g)\ng.manual_seed(1)",
          "g = torch.Generator().manual_seed(4)\n"),
    torch("the default dtype", "torch.set_default_dtype(torch.float64)\ny = torch.ones(2)"),
    torch("the grad mode", "torch.set_grad_enabled(False)"),
    torch("threads", "torch.set_num_threads(1 if torch.get_num_threads() > 1 else 2)"),
    torch("deterministic algorithms and anomaly mode", "torch.use_deterministic_algorithms(True)\n"
          "torch.autograd.set_detect_anomaly(True)"),
    torch("matmul precision, cuDNN flags and print options",
          "torch.set_float32_matmul_precision('medium')\ntorch.backends.cudnn.benchmark = True\n"
          "torch.set_printoptions(precision=2)"),
    torch("the default device", "torch.set_default_device('meta')\ny = torch.ones(2)"),
    torch("autocast that is not left", "a = torch.autocast('cpu')\na.__enter__()\nmodel(x)"),
    torch("a DataLoader that shuffles", "for a, b in loader:\n    a.zero_()",
          "loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, target), 3, "
          "shuffle=True)\n"),
    torch("a DataLoader with its own generator", "seen = [b for b in loader]",
          "g = torch.Generator().manual_seed(1)\nloader = torch.utils.data.DataLoader(list(range(9)), "
          "2, shuffle=True, generator=g)\n"),
    torch("a dataset that counts", "for v in loader:\n    pass",
          "class Data(torch.utils.data.Dataset):\n    reads = 0\n    def __len__(self):\n"
          "        return 5\n    def __getitem__(self, i):\n        Data.reads += 1\n"
          "        self.last = i\n        return x[i % 5]\n"
          "loader = torch.utils.data.DataLoader(Data(), 2)\n"),
    torch("a sparse tensor", "s.mul_(2)\ns.add_(s)", "s = torch.eye(3).to_sparse()\n"),
    torch("a CSR tensor", "s.values().mul_(2)", "s = torch.eye(3).to_sparse_csr()\n"),
    torch("attributes of tensors", "x.note = 'mine'\nmodel.first.weight.mark = 1\ndel y.note",
          "y = torch.ones(1)\ny.note = 'old'\n"),
    torch("tensors in containers", "table['a'][1].zero_()\ntable['b'].t.add_(1)\ntable['c'] = x",
          "class Holder: pass\nh = Holder()\nh.t = torch.ones(2)\n"
          "table = {'a': (1, torch.ones(3)), 'b': h}\n"),
    torch("a bfloat16, a bool, an integer and a complex tensor", "for t in ts:\n    t.zero_()",
          "ts = [torch.ones(3, dtype=d) for d in (torch.bfloat16, torch.bool, torch.int64, "
          "torch.complex64, torch.float8_e5m2)]\n"),
    torch("a GradScaler", "scaled = scaler.scale(w.sum())\nscaled.backward()\nscaler.step(o)\n"
          "scaler.update()", "scaler = torch.amp.GradScaler('cpu')\n"
          "w = torch.ones(2, requires_grad=True)\no = torch.optim.SGD([w], 0.1)\n"),
    torch("a recurrent network", "out, h = rnn(x.unsqueeze(0), h)\nout.sum().backward()",
          "rnn = nn.LSTM(4, 3, batch_first=True)\nh = (torch.zeros(1, 1, 3), torch.zeros(1, 1, 3))\n"),
    torch("an embedding with a largest norm", "e(torch.tensor([0, 1, 2]))",
          "e = nn.Embedding(4, 3, max_norm=0.1)\n"),
    torch("a deep copy is rebound", "model = copy.deepcopy(model)\nmodel(x)\ndel x"),
)

NUMPY = (
    numpy("in-place operations on arrays", "a += 1\na[1:] *= 2\nnp.negative(a, out=a)", "a = np.arange(5.0)"),
    numpy("views share memory", "v += 1\na.T[0] = 9", "a = np.arange(6.0).reshape(2, 3)\nv = a[:, 1]"),
    numpy("shape and type are assigned", "a.shape = (3, 2)\na.dtype = np.int32\na[0] = 9",
          "a = np.arange(6)"),
    numpy("an array is sorted, filled and shuffled", "a.sort()\nb.fill(0)\nnp.random.shuffle(c)",
          "a = np.array([3, 1, 2])\nb = np.ones(3)\nc = np.arange(9)"),
    numpy("an array becomes read-only", "a.flags.writeable = False\nb.setflags(write=True)\nb[0] = 5",
          "a = np.ones(2)\nb = np.ones(2)\nb.flags.writeable = False"),
    numpy("an array of objects", "a[0].append(1)\na[1] = None", "a = np.empty(2, object)\na[0], a[1] = [], {}"),
    numpy("structured and masked arrays", "s['x'] += 1\nm[0] = np.ma.masked\nm.fill_value = 7",
          "s = np.zeros(2, dtype=[('x', 'i4')])\nm = np.ma.array([1, 2, 3])"),
    numpy("numpy.random.seed and draws", "np.random.seed(4)\nnp.random.rand(3)"),
    numpy("a Generator draws", "rng.normal(size=4)\nrng.bit_generator.advance(3)",
          "rng = np.random.default_rng(1)"),
    numpy("a RandomState draws", "state.rand(3)\nstate.seed(5)", "state = np.random.RandomState(1)"),
    numpy("Generators that share a bit generator", "a.random()\nb.integers(9)",
          "bits = np.random.PCG64(3)\na, b = np.random.Generator(bits), np.random.Generator(bits)"),
    numpy("numpy.seterr and print options", "np.seterr(all='raise')\nnp.set_printoptions(precision=2)"),
    numpy("an array in memory of a bytearray", "a[0] = 7\nraw[1] = 9",
          "raw = bytearray(4)\na = np.frombuffer(raw, np.uint8)"),
)

PYTHON = (
    C("list methods", "a.append(4)\na.sort(reverse=True)\nb.clear()\nc.insert(0, c)\ndel a[1:3]\na *= 2",
      "a, b, c = [3, 1, 2], [1], []"),
    C("dict methods", "d.update(b=2)\ndel d['a']\ne.clear()\ne['new'] = d\nd.setdefault('x', []).append(1)",
      "d, e = {'a': 1, 'k': 0}, {1: 2}"),
    C("the order of a dict", "d['a'] = d.pop('a')", "d = {'a': 1, 'b': 2}"),
    C("an OrderedDict", "d.move_to_end('a')\nd.popitem(last=False)",
      "from collections import OrderedDict\nd = OrderedDict(a=1, b=2, c=3)"),
    C("nested containers", "a['x'][0]['y'].append((1, [2]))\na['x'].append(a)", "a = {'x': [{'y': []}]}"),
    C("a list in a tuple, a dict in a frozen dataclass", "t[1].append(1)\np.v['k'] = 1",
      "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass P:\n    v: dict\n"
      "p, t = P({}), (0, [])"),
    C("sets", "s.add(3)\ns.discard(1)\ns |= {9}\nempty.update(s)", "s, empty = {1, 2}, set()"),
    C("a deque and its turns", "d.rotate(1)\nd.append(9)\nd.popleft()\nfull.append(1)",
      "from collections import deque\nd, full = deque([1, 2, 3]), deque([7], maxlen=1)"),
    C("a defaultdict and a Counter", "d['new'].append(1)\nd['read']\nc.update('aab')\nd.default_factory = None",
      "from collections import Counter, defaultdict\nd, c = defaultdict(list), Counter('a')"),
    C("a ChainMap, a UserDict and a SimpleNamespace", "c['x'] = 1\nu['y'] = 2\nn.z = 3\ndel n.a",
      "from collections import ChainMap, UserDict\nfrom types import SimpleNamespace\n"
      "c, u, n = ChainMap({}, {'a': 1}), UserDict(), SimpleNamespace(a=1)"),
    C("subclasses of containers", "a.append(1)\na.note = 2\nd['x'] = 1\nd.extra = []",
      "class L(list):\n    note = 0\nclass D(dict):\n    def __setitem__(self, k, v):\n"
      "        super().__setitem__(k, (v, 'set'))\na, d = L([5]), D(k=1)"),
    C("attributes of objects", "k.a = 2\nk.b = []\ndel k.c\nk.inner.v += 1\nk.__dict__['d'] = 4",
      "class K: pass\nk = K()\nk.a, k.c, k.inner = 1, 3, K()\nk.inner.v = 0"),
    C("an object's class and dict are replaced", "k.__class__ = Other\nm.__dict__ = {'new': 1}",
      "class K: pass\nclass Other: pass\nk, m = K(), K()\nm.old = 1"),
    C("slots", "k.a = 5\ndel k.b\nk.c = [1]\nk.grow()",
      "class K:\n    __slots__ = ('a', 'b', 'c', '__hidden')\n    def grow(self):\n"
      "        self.__hidden = 1\nk = K()\nk.a, k.b = 1, 2"),
    C("attributes of classes", "K.count += 1\nK.new = 1\ndel K.old\nK.rows.append(2)\nk.bump()",
      "class K:\n    count, old, rows = 0, 1, []\n    def bump(self):\n        type(self).count += 5\nk = K()"),
    C("methods are patched", "K.f = lambda self: 2\nk.f = 3\nK.p = property(lambda self: 1)",
      "class K:\n    def f(self):\n        return 1\nk = K()"),
    C("a class is reached through an instance of a subclass", "k.bump()",
      "class A:\n    n = 0\n    @classmethod\n    def bump(cls):\n        A.n += 1\nclass B(A):\n    pass\nk = B()"),
    C("what a closure holds", "step()\nstep()\nadd(5)",
      "def make():\n    n, rows = 0, []\n    def step():\n        nonlocal n\n        n += 1\n    def add(v):\n"
      "        rows.append(v)\n    return step, add\nstep, add = make()"),
    C("attributes of functions", "f.calls += 1\nf.new = []\ndel f.old", "def f(): pass\nf.calls = f.old = 0"),
    C("default arguments", "f(1)\nf(2, k=3)\nf.__defaults__ = (9,)\nf.__kwdefaults__['k'] = 0",
      "def f(v, seen=[], *, k=1, kept={}):\n    seen.append(v)\n    kept[v] = k"),
    C("a function's code", "f.__code__ = g.__code__", "def f(): return 1\ndef g(): return 2"),
    C("partial objects and bound methods", "p(1)\nm(2)", "import functools\nrows = []\nclass K:\n"
      "    def add(self, v):\n        self.v = v\nk = K()\np = functools.partial(rows.append)\nm = k.add"),
    C("global counters through helper functions", "bump()\nbump()\nouter()",
      "n = 0\nlog = []\ndef bump():\n    global n\n    n += 1\n    log.append(n)\ndef outer():\n    bump()"),
    C("names are added, deleted and rebound", "new = 1\nold = [2]\ndel gone\ndef f(): pass\nimport json",
      "old, gone = [1], 2"),
    C("names change through helpers and text", "put()\nexec('y = 2; x = 3')\nglobals()['z'] = 1",
      "x = 1\ndef put():\n    global x, fresh\n    x = fresh = 'helper'"),
    C("an iterator of the user's class", "next(i)\nfor v in i:\n    pass",
      "class Count:\n    n = 0\n    def __iter__(self):\n        return self\n    def __next__(self):\n"
      "        self.n += 1\n        if self.n > 4:\n            raise StopIteration\n        return self.n\n"
      "i = Count()"),
    C("random.seed and draws", "import random\nrandom.random()\nrandom.seed(7)\nrandom.shuffle(rows)",
      "rows = [1, 2, 3, 4]"),
    C("a Random object", "r.random()\nr.seed(1)\nr.gauss(0, 1)", "import random\nr = random.Random(5)"),
    C("StringIO and BytesIO", "s.write('more')\nb.seek(0)\nb.write(b'X')\nr.read(2)\ns.truncate(1)\ns.seek(2)",
      "import io\ns, b, r = io.StringIO('text'), io.BytesIO(b'bytes'), io.StringIO('abc')\ns.seek(4)"),
    C("a file that is read", "f.read(3)\nf.readline()",
      "import proof_star\nf = open(proof_star.__file__, 'rb')"),
    C("bytearray", "b[0] = 1\nb.extend(b'xy')\ndel b[1]\nb.pop()", "b = bytearray(b'abc')"),
    C("array.array", "a[0] = 9\na.append(1)\na.byteswap()\na.pop(0)", "import array\na = array.array('i', [1, 2])"),
    C("memoryview", "m[0] = 65\nm[1:3] = b'BC'", "b = bytearray(b'....')\nm = memoryview(b)"),
    C("a heap and a bisected list", "heapq.heappush(h, 0)\nbisect.insort(r, 2)\nr.pop(0)",
      "import bisect, heapq\nh, r = [1, 3], [1, 3]"),
    C("a cache that fills", "f(1)\nf(2)\nf(1)", "cache = {}\ndef f(v):\n    if v not in cache:\n"
      "        cache[v] = v * 2\n    return cache[v]"),
    C("a cached property", "k.total\nk.rows.append(1)", "import functools\nclass K:\n    rows = [1]\n"
      "    @functools.cached_property\n    def total(self):\n        return sum(self.rows)\nk = K()"),
    C("cyclic structures", "a.append(1)\nb['a'].append(b)\nb['more'] = a",
      "a = []\nb = {'a': a}\na.append(b)"),
    C("one object by two names", "a.append(1)\nb = []\nc[0].append(2)", "a = b = []\nc = (a,)"),
    C("a dict subclass with attributes, and keys that are objects", "d[k] = 2\nd.v = 1\nk.seen = True",
      "class K: pass\nclass D(dict): pass\nk, d = K(), D()"),
    C("objects as members of sets", "k.n += 1\ns.add(K())", "class K:\n    n = 0\nk = K()\ns = {k}"),
    C("properties with setters and descriptors", "k.v = 5\nk.w = 6",
      "class D:\n    def __set_name__(self, owner, name):\n        self.name = '_' + name\n"
      "    def __get__(self, o, t):\n        return getattr(o, self.name, None)\n"
      "    def __set__(self, o, v):\n        setattr(o, self.name, v)\nclass K:\n    w = D()\n"
      "    @property\n    def v(self):\n        return self._v\n    @v.setter\n    def v(self, new):\n"
      "        self._v = [new]\nk = K()"),
    C("an Enum's member and an exception", "E.A.note = 1\ne.args = (2,)\ne.add_note('n')",
      "from enum import Enum\nclass E(Enum):\n    A = 1\ne = ValueError(1)"),
    C("__setattr__ that refuses", "k.grow()", "class K:\n    def __setattr__(self, name, v):\n"
      "        raise AttributeError(name)\n    def grow(self):\n        self.__dict__['n'] = 1\nk = K()"),
)

# What was given back to the system is gone: the contents come back, perhaps elsewhere.
MOVED = (
    torch("resize_ to a larger shape", "y.resize_(5000)\ny.fill_(3)", "y = torch.arange(4.0)\n"),
    torch("a storage is emptied", "x.untyped_storage().resize_(0)"),
    numpy("an array is made larger", "b.resize((500,), refcheck=False)\nb += 1", "b = np.ones(2)"),
    numpy("an array is made smaller", "b.resize((2,), refcheck=False)\nb += 1", "b = np.ones(500)"),
)

CELLS = (*TORCH, *NUMPY, *PYTHON)
