"""The fingerprint is not blind: each planted difference is found, and nothing else."""

from __future__ import annotations

import random
from collections import deque
from types import ModuleType

import numpy as np
import pytest

from tests.cell import worlds
from tests.cell.fingerprint import Fingerprint

pytestmark = pytest.mark.usefixtures("only_new_objects_are_searched")

_PYTHON = """\
import array, io, random
from collections import defaultdict, deque
class K:
    rate = 1
    def f(self):
        return 1
class Slotted:
    __slots__ = ('a', '__b')
    def hide(self):
        self.__b = 1
def make():
    n, rows = 0, []
    def step():
        nonlocal n
        n += 1
        rows.append(n)
    return step
def default(v=[], *, k={}):
    pass
def raising():
    raise ValueError
step = make()
k, slotted = K(), Slotted()
k.v, slotted.a = [1], 1
rows, table, chosen = [1, [2]], {'a': {'b': 1}}, {1, 2}
other = rows
turns, many = deque([1, 2]), defaultdict(list)
text, raw, ints = io.StringIO('text'), bytearray(b'abc'), array.array('i', [1])
it = iter([1, 2, 3])
keys = iter(table)
own = random.Random(3)
pair = (rows, [5])
equal = [1, [2]]
"""
PYTHON = [
    ("rows.append(3)", "rows"),
    ("rows[1].append(3)", "rows[1]"),
    ("rows[:] = [1, [2]]", "other[1]"),
    ("rows = list(rows)", "rows"),
    ("rows = equal", "rows"),
    ("pair[1][0] = 6", "pair[1]"),
    ("table['a']['b'] = 2", "table['a']['b']"),
    ("table['a'] = dict(table['a'])", "table['a']"),
    ("table['c'] = table.pop('a')", "table keys"),
    ("chosen.add(3)", "chosen members"),
    ("turns.rotate(1)", "turns[0]"),
    ("many['x']", "many keys"),
    ("text.write('x')", "text text"),
    ("text.seek(2)", "text text"),
    ("raw[0] = 1", "raw bytes"),
    ("ints[0] = 2", "ints bytes"),
    ("next(it)", "it position"),
    ("own.random()", "own state"),
    ("next(keys)", "keys part 0"),
    ("random.random()", "state of random"),
    ("k.v = [1]", "k.v"),
    ("k.v.append(1)", "k.v"),
    ("k.w = 1", "k attributes"),
    ("k.__class__ = type('L', (), {})", "k"),
    ("K.rate = 2", "K.rate"),
    ("K.f = lambda self: 2", "K.f"),
    ("slotted.a = 2", "slotted.a"),
    ("step()", "step.__closure__"),
    ("slotted.hide()", "slotted._Slotted__b"),
    ("default.__defaults__[0].append(1)", "default.__defaults__[0]"),
    ("default.__kwdefaults__['k']['x'] = 1", "default.__kwdefaults__"),
    ("default.note = 1", "default attributes"),
    ("default.__code__ = raising.__code__", "default code"),
    ("new = 1", "new is new"),
    ("del rows", "rows is gone"),
    ("other = 2", "other"),
]
_NUMPY = """\
import numpy as np
a = np.arange(6.0)
v = a[1:3]
o = np.array([[1], None], dtype=object)
r = np.zeros(1, dtype=[('x', int), ('o', object)])
r['o'][0] = []
rng, state = np.random.default_rng(1), np.random.RandomState(1)
"""
NUMPY = [
    ("a[0] = 5", "a bytes"),
    ("a[0] = -0.0", "a bytes"),
    ("a = a.copy()", "a"),
    ("a = a + 0", "a layout"),
    ("v = a[1:3]", "v"),
    ("a.shape = (2, 3)", "a layout"),
    ("a.flags.writeable = False", "a layout"),
    ("o[0].append(1)", "o[0]"),
    ("r['o'][0].append(1)", "r[1] length"),
    ("r['x'][0] = 2", "r[0]"),
    ("rng.random()", "rng state"),
    ("state.rand()", "state state"),
    ("np.random.rand()", "state of numpy.random"),
    ("np.seterr(all='raise')", "numpy.seterr"),
    ("np.seterrcall(print)", "numpy.seterrcall"),
]
_TORCH = """\
import torch
from torch import nn
model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout())
optimizer = torch.optim.Adam(model.parameters())
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
model(torch.ones(3, 2)).sum().backward()
optimizer.step()
t = torch.arange(6.0)
v = t[1:3]
w = torch.ones(2, requires_grad=True)
same = t.clone()
g = torch.Generator()
sparse = torch.eye(2).to_sparse()
"""
TORCH = [
    ("t[0] = 5", "t bytes"),
    ("t += 0", "t kind"),
    ("v.zero_()", "t bytes"),
    ("t = t.clone()", "t"),
    ("t.data = same", "t layout"),
    ("t.set_(same)", "t layout"),
    ("t.resize_(2)", "t kind"),
    ("t.note = 1", "t attributes"),
    ("v = t[1:3]", "v"),
    ("w.grad = torch.ones(2)", "w.grad"),
    ("w.requires_grad = False", "w kind"),
    ("w.register_hook(lambda g: g)", "w hooks"),
    ("g.manual_seed(5)", "g state"),
    ("torch.rand(1)", "state of torch's generator"),
    ("t.numpy()", "t layout"),
    ("torch.backends.mkldnn.enabled = False", "oneDNN"),
    ("torch.backends.cuda.enable_math_sdp(False)", "attention"),
    ("sparse.mul_(2)", "sparse values"),
    ("model[0].weight.data.add_(1)", "model._modules['0']._parameters['weight'] bytes"),
    ("model[0].weight.grad.zero_()", ".grad bytes"),
    ("model.zero_grad()", ".grad was"),
    ("model.eval()", "model.training"),
    ("model[2].train(False)", "training"),
    ("model[1].running_mean.zero_()", "_buffers['running_mean'] bytes"),
    ("model[1].num_batches_tracked += 1", "num_batches_tracked"),
    ("model.append(nn.ReLU())", "model._modules keys"),
    ("model.register_forward_hook(print)", "_forward_hooks"),
    ("model[0].weight = nn.Parameter(torch.ones(2, 2))", "_parameters['weight']"),
    ("optimizer.param_groups[0]['lr'] = 1.0", "['lr']"),
    ("optimizer.state[model[0].weight]['exp_avg'].zero_()", "['exp_avg'] bytes"),
    ("optimizer.state.clear()", "optimizer.state keys"),
    ("scheduler.last_epoch += 1", "scheduler.last_epoch"),
    ("torch.set_default_dtype(torch.float64)", "default dtype"),
    ("torch.set_grad_enabled(False)", "grad mode"),
    ("torch.set_num_threads(1 if torch.get_num_threads() > 1 else 2)", "threads"),
    ("torch.use_deterministic_algorithms(True)", "deterministic algorithms"),
    ("torch.autograd.set_detect_anomaly(True)", "anomaly mode"),
    ("torch.set_float32_matmul_precision('medium')", "matmul precision"),
    ("torch.set_default_device('meta')", "default device"),
    ("torch.backends.cudnn.benchmark = True", "cudnn"),
]
PLANTED = [
    pytest.param(setup, change, where, id=change)
    for setup, changes in ((_PYTHON, PYTHON), (_NUMPY, NUMPY), (_TORCH, TORCH))
    for change, where in changes
]


@pytest.mark.parametrize(("setup", "change", "where"), PLANTED)
def test_a_planted_difference_is_found(setup: str, change: str, where: str) -> None:
    if setup is _TORCH and worlds.torch is None:
        pytest.skip("torch is not installed")
    with worlds.world() as here:
        assert here.run("set-up", setup) is None
        before = Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)
        again = Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)
        assert before.differences(again) == []
        assert here.run("change", change) is None
        after = Fingerprint.of(here.shell.user_ns, besides=worlds.SHELL_NAMES)
        found = before.differences(after)
    assert any(where in line for line in found), found


def test_the_same_contents_at_another_address_are_a_difference() -> None:
    shared = [1]
    before = Fingerprint.of({"a": shared, "b": shared})
    assert before.differences(Fingerprint.of({"a": shared, "b": shared})) == []
    assert before.differences(Fingerprint.of({"a": shared, "b": [1]}))


def test_it_ends_on_cycles_and_long_chains() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    chain: list[object] = []
    for _ in range(5000):
        chain = [chain]
    turns = deque([cycle, chain])
    namespace = {"turns": turns, "module": ModuleType("m"), "r": random.Random(1), "a": np.ones(2)}
    assert Fingerprint.of(namespace).differences(Fingerprint.of(namespace)) == []
