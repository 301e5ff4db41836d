"""Comprehensions, generators, closures, lambdas, global and nonlocal."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

CELLS = (
    C("a comprehension's variable is its own", "x = 'outer'\n[x for x in range(3)]\nx"),
    C("all comprehensions", "{v: v * k for v in s}, {v + k for v in s}, [v - k for v in s], "
      "list(v for v in s)", setup="s = [1, 2]\nk = 10"),
    C("nested comprehension reads a name of the cell",
      "k = 3\n[[i * k + j for j in range(i)] for i in range(3)]"),
    C("comprehension over a missing name", "a = 1\n[missing for _ in range(2)]"),
    C("comprehension over a missing iterable", "[v for v in missing]"),
    C("division by zero in a comprehension", "ok = 1\nrows = [\n    1 / v\n    for v in (1, 0)\n]"),
    C("lazy generator reads a name changed later", "k = 1\ng = (k * v for v in [1, 2])\nk = 10\n[*g]"),
    C("lazy generator outlives the cell", "k = 1\ng = (k * v for v in [1, 2])",
      after="k = 100\nlist(g)"),
    C("lazy generator evaluates its first iterable at once", "src = [1]\ng = (v for v in src)\n"
      "src = [9, 9]", after="list(g)"),
    C("lazy generator evaluates its second iterable later",
      "inner = [1]\ng = ((a, b) for a in [0] for b in inner)\ninner = [7, 8]", after="list(g)"),
    C("lazy generator half consumed", "g = (v * k for v in range(4))\nnext(g)\nk = 5\nnext(g)",
      setup="k = 2", after="k = 7\nlist(g)"),
    C("lazy generator with a walrus", "g = (last := v for v in range(3))\nnext(g), last",
      after="list(g), last"),
    C("consumed generator fails in the middle", "out = list(1 // v for v in (1, 0))", setup="out = 0"),
    C("any stops early", "seen = []\nany(seen.append(v) or v > 1 for v in range(5))\nseen"),
    C("any stops early and keeps the witness", "any((w := v) > 1 for v in range(5))\nw"),
    C("a generator as an argument of an outer function", "use(k * v for v in [1, 2])",
      setup="k = 1\ndef use(g):\n    global k\n    k = 50\n    return list(g)"),
    C("lambda that outlives the cell", "k = 2\ntwice = lambda v: v * k", after="k = 3\ntwice(5)"),
    C("lambda in a list reads the loop's last value", "fs = [lambda: i for i in range(3)]\n"
      "[f() for f in fs]"),
    C("lambdas made in a loop read the live variable", "fs = []\nfor i in range(3):\n"
      "    fs.append(lambda: i)\ni = 77\n[f() for f in fs]", after="i = 5\nfs[0]()"),
    C("lambda with a default keeps the value", "fs = [lambda i=i: i for i in range(3)]\n"
      "[f() for f in fs]"),
    C("lambda called before its name exists", "f = lambda: late\ntry:\n    f()\nexcept NameError as e:"
      "\n    print(e)\nlate = 1\nf()"),
    C("lambda as a sort key", "k = -1\nsorted([3, 1, 2], key=lambda v: v * k)"),
    C("lambda inside a data structure", "table = {'f': lambda: x}\nx = 2\ntable['f']()",
      after="x = 9\ntable['f']()"),
    C("lambda's names and module", "f = lambda v: v\nf.__name__, f.__qualname__, f.__module__"),
    C("lambda's default is a nested lambda", "f = lambda g=lambda: x: g()\nx = 3\nf()"),
    C("closure over a function's variable", "def counter():\n    n = 0\n    def step():\n"
      "        nonlocal n\n        n += 1\n        return n\n    return step\nstep = counter()\n"
      "step(); step()", after="step()"),
    C("nested functions with names of globals", "x = 1\ndef outer():\n    x = 2\n    def inner():\n"
      "        return x\n    return inner()\nouter(), x"),
    C("global at the top level", "global x\nx = 3\nx + 1"),
    C("global at the top level after use", "x = 1\nglobal x"),
    C("global at the top level in a block", "if True:\n    global x\n    x = 1\nx"),
    C("global at the top level of an outer name", "global x\nx += 1", setup="x = 1"),
    C("global in a function writes", "def put():\n    global x\n    x = 'put'\nput()\nx"),
    C("global in a function overwrites a name of the cell", "x = 'mine'\ndef put():\n    global x\n"
      "    x = 'put'\nput()\ny = x\nx = 'mine again'\ny"),
    C("global in a nested function", "def a():\n    def b():\n        global deep\n        deep = 1\n"
      "    b()\na()\ndeep"),
    C("global in a class body", "class K:\n    global level\n    level = 2\n    own = level\nlevel, K.own"),
    C("global in a function, with a local of the same name elsewhere",
      "def put():\n    global x\n    x = 1\ndef keep():\n    x = 2\n    return x\nput()\nkeep(), x"),
    C("global counter through a loop", "def step():\n    global n\n    n += 1\nfor _ in range(5):\n"
      "    step()\nn", setup="n = 0"),
    C("syntax: nonlocal at the top level", "a = 1\nnonlocal a"),
    C("syntax: nonlocal without a binding", "def f():\n    nonlocal missing\n    missing = 1"),
    C("a local read before assignment in a function", "x = 1\ndef f():\n    y = x\n    x = 2\nf()"),
    C("a function reads a name written before it", "k = 1\ndef f():\n    return k\nf()",
      after="k = 2\nf()"),
    C("a function reads a name written after it", "def f():\n    return k\nk = 1\nf()",
      after="k = 2\nf()"),
    C("a function reads a name written between its calls",
      "def f():\n    return k\nk = 1\na = f()\nk = 2\n(a, f())"),
    C("a function reads a loop variable", "def f():\n    return i\nout = []\nfor i in range(3):\n"
      "    out.append(f())\nout"),
    C("a function reads a walrus name", "def f():\n    return w\nif (w := 5) and f() == 5:\n"
      "    print('seen')"),
    C("a function reads a with target", "from contextlib import nullcontext\ndef f():\n    return h\n"
      "with nullcontext(4) as h:\n    print(f())"),
    C("a function reads an except name", "def f():\n    return e\ntry:\n    1 / 0\n"
      "except ZeroDivisionError as e:\n    print(f())\nf()"),
    C("a function reads a starred target", "def f():\n    return tail\nhead, *tail = 'abc'\nf()"),
    C("a function reads an imported name", "def f():\n    return math.floor(2.5)\nimport math\nf()"),
    C("a class body reads a name of the cell", "size = 3\nclass K:\n    own = size * 2\nK.own"),
    C("a class body changes nothing outside", "size = 3\nclass K:\n    size = size + 1\nK.size, size"),
    C("a class body with a comprehension", "k = 2\nclass K:\n    k = 5\n"
      "    rows = [k * v for v in range(3)]\nK.rows"),
    C("a class body with a loop and a del", "class K:\n    out = []\n    for v in range(3):\n"
      "        out.append(v)\n    del v\nK.out, hasattr(K, 'v')"),
    C("class attribute against a global of the same name", "rate = 1\nclass K:\n    rate = 2\n"
      "    def both(self):\n        return rate, self.rate\nK().both()", after="rate = 9\nK().both()"),
    C("name mangling", "__secret = 'global'\n_K__secret = 'mangled'\nclass K:\n"
      "    def read(self):\n        return __secret\nK().read(), __secret"),
    C("mangled attributes", "class K:\n    __slots__ = ('__x',)\n    def __init__(self):\n"
      "        self.__x = 1\n    def get(self):\n        return self.__x\nk = K()\nk.get(), k._K__x"),
    C("super without arguments", "class A:\n    def f(self):\n        return 'A'\nclass B(A):\n"
      "    def f(self):\n        return 'B' + super().f()\nB().f()"),
    C("__class__ in a method", "class A:\n    def kind(self):\n        return __class__\n"
      "A().kind() is A"),
    C("a conditional class with super", "if True:\n    class B(dict):\n        def __len__(self):\n"
      "            return super().__len__() + 1\nlen(B(a=1))"),
    C("generator function with send", "def echo():\n    got = None\n    while got != 'stop':\n"
      "        got = yield got\n        total.append(got)\ntotal = []\ng = echo()\nnext(g)\n"
      "g.send('a'), g.send('b')", after="g.send('c'), total"),
    C("generator function raises", "def g():\n    yield 1\n    raise KeyError('inside')\n"
      "out = []\nfor v in g():\n    out.append(v)"),
    C("generator returns a value", "def g():\n    yield 1\n    return 'end'\nit = g()\nnext(it)\ntry:\n"
      "    next(it)\nexcept StopIteration as stop:\n    end = stop.value\nend"),
    C("yield from", "def a():\n    got = yield from b()\n    yield got\ndef b():\n    yield k\n"
      "    return 'b'\nk = 5\nlist(a())"),
    C("recursive function", "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)\nfact(10)",
      after="old = fact\ndef fact(n):\n    return 100\nold(3)"),
    C("mutual recursion", "def even(n):\n    return n == 0 or odd(n - 1)\n"
      "print('between')\ndef odd(n):\n    return n != 0 and even(n - 1)\neven(10), odd(7)"),
    C("recursive lambda", "fib = lambda n: n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(12)"),
    C("recursion with names of the cell as defaults", "depth = 3\ndef down(n=depth, seen=[]):\n"
      "    seen.append(n)\n    return seen if n == 0 else down(n - 1)\ndown()", after="down()"),
    C("a default argument keeps the value at the time", "k = 1\ndef f(v=k):\n    return v\nk = 2\nf()"),
    C("a default argument between two writes", "k = 1\nk += 1\ndef f(v=k, *, w=[k]):\n"
      "    return v, w\nk += 1\nf()"),
    C("a default argument that is missing", "a = 1\ndef f(v=missing):\n    return v\nb = 2"),
    C("a default argument with an effect", "print('one')\ndef f(v=print('two')):\n    pass\n"
      "print('three')"),
    C("annotations are evaluated at definition", "print('one')\ndef f(v: print('two')) -> print('x'):"
      "\n    pass\nprint('three')\nf.__annotations__"),
    C("an annotation that is missing", "a = 1\ndef f(v: Missing):\n    pass\nb = 2"),
    C("an annotation of a class defined above", "class K:\n    pass\nprint('now')\n"
      "def f(v: K) -> list[K]:\n    return [v]\nf.__annotations__['v'] is K"),
    C("async functions are defined", "k = 1\nasync def f():\n    return k\nk = 4\nf.__name__",
      after="import asyncio\nasyncio.run(f())"),
    C("async function run to its end", "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n"
      "    return [v async for v in agen(n)]\nasync def agen(n):\n    for v in range(n):\n"
      "        yield v * k\nk = 3\nasyncio.run(f(3))"),
    C("async with and async for inside a function", "import asyncio, contextlib\n"
      "@contextlib.asynccontextmanager\nasync def opened():\n    log.append('in')\n    yield 1\n"
      "    log.append('out')\nasync def main():\n    async with opened() as v:\n        log.append(v)\n"
      "log = []\nasyncio.run(main())\nlog"),
)
