"""Cells that use up ``source``, which nothing can put back."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

ONE_WAY = (
    C("a generator", "next(source)", "source = (v for v in range(3))"),
    C(
        "a generator function's generator",
        "for v in source:\n    break",
        "def make():\n    yield 1\n    yield 2\nsource = make()\nnext(source)",
    ),
    C("a zip", "next(source)", "source = zip([1, 2], [3, 4])"),
    C("a map", "next(source)", "source = map(str, [1, 2])"),
    C("a filter", "next(source)", "source = filter(None, [1, 2])"),
    C("an enumerate", "next(source)", "source = enumerate('ab')"),
    C("a generator in a list", "next(source[0])", "source = [(v for v in range(3))]"),
    C(
        "a generator in an object",
        "next(source.g)",
        "class K: pass\nsource = K()\nsource.g = (v for v in range(3))",
    ),
    C(
        "a generator that a helper uses",
        "use()",
        "source = (v for v in range(3))\ndef use():\n    return next(source)",
    ),
    C(
        "a generator that a method of the cell uses",
        "class K:\n    def f(self):\n        return next(source)\nK().f()",
        "source = (v for v in range(3))",
    ),
    C(
        "a file open for writing",
        "source.write('x')",
        "import tempfile\nsource = tempfile.TemporaryFile('w')",
    ),
    C(
        "a csv writer on a file",
        "print('a', file=source)",
        "import tempfile\nsource = tempfile.TemporaryFile('w')",
    ),
    C("a list's iterator", "next(source)", "source = iter([1, 2])"),
    C("a range's iterator", "next(source)", "source = iter(range(3))"),
    C("a tuple's iterator", "next(source)", "source = iter((1, 2))"),
    C("a string's iterator", "next(source)", "source = iter('ab')"),
    C("a dict's iterator", "next(source)", "source = iter({1: 2})"),
    C("an array's iterator", "next(source)", "import numpy as np\nsource = np.nditer(np.ones(2))"),
    C("reversed", "next(source)", "source = reversed([1, 2])"),
    C("itertools", "next(source)", "import itertools\nsource = itertools.chain([1], [2])"),
    C("a coroutine", "source.send(None)", "async def f(): pass\nsource = f()"),
    C(
        "a graph that backward would free",
        "source.backward()",
        "import torch\nw = torch.ones(2, requires_grad=True)\nsource = (w * 2).sum()",
        needs=("torch",),
    ),
    C(
        "a graph in a list that backward would free",
        "source[0].backward()",
        "import torch\nw = torch.ones(2, requires_grad=True)\nsource = [(w * 2).sum()]",
        needs=("torch",),
    ),
    C(
        "a graph that autograd.grad would free",
        "torch.autograd.grad(source, w)",
        "import torch\nw = torch.ones(2, requires_grad=True)\nsource = (w * 2).sum()",
        needs=("torch",),
    ),
    C(
        "an iterator of a DataLoader",
        "next(source)",
        "import torch\nsource = iter(torch.utils.data.DataLoader([1, 2, 3]))",
        needs=("torch",),
    ),
)
