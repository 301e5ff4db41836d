"""Functions and methods of earlier cells that use the notebook's globals, as does the cell."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_BANK = """\
balance = 100
log = []
def deposit(v):
    global balance
    balance += v
    log.append(balance)
    return balance
def show():
    return f'balance {balance}'
class Teller:
    fee = 1
    def take(self, v):
        global balance
        balance -= v + self.fee
        return balance
    @property
    def view(self):
        return balance
    def __enter__(self):
        deposit(0)
        return self
    def __exit__(self, *error):
        global closed
        closed = True
    def __len__(self):
        global counted
        counted = balance
        return 3
    def __iter__(self):
        global balance
        for v in (1, 2):
            balance = v
            yield v
teller = Teller()
"""

CELLS = (
    C("a helper writes what the cell reads", "a = balance\ndeposit(5)\na, balance", setup=_BANK),
    C("a helper reads what the cell writes", "balance = 7\nshow()", setup=_BANK, after="show()"),
    C("a helper and the cell both write", "balance += 1\ndeposit(5)\nbalance *= 2\ndeposit(1)\nbalance",
      setup=_BANK),
    C("a method writes what the cell reads", "teller.take(5)\nbalance", setup=_BANK),
    C("a method reads what the cell writes", "balance = 1\nteller.take(0), teller.view", setup=_BANK),
    C("a property reads what the cell writes", "balance = 55\nteller.view", setup=_BANK),
    C("a context manager writes a new name", "with teller as t:\n    balance += 1\nclosed, balance, log",
      setup=_BANK),
    C("len() of an object writes a name", "n = len(teller)\nn, counted", setup=_BANK),
    C("a truth test writes a name", "if teller:\n    seen = counted\nseen", setup=_BANK),
    C("iteration writes what the loop reads", "out = []\nfor v in teller:\n"
      "    out.append((v, balance))\nout, balance", setup=_BANK),
    C("a helper through a list", "actions[0](9)\nbalance", setup=_BANK + "actions = [deposit]"),
    C("a helper through a dict and a partial", "table['d']()\nbalance += 1\nbalance",
      setup=_BANK + "import functools\ntable = {'d': functools.partial(deposit, 4)}"),
    C("a bound method under another name", "take(10)\nbalance += 0.5\nbalance",
      setup=_BANK + "take = teller.take"),
    C("a helper in a closure", "run()\nbalance += 1\nbalance",
      setup=_BANK + "def make():\n    d = deposit\n    return lambda: d(3)\nrun = make()"),
    C("a helper as a default argument", "run()\nbalance += 1\nbalance",
      setup=_BANK + "def run(f=deposit):\n    return f(3)\n"),
    C("a helper behind lru_cache", "cached(1)\nbalance += 1\ncached(1), cached(2), balance",
      setup=_BANK + "import functools\ncached = functools.lru_cache(deposit)"),
    C("a helper as an attribute of an instance", "teller.hook(2)\nbalance += 1\nbalance",
      setup=_BANK + "teller.hook = deposit"),
    C("a helper called by sort", "rows.sort(key=rank)\nbalance += 1\nbalance, rows",
      setup=_BANK + "rows = [2, 1]\ndef rank(v):\n    return deposit(v)"),
    C("a helper called by map", "out = list(map(deposit, [1, 2]))\nbalance += 1\nout, balance",
      setup=_BANK),
    C("a helper called by an operator", "v = k + 1\nbalance += 1\nv, balance",
      setup=_BANK + "class K:\n    def __add__(self, o):\n        return deposit(o)\nk = K()"),
    C("a helper called by a descriptor", "k.v\nbalance += 1\nbalance",
      setup=_BANK + "class D:\n    def __get__(self, o, t):\n        return deposit(2)\nclass K:\n"
      "    v = D()\nk = K()"),
    C("a helper called by __getattr__", "k.anything\nbalance += 1\nbalance",
      setup=_BANK + "class K:\n    def __getattr__(self, name):\n        return deposit(2)\nk = K()"),
    C("a helper called by a finaliser", "k = None\nbalance += 1\nbalance",
      setup=_BANK + "class K:\n    def __del__(self):\n        deposit(2)\nk = K()"),
    C("a helper called by repr at print", "print(k)\nbalance += 1\nbalance",
      setup=_BANK + "class K:\n    def __repr__(self):\n        return str(deposit(2))\nk = K()"),
    C("a helper called by the display of the value", "balance += 1\nk",
      setup=_BANK + "class K:\n    def __repr__(self):\n        return f'K at {balance}'\nk = K()"),
    C("a helper replaced before it is called", "deposit = lambda v: ('mine', v)\ndeposit(1), balance",
      setup=_BANK),
    C("a helper replaced that another helper calls", "deposit = lambda v: 'mine'\nteller.__enter__()\n"
      "log", setup=_BANK),
    C("a helper wrapped under its own name", "original = deposit\ndef deposit(v):\n"
      "    return original(v * 10)\ndeposit(1)\nbalance", setup=_BANK, after="deposit(2)"),
    C("a helper writes a name that is new to the notebook", "put('fresh')\nv = new + '!'\nnew = v\nnew",
      setup="def put(v):\n    global new\n    new = v"),
    C("a helper writes a name that the cell assigns afterwards", "put(1)\na = new\nnew = 2\nput(3)\n"
      "a, new", setup="def put(v):\n    global new\n    new = v"),
    C("a helper writes the loop variable", "for i in range(3):\n    put(i * 10)\n    print(i)",
      setup="def put(v):\n    global i\n    i = v"),
    C("a helper reads the loop variable", "for i in range(3):\n    print(look())",
      setup="def look():\n    return i"),
    C("a helper reads a name that the cell deletes in between", "x = 1\na = look()\ndel x\nlook()",
      setup="def look():\n    return x"),
    C("a helper that raises", "a = 1\nb = fail(a)\nc = 2",
      setup="def fail(v):\n    w = v\n    raise ValueError(f'bad {w}')"),
    C("a helper that raises a NameError of its own", "a = 1\nb = fail()\nc = 2",
      setup="def fail():\n    return nowhere + 1"),
    C("a helper that raises an UnboundLocalError of its own", "a = 1\nb = fail()\nc = 2",
      setup="def fail():\n    v += 1\n"),
    C("a helper that raises after writing", "a = 1\nput()\nc = 2",
      setup="def put():\n    global a, c\n    a = c = 'helper'\n    raise KeyError('late')"),
    C("a helper from a library calls back", "import functools\nfunctools.reduce(step, [1, 2], 0)\ncount",
      setup="count = 0\ndef step(a, b):\n    global count\n    count += 1\n    return a + b"),
    C("a helper that reads all names", "x = 2\nnames()", setup="def names():\n"
      "    return 'x' in globals(), globals()['x']\nx = 1"),
    C("a helper that reads names by text, called by another", "x = 2\nouter()",
      setup="def names():\n    return eval('x')\ndef outer():\n    return names()\nx = 1"),
    C("a method that reads names by text", "x = 2\nk.names()",
      setup="class K:\n    def names(self):\n        return eval('x')\nk = K()\nx = 1"),
    C("a helper that writes names by text", "put('x', 5)\nx + 1",
      setup="def put(name, v):\n    globals()[name] = v\nx = 1"),
    C("a generator of an earlier cell", "a = next(g)\nk = 10\nb = next(g)\na, b",
      setup="k = 1\ndef make():\n    while True:\n        yield k\ng = make()"),
    C("a generator expression of an earlier cell", "k = 10\nlist(g)",
      setup="k = 1\ng = (v * k for v in [1, 2])"),
    C("a lambda of an earlier cell", "k = 10\nf(2)", setup="k = 1\nf = lambda v: v * k", after="f(3)"),
    C("a class of an earlier cell is patched", "def size(self):\n    return unit\nK.size = size\n"
      "unit = 3\nK().size()", setup="class K:\n    pass", after="unit = 4\nK().size()"),
    C("an instance of an earlier cell is changed", "k.v += 1\nk.w = k.v\nvars(k)",
      setup="class K:\n    v = 1\nk = K()"),
    C("a helper that changes its own defaults", "f(1); f(2)", setup="def f(v, seen=[]):\n"
      "    seen.append(v)\n    return seen", after="f(3)"),
    C("a callback registered in an earlier cell", "x = 5\nfire()\nx",
      setup="x = 0\ncallbacks = []\ndef bump():\n    global x\n    x += 1\ncallbacks.append(bump)\n"
      "def fire():\n    for c in callbacks:\n        c()"),
    C("the caller's frame is looked at", "x = 3\nlook()",
      setup="import sys\ndef look():\n    return sys._getframe(1).f_locals.get('x')\nx = 1"),
)
