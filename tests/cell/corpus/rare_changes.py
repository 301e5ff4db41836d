"""Cells that change state in less usual ways, or where few look for it."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C
from tests.cell.corpus.changes import numpy, torch

_TABLE = "table = nn.Embedding(5, 3, sparse=True)\nwords = torch.tensor([0, 2, 2])\n"

TORCH = (
    torch("sparse gradients", "table(words).sum().backward()", _TABLE),
    torch(
        "sparse gradients are added to",
        "table(words).sum().backward()\ntable.weight.grad.mul_(2)",
        _TABLE + "table(words).sum().backward()\n",
    ),
    torch(
        "SparseAdam",
        "optimizer.zero_grad()\ntable(words).sum().backward()\noptimizer.step()",
        _TABLE + "optimizer = torch.optim.SparseAdam(table.parameters())\n",
    ),
    torch(
        "a sparse parameter",
        "s.requires_grad_(False)\ns.note = 1\nt.note = 2\ndel t.old",
        "s, t = (torch.eye(3).to_sparse().requires_grad_() for _ in range(2))\nt.old = 1\n",
    ),
    torch(
        "gradients in one flat buffer",
        "model(x).sum().backward()\nflat.mul_(0.5)",
        "flat = torch.zeros(sum(p.numel() for p in model.parameters()))\nstart = 0\n"
        "for p in model.parameters():\n    p.grad = flat[start:start + p.numel()].view_as(p)\n"
        "    start += p.numel()\n",
    ),
    torch(
        "a hook after accumulation",
        "w.register_post_accumulate_grad_hook(lambda p: None)\nw.sum().backward()",
        "w = torch.ones(2, requires_grad=True)\n",
    ),
    torch(
        "a hook that was there steps an optimizer",
        "w.sum().backward()",
        "w = torch.ones(2, requires_grad=True)\no = torch.optim.Adam([w])\n"
        "def update(p):\n    o.step()\n    o.zero_grad()\n"
        "h = w.register_post_accumulate_grad_hook(update)\n",
    ),
    torch(
        "a tensor of inference mode",
        "with torch.inference_mode():\n    t.add_(1)",
        "with torch.inference_mode():\n    t = torch.ones(3)\n",
    ),
    torch(
        "a subclass of Tensor",
        "t.add_(1)\nt.note = []\nt.kept.append(1)",
        "class T(torch.Tensor): pass\nt = torch.ones(3).as_subclass(T)\nt.kept = []\n",
    ),
    torch(
        "real and imaginary parts",
        "torch.view_as_real(z)[0] = 7\nz.imag.zero_()\nc.mul_(2)",
        "z = torch.ones(3, dtype=torch.complex64)\nc = z.conj()\n",
    ),
    torch("an optimizer is emptied", "optimizer.state.clear()\noptimizer.param_groups.clear()",
          "optimizer = torch.optim.Adam(model.parameters())\nstep(optimizer)\n"),
    torch("the learning rate is set", "optimizer.param_groups[0]['lr'] *= 0.5\nlr.mul_(0.5)",
          "lr = torch.tensor(0.1)\noptimizer = torch.optim.Adam(model.parameters(), lr=lr)\n"),
    torch("a capturable optimizer counts in tensors", "step(optimizer)",
          "optimizer = torch.optim.Adam(model.parameters())\nstep(optimizer)\n"),
    torch("a parametrization is removed",
          "nn.utils.parametrize.remove_parametrizations(model.first, 'weight')",
          "nn.utils.parametrizations.orthogonal(model.first)\n"),
    torch("a parametrization is entered", "with nn.utils.parametrize.cached():\n    model(x)",
          "nn.utils.parametrizations.weight_norm(model.first)\n"),
    torch("a module is frozen and moved", "model.requires_grad_(False)\nmodel.to(torch.bfloat16)"),
    torch("a LSTM's flat weights", "rnn.half()\nrnn.flatten_parameters()\nrnn.hidden_size = 9",
          "rnn = nn.LSTM(4, 3, 2)\n"),
    torch("a quantized tensor", "q.copy_(torch.zeros(3))",
          "q = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)\n"),
    torch("a ParameterDict and a ParameterList",
          "d['new'] = nn.Parameter(torch.ones(1))\ndel d['a']\np.append(torch.zeros(2))\np[0] = p[1]",
          "d = nn.ParameterDict({'a': torch.zeros(1)})\n"
          "p = nn.ParameterList([torch.zeros(1), torch.ones(1)])\n"),
    torch("a running mean on the class", "train()\ntrain()",
          "class Log:\n    mean = torch.zeros(())\n    seen = []\ndef train():\n"
          "    loss = model(x).sum()\n    Log.mean = Log.mean * 0.9 + loss.detach() * 0.1\n"
          "    Log.seen.append(loss.item())\n"),
    torch("a sampler and its weights", "for i in sampler:\n    weights[i] += 1",
          "weights = torch.ones(5)\ng = torch.Generator().manual_seed(1)\n"
          "sampler = torch.utils.data.WeightedRandomSampler(weights, 4, generator=g)\n"),
    torch("a state dict's tensors", "for v in state.values():\n    v.zero_()", "state = model.state_dict()\n"),
    torch("forward_pre and global hooks",
          "nn.modules.module.register_module_forward_hook(lambda m, i, o: None)\n"
          "model.register_forward_pre_hook(lambda m, i: None)"),
    torch("flags of attention and of oneDNN", "torch.backends.cuda.enable_math_sdp(False)\n"
          "torch.backends.mkldnn.set_flags(False)"),
)  # fmt: skip

COMPILED = (
    torch(
        "a scripted module is trained and evaluated",
        "s(x).sum().backward()\ns.eval()\nwith torch.no_grad():\n    next(s.parameters()).add_(1)",
        "s = torch.jit.script(nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)))\n",
    ),
    torch(
        "a compiled module is trained and evaluated",
        "c(x).sum().backward()\nc.eval()",
        "c = torch.compile(nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)), backend='eager')\n"
        "c(x)\n",
    ),
    torch(
        "an array over a tensor is reshaped",
        "array.shape = (2, 3)\narray[0] = 9",
        "tensor = torch.arange(6.0)\narray = tensor.numpy()\n",
    ),
)

NUMPY = (
    numpy("a memory map", "m[0] = 7\nm.flush()",
          "import tempfile\nf = tempfile.NamedTemporaryFile()\nf.write(bytes(8))\nf.flush()\n"
          "m = np.memmap(f.name, np.uint8, mode='r+')\nf.close()"),
    numpy("a record array", "r.x += 1\nr[0] = (5, 6)", "r = np.rec.array([(1, 2)], dtype=[('x', int), ('y', int)])"),
    numpy("a matrix of Fortran's order", "a[...] = a.T\na.sort(axis=0)", "a = np.asfortranarray(np.arange(9.).reshape(3, 3))"),
    numpy("overlapping windows", "w[0, 1] = 9",
          "a = np.arange(5.)\nw = np.lib.stride_tricks.sliding_window_view(a, 2, writeable=True)"),
    numpy("objects in a structured array", "s['o'][0] = 2\ns['o'][1].append(3)",
          "s = np.zeros(2, dtype=[('o', object)])\ns['o'][1] = []"),
    numpy("texts and times", "t[0] = 'new'\nd += np.timedelta64(1, 'D')",
          "t, d = np.array(['old']), np.array(['2024-01-01'], 'M8[D]')"),
    numpy("a subclass with attributes", "a.unit = 'm'\na += 1\na.kept.append(2)",
          "class A(np.ndarray): pass\na = np.ones(2).view(A)\na.unit, a.kept = 's', []"),
    numpy("an error callback", "np.seterrcall(print)"),
    numpy("a generator's spawned children", "a, b = rng.spawn(2)\nrng.random()", "rng = np.random.default_rng(1)"),
)  # fmt: skip

PYTHON = (
    C("weak dictionaries and sets", "d['b'] = k\ns.discard(k)\nw[k] = 2",
      "import weakref\nclass K: pass\nk = K()\nd, s, w = weakref.WeakValueDictionary(a=k), "
      "weakref.WeakSet([k]), weakref.WeakKeyDictionary()"),
    C("an object behind a weak reference", "r().n = 2", "import weakref\nclass K: pass\nk = K()\n"
      "k.n, r = 1, weakref.ref(k)"),
    C("a class registers itself", "class B(A):\n    pass\nA.names.append(1)",
      "class A:\n    known, names = [], []\n    def __init_subclass__(cls):\n        A.known.append(cls)"),
    C("a function of several types learns another", "@f.register\ndef _(v: int):\n    return 'int'\nf(1)",
      "import functools\n@functools.singledispatch\ndef f(v):\n    return 'any'\nf('a')"),
    C("a decorator that counts", "f()\nf()", "import functools\ndef counted(g):\n    @functools.wraps(g)\n"
      "    def inner():\n        inner.calls += 1\n        return g()\n    inner.calls = 0\n    return inner\n"
      "@counted\ndef f(): pass"),
    C("equal members of a set are exchanged", "s.clear()\ns.add(1.0)\nt.discard(a)\nt.add(b)",
      "s = {1}\na, b = (1, 'x'), (1.0, 'x')\nt = {a}"),
    C("an equal key is exchanged", "del d[1]\nd[1.0] = 'a'", "d = {1: 'a'}"),
    C("the recursion limit and the collector", "import gc, sys\nsys.setrecursionlimit(2500)\ngc.disable()"),
    C("a stack of contexts", "stack.push(1)\nstack.items.pop(0)",
      "class Stack:\n    def __init__(self):\n        self.items = [0]\n    push = lambda self, v: self.items.append(v)\nstack = Stack()"),
    C("a dataclass with slots and defaults", "p.rows.append(1)\np.n += 1\np.rows = []",
      "from dataclasses import dataclass, field\n@dataclass(slots=True)\nclass P:\n    n: int = 0\n"
      "    rows: list = field(default_factory=list)\np = P()"),
    C("a named tuple of lists", "t.a.append(1)\nt.b[0].clear()", "from collections import namedtuple\n"
      "T = namedtuple('T', 'a b')\nt = T([], ([1],))"),
    C("a property's function keeps a list", "k.rows.append(1)\nk.rows", "class K:\n"
      "    @property\n    def rows(self, kept=[]):\n        kept.append(2)\n        return kept\nk = K()"),
    C("a staticmethod's default and a metaclass", "K.f(1)\nK.count()\nk.count = 1",
      "class M(type):\n    n = 0\n    def count(cls):\n        M.n += 1\n        cls.seen = M.n\n"
      "class K(metaclass=M):\n    @staticmethod\n    def f(v, kept=[]):\n        kept.append(v)\nk = K()"),
    C("a list of lists is sorted and reversed", "a.sort(key=len)\na.reverse()\na[0].append(a.pop())",
      "a = [[1, 2], [], [3]]"),
    C("a mapping proxy's dict", "vars(K)['d']['x'] = 1\nd['y'] = 2",
      "from types import MappingProxyType\nclass K:\n    d = {}\nd = {}\nm = MappingProxyType(d)"),
    C("a queue", "q.put(3)\nq.get()\nh.put(0)",
      "import queue\nq, h = queue.Queue(), queue.PriorityQueue()\nq.put(1)\nh.put(2)"),
    C("a Fraction, a Decimal and their context", "decimal.getcontext().prec = 5\nd += 1",
      "import decimal\nd = decimal.Decimal(1)"),
    C("a nonlocal that does not exist yet", "fill()", "def make():\n    if 0:\n        v = 1\n"
      "    def fill():\n        nonlocal v\n        v = [1]\n    def read():\n        return v\n"
      "    return fill, read\nfill, read = make()"),
    C("an attribute behind __getattr__ and slots of two classes", "k.new = 1\nk.base = 2\ndel k.own",
      "class A:\n    __slots__ = ('base',)\nclass K(A):\n    __slots__ = ('own', '__dict__')\n"
      "    def __getattr__(self, name):\n        if name != 'base':\n"
      "            raise AttributeError(name)\n        return 'made up'\nk = K()\nk.own = 1"),
)  # fmt: skip

CELLS = (*TORCH, *COMPILED, *NUMPY, *PYTHON)
