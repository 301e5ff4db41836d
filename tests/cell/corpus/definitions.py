"""Functions and classes that a cell defines, and the order in which that shows."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

CELLS = (
    C("print order between class body and statements", "print('one')\nclass K:\n"
      "    print('class body')\nprint('two')"),
    C("side effects of decorators in order", "print('one')\n@loud('a')\n@loud('b')\ndef f():\n"
      "    pass\nprint('two')\n@loud('c')\nclass K:\n    pass\nprint('three')",
      setup="def loud(name):\n    print('make', name)\n    def wrap(f):\n        print('use', name)\n"
      "        return f\n    return wrap"),
    C("a decorator of the cell", "def twice(f):\n    return lambda v: f(f(v))\n@twice\ndef inc(v):\n"
      "    return v + step\nstep = 10\ninc(0)", after="step = 1\ninc(0)"),
    C("a decorator that registers", "registry = {}\ndef register(f):\n    registry[f.__name__] = f\n"
      "    return f\n@register\ndef a():\n    return 1\n@register\ndef b():\n    return 2\n"
      "sorted(registry), registry['a'] is a"),
    C("a decorator that registers with an outer object", "print(len(hooks))\n@hooks.append\ndef f():\n"
      "    return 1\nprint(len(hooks))\nf is None", setup="hooks = []"),
    C("a decorator that replaces by a value", "@lambda f: f()\ndef table():\n"
      "    return {'k': 1}\ntable"),
    C("a decorator that fails", "a = 1\n@1 / 0\ndef f():\n    pass\nb = 2"),
    C("a decorator that is missing", "a = 1\n@missing\ndef f():\n    pass\nb = 2"),
    C("decorators spanning lines", "import functools\n@functools.lru_cache(\n    maxsize=None,\n)\n"
      "def f(\n    v,\n):\n    return v * k\nk = 2\nf(3)", after="k = 5\nf(3), f(4)"),
    C("lru_cache counts", "from functools import lru_cache\n@lru_cache\ndef sq(v):\n    return v * v\n"
      "[sq(v) for v in (1, 1, 2)]\nsq.cache_info()"),
    C("functools.wraps", "import functools\ndef deco(f):\n    @functools.wraps(f)\n"
      "    def inner(*a, **k):\n        'inner'\n        return f(*a, **k)\n    return inner\n@deco\n"
      "def g():\n    'g doc'\n    return 1\ng.__name__, g.__doc__, g()"),
    C("functools.partial and singledispatch", "import functools\n@functools.singledispatch\n"
      "def kind(v):\n    return 'other'\n@kind.register\ndef _(v: int):\n    return 'int'\n"
      "p = functools.partial(kind, 3)\np(), kind('x')"),
    C("dataclass", "from dataclasses import dataclass, field\n@dataclass(order=True)\nclass P:\n"
      "    x: int\n    tags: list = field(default_factory=list)\nP(1) < P(2), P(3)",
      after="P(1, ['a'])"),
    C("dataclass with a default of the cell", "from dataclasses import dataclass\nsize = 4\n"
      "@dataclass(frozen=True)\nclass P:\n    x: int = size\nsize = 5\nP()"),
    C("Enum", "from enum import Enum, auto\nclass Colour(Enum):\n    RED = auto()\n    BLUE = auto()\n"
      "Colour.RED, list(Colour)"),
    C("NamedTuple and namedtuple", "from typing import NamedTuple\nfrom collections import namedtuple\n"
      "class P(NamedTuple):\n    x: int\n    y: int = 0\nQ = namedtuple('Q', 'a b')\nP(1), Q(1, 2)"),
    C("TypedDict and Protocol", "from typing import Protocol, TypedDict\nclass T(TypedDict):\n"
      "    x: int\nclass Sized(Protocol):\n    def size(self) -> int: ...\nT(x=1)"),
    C("abstract class", "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n"
      "    def f(self): ...\nclass B(A):\n    def f(self):\n        return 1\nB().f()\nA()"),
    C("property with a setter", "class K:\n    def __init__(self):\n        self._v = start\n"
      "    @property\n    def v(self):\n        return self._v\n    @v.setter\n    def v(self, new):\n"
      "        self._v = new + start\nstart = 1\nk = K()\nk.v = 5\nk.v", after="start = 100\nk.v = 1\nk.v"),
    C("class and static methods", "class K:\n    made = 0\n    @classmethod\n    def make(cls):\n"
      "        cls.made += 1\n        return cls()\n    @staticmethod\n    def add(a, b):\n"
      "        return a + b\nK.make()\nK.made, K.add(1, 2)"),
    C("metaclass of the cell", "class Meta(type):\n    def __new__(mcs, name, bases, body):\n"
      "        print('making', name)\n        return super().__new__(mcs, name, bases, body)\n"
      "print('between')\nclass K(metaclass=Meta):\n    pass\nprint('after')\ntype(K).__name__"),
    C("__init_subclass__ is called in order", "print('one')\nclass B(Base, tag='b'):\n    pass\n"
      "print('two')\nfound", setup="found = []\nclass Base:\n"
      "    def __init_subclass__(cls, tag, **k):\n        found.append((cls.__name__, tag))\n"
      "        print('subclass', tag)"),
    C("__set_name__ is called in order", "print('one')\nclass K:\n    a = Field()\n    b = Field()\n"
      "print('two')\nK.a.name", setup="class Field:\n    def __set_name__(self, owner, name):\n"
      "        print('field', name)\n        self.name = name"),
    C("a base class that is missing", "a = 1\nclass K(Missing):\n    pass\nb = 2"),
    C("a class body that fails", "a = 1\nclass K:\n    x = 1\n    y = x / 0\nb = 2"),
    C("a class body that writes a global", "hits = 0\nclass K:\n    def f(self):\n"
      "        global hits\n        hits += 1\nk = K()\nk.f()\nhits += 10\nk.f()\nhits"),
    C("instances made before and after", "a = K()\nclass K:\n    pass\nb = K()\n"
      "type(a) is type(b), isinstance(a, K)", setup="class K:\n    pass"),
    C("redefinition of an outer function in the middle", "a = f()\ndef f():\n    return 'new'\n"
      "(a, f())", setup="def f():\n    return 'old'"),
    C("redefinition of an outer function that a helper calls", "a = use()\ndef f():\n"
      "    return 'new'\n(a, use())", setup="def f():\n    return 'old'\ndef use():\n    return f()"),
    C("redefinition of an outer function that a method calls", "a = k.use()\ndef f():\n"
      "    return 'new'\n(a, k.use())", setup="def f():\n    return 'old'\nclass K:\n"
      "    def use(self):\n        return f()\nk = K()"),
    C("redefinition of an outer class that a helper makes", "a = make()\nclass K:\n    v = 'new'\n"
      "(a.v, make().v)", setup="class K:\n    v = 'old'\ndef make():\n    return K()"),
    C("two functions of one name", "def f():\n    return 1\na = f()\ndef f():\n    return 2\n(a, f())"),
    C("a function replaced by a value", "def f():\n    return 1\nf = f()\nf + 1"),
    C("a value replaced by a function", "f = 5\ng = f\ndef f():\n    return g\nf()"),
    C("an outer value replaced by a function", "g = f + 1\ndef f():\n    return g\nf()", setup="f = 5"),
    C("def inside if, for and try", "if flag:\n    def a():\n        return k\nelse:\n    def a():\n"
      "        return -k\nfor i in range(2):\n    def b():\n        return i\ntry:\n    def c():\n"
      "        return b() + k\nfinally:\n    k = 3\na(), b(), c()", setup="flag = True",
      after="k = i = 10\na(), b(), c(), a.__qualname__"),
    C("def in a branch that is not taken", "if flag:\n    def a():\n        pass\na()",
      setup="flag = False"),
    C("class inside for", "made = []\nfor i in range(2):\n    class K:\n        own = i\n"
      "    made.append(K)\n[k.own for k in made], K.__qualname__"),
    C("class inside if that reads names of the cell", "base = 2\nif base:\n    class K:\n"
      "        v = base\n        def f(self):\n            return base\nbase = 3\nK.v, K().f()",
      after="base = 4\nK().f(), K.__module__, K.f.__qualname__"),
    C("a definition after an error stays undefined", "def a():\n    pass\n1 / 0\ndef b():\n    pass\n"
      "class C:\n    pass\nimport json", after="b"),
    C("a definition after an error keeps the older one", "1 / 0\ndef f():\n    return 'new'",
      setup="def f():\n    return 'old'", after="f()"),
    C("an error on the line of an import", "x = 1; 1 / 0; import json; y = 2"),
    C("an error before a definition in the same line", "1 / 0; f = 2\ndef f(): pass"),
    C("a definition between two errors caught", "try:\n    f()\nexcept NameError as e:\n    print(e)\n"
      "def f():\n    return 1\nf()"),
    C("hasattr-like probing before a definition", "'f' in globals(), f()\n\ndef f():\n    return 1"),
    C("a definition that is only reached through eval", "print(eval('f()'))\ndef f():\n    return 2\n"
      "eval('f()')", setup="def f():\n    return 1"),
    C("pickle of a function of the cell", "def f(v):\n    return v * k\nk = 2\nimport pickle\n"
      "g = pickle.loads(pickle.dumps(f))\ng is f, f.__module__",
      after="pickle.loads(pickle.dumps(f)) is f"),
    C("pickle of an instance of the cell", "import pickle\nclass P:\n    def __init__(self, v):\n"
      "        self.v = v\np = P(3)\nq = pickle.loads(pickle.dumps(p))\ntype(q) is P, q.v",
      after="pickle.loads(pickle.dumps(P(4))).v"),
    C("pickle of a class made in a block", "import pickle\nif True:\n    class P:\n        pass\n"
      "type(pickle.loads(pickle.dumps(P()))) is P"),
    C("pickle of a lambda fails as always", "import pickle\nf = lambda: 1\npickle.dumps(f)"),
    C("deepcopy of what the cell made", "import copy\nclass P:\n    pass\np = P()\np.self = p\n"
      "q = copy.deepcopy(p)\nq is not p, q.self is q"),
    C("pickle by reference of a rebound name fails", "import pickle\ndef f():\n    pass\ng = f\nf = 1\n"
      "pickle.dumps(g)"),
    C("a function's own globals are the notebook's", "def f():\n    pass\nf.__globals__ is g",
      setup="g = globals()"),
    C("type hints are resolved in the notebook", "import typing\nclass K:\n    pass\n"
      "def f(v: 'K') -> 'list[K]':\n    pass\ntyping.get_type_hints(f)['v'] is K"),
    C("a function's doc, defaults and attributes", "def f(a, /, b=1, *c, d=2, **e):\n    'doc'\n"
      "    return a\nf.note = 'kept'\nf.__doc__, f.__defaults__, f.__kwdefaults__, f.note"),
    C("a callable object of the cell", "class Add:\n    def __init__(self, n):\n        self.n = n\n"
      "    def __call__(self, v):\n        return v + self.n + extra\nadd = Add(1)\nextra = 10\nadd(1)",
      after="extra = 0\nadd(1)"),
    C("operators of the cell's class", "class V:\n    def __init__(self, *v):\n        self.v = v\n"
      "    def __iadd__(self, o):\n        print('iadd')\n        return V(*self.v, o)\n"
      "    def __repr__(self):\n        return f'V{self.v}'\nv = V(1)\nw = v\nv += 2\nv, w"),
    C("a contextlib.contextmanager defined and used", "import contextlib\n@contextlib.contextmanager\n"
      "def tag(name):\n    print('<', name, depth)\n    yield name\n    print('>', name, depth)\n"
      "depth = 0\nwith tag('a') as a:\n    depth += 1\n    with tag('b'):\n        depth += 1\na"),
    C("a default that draws a random number", "import random\na = random.random()\n"
      "def f(v=random.random()):\n    return v\nb = random.random()\na, f(), b"),
    C("a class attribute that draws a random number", "import random\na = random.random()\nclass K:\n"
      "    v = random.random()\nb = random.random()\na, K.v, b"),
    C("a definition inside a with", "import contextlib\nout = []\nwith contextlib.suppress(ValueError):\n"
      "    def f():\n        return k\n    k = 1\n    raise ValueError\n    k = 2\nf()"),
    C("a function that returns its own cell's class", "def make():\n    return K()\nclass K:\n"
      "    def again(self):\n        return make()\ntype(K().again()) is K"),
    C("a nested class and its qualified names", "class A:\n    class B:\n        def f(self):\n"
      "            return lambda: 1\nA.B.__qualname__, A.B.f.__qualname__, A.B().f().__qualname__"),
    C("a generic class", "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n"
      "    item: T\nBox[int].__args__"),
    C("a type alias", "Vector = list[float]\nVectors = dict[str, Vector]\ndef f(v: Vectors) -> Vector:\n"
      "    return v['a']\nf.__annotations__"),
    C("slots and a class variable of the same cell", "names = ('a', 'b')\nclass K:\n"
      "    __slots__ = names\nk = K()\nk.a = 1\nk.c = 2"),
    C("an exception class of the cell", "class Oops(ValueError):\n    def __str__(self):\n"
      "        return f'oops {level}'\nlevel = 3\nraise Oops('ignored')"),
    C("a function defined after a print that it replaces", "print('real')\ndef print(*a):\n"
      "    shown.append(a)\nprint('caught')\nshown", setup="shown = []"),
    C("an import after a print", "print('one')\nimport proof_loud\nprint('two')\nproof_loud.volume"),
    C("subclass of a class changed by the cell", "Base.rate = 5\nclass K(Base):\n    rate2 = 1\nK.rate",
      setup="class Base:\n    rate = 1"),
    C("a property of the class body read from the base", "Base.rate = 5\nclass K(Base):\n"
      "    fixed = Base.rate\nK.fixed", setup="class Base:\n    rate = 1"),
    C("a default read through an attribute", "box.v = 2\ndef f(v=box.v):\n    return v\nbox.v = 3\nf()",
      setup="class Box:\n    v = 1\nbox = Box()"),
    C("a default read from a list that changes", "data.append(2)\ndef f(v=data[-1]):\n    return v\nf()",
      setup="data = [1]"),
    C("a default read from a list that a method changes", "k.grow()\ndef f(v=data[-1], n=-data[0]):\n"
      "    return v, n\nf()",
      setup="data = [1]\nclass K:\n    def grow(self):\n        data.append(7)\nk = K()"),
    C("a default that compares objects with effects", "print('a')\ndef f(v=loud == loud):\n    return v\n"
      "print('b')", setup="class Loud:\n    def __eq__(self, o):\n        print('eq')\n"
      "        return True\nloud = Loud()"),
    C("a base taken from an item", "bases = [dict]\nclass K(bases[0]):\n    pass\nbases[0] = list\n"
      "issubclass(K, dict)"),
    C("a library decorator on a function whose default fails", "import functools\nx = 1\n"
      "@functools.lru_cache\ndef f(v=1 / zero):\n    return v\ny = 2", setup="zero = 0"),
)
