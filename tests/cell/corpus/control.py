"""Blocks: with, try, loops and match."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

CELLS = (
    C("with and as", "import io\nwith io.StringIO('text') as f:\n    got = f.read()\ngot, f.closed"),
    C("with several managers", "import contextlib as c\nwith c.nullcontext(1) as a, "
      "c.nullcontext(2) as b:\n    s = a + b\ns"),
    C("with in brackets", "import contextlib as c\nwith (\n    c.nullcontext(1) as a,\n"
      "    c.nullcontext(a + 1) as b,\n):\n    s = a + b\ns"),
    C("with as a tuple", "import contextlib as c\nwith c.nullcontext((1, [2, 3])) as (a, [b, *d]):\n"
      "    s = a + b\nd"),
    C("with as an item and an attribute", "import contextlib as c\nwith c.nullcontext(1) as box[0]:\n"
      "    pass\nbox", setup="box = [0]"),
    C("with that suppresses an error", "import contextlib\nwith contextlib.suppress(KeyError):\n"
      "    a = 1\n    {}['x']\n    b = 2\na", after="b"),
    C("with that suppresses an error, the name read", "import contextlib\n"
      "with contextlib.suppress(KeyError):\n    {}['x']\n    b = 2\nc = 3\nb"),
    C("with that suppresses an error, an outer name kept", "import contextlib\n"
      "with contextlib.suppress(KeyError):\n    {}['x']\n    b = 2\nb", setup="b = 'outer'"),
    C("with that suppresses in its second manager", "import contextlib as c\n"
      "with c.suppress(ZeroDivisionError), c.nullcontext(1 / 0) as h:\n    pass\nprint('on')\nh"),
    C("with whose exit fails", "a = 1\nwith Bad() as b:\n    c = 2\nd = 3",
      setup="class Bad:\n    def __enter__(self):\n        return 'in'\n"
      "    def __exit__(self, *e):\n        raise OSError('exit')"),
    C("with an object that is no manager", "a = 1\nwith 5 as b:\n    pass"),
    C("try and except", "try:\n    1 / 0\nexcept ZeroDivisionError:\n    r = 'caught'\nr"),
    C("try, except, else and finally", "out = []\nfor v in (1, 0):\n    try:\n        r = 1 / v\n"
      "    except ZeroDivisionError as e:\n        out.append(str(e))\n    else:\n"
      "        out.append(r)\n    finally:\n        out.append('finally')\nout"),
    C("except as e is unbound after", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    kept = e\nprint(type(kept).__name__)\ne"),
    C("except as e unbinds an outer name", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    pass", setup="e = 2.718", after="e"),
    C("except as e without an error keeps an outer name", "try:\n    pass\nexcept ValueError as e:\n"
      "    pass\ne", setup="e = 2.718"),
    C("except as e is assigned inside", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    e = 'mine'\nprint('still')\ne"),
    C("except as e is deleted inside", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    del e\nprint('still')\n'e' in globals()"),
    C("except as e in a loop", "seen = []\nfor v in (0, 'x'):\n    try:\n        1 / v\n"
      "    except (ZeroDivisionError, TypeError) as e:\n        seen.append(type(e))\nseen"),
    C("except as e with a lambda", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    f = lambda: e\n    print(f())\nf()"),
    C("error inside an except handler", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    a = 1\n    raise KeyError('second')\nb = 2"),
    C("error that no handler takes", "a = 1\ntry:\n    b = 2\n    [][1]\n    c = 3\nexcept KeyError:\n"
      "    d = 4\nfinally:\n    f = 5\ng = 6"),
    C("error in an except clause's type", "try:\n    1 / 0\nexcept missing:\n    pass"),
    C("finally after an assignment that fails", "try:\n    x = 1\n    y = 1 / 0\nfinally:\n"
      "    z = x", setup="x = 'old'"),
    C("finally reads a name that is not there", "try:\n    v = 1 / 0\nfinally:\n    print(v)"),
    C("nested try", "try:\n    try:\n        {}['k']\n    finally:\n        a = 'inner'\n"
      "except KeyError:\n    b = a + ' outer'\nb"),
    C("names assigned in try only partly", "try:\n    a = 1\n    b = int('x')\n    c = 3\n"
      "except ValueError:\n    pass\nprint(a)\nprint(b)"),
    C("raise from", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
      "    raise ValueError('wrapped') from e"),
    C("raise from None", "try:\n    1 / 0\nexcept ZeroDivisionError:\n"
      "    raise ValueError('plain') from None"),
    C("bare raise", "try:\n    1 / 0\nexcept ZeroDivisionError:\n    a = 1\n    raise"),
    C("bare raise without an error", "a = 1\nraise"),
    C("exception groups", "try:\n    raise ExceptionGroup('g', [ValueError(1), KeyError('k')])\n"
      "except* ValueError as g:\n    a = g.exceptions\nexcept* KeyError as g:\n    b = g.exceptions\na, b",
      after="g"),
    C("exception with a note", "e = ValueError('v')\ne.add_note('a note')\nraise e"),
    C("the exception caught is a value later", "try:\n    fail()\nexcept Exception as e:\n"
      "    kept = e\nkept.args", setup="def fail():\n    raise KeyError('k', 1)"),
    C("for and else", "for i in range(3):\n    if i == 5:\n        break\nelse:\n    r = 'no break'\nr, i"),
    C("for and else with a break", "for i in range(3):\n    if i == 1:\n        break\nelse:\n"
      "    r = 'no break'\ni", after="r"),
    C("for over nothing leaves the variable alone", "for i in []:\n    pass\ni", setup="i = 'outer'"),
    C("for over nothing leaves the variable missing", "for i in []:\n    last = i\nprint('x')\ni"),
    C("for with unpacking", "total = 0\nfor k, (a, b) in {'x': (1, 2), 'y': (3, 4)}.items():\n"
      "    total += a * b\nk, a, b, total"),
    C("for target is an item and an attribute", "for box[0] in range(3):\n    pass\nfor t.v in 'ab':\n"
      "    pass\nbox, t.v", setup="box = [None]\nclass T: pass\nt = T()"),
    C("for changes what it iterates over", "for v in data:\n    if len(data) < 5:\n"
      "        data.append(v + 1)\ndata", setup="data = [1]"),
    C("for evaluates the iterable once", "n = 3\nfor i in range(n):\n    n = 1\ni, n"),
    C("for over an outer iterator continues it", "for v in it:\n    if v == 2:\n        break\nv, list(it)",
      setup="it = iter(range(6))"),
    C("error inside a loop keeps what was assigned", "for i in range(5):\n    last = i\n    1 / (3 - i)"),
    C("while with break and continue", "n = 0\nodd = []\nwhile True:\n    n += 1\n    if n > 7:\n"
      "        break\n    if n % 2 == 0:\n        continue\n    odd.append(n)\nelse:\n"
      "    never = 1\nodd, n"),
    C("while and else", "n = 3\nwhile n:\n    n -= 1\nelse:\n    r = 'done'\nr"),
    C("while whose condition writes through a helper", "while step() < 4:\n    seen = n\nseen, n",
      setup="n = 0\ndef step():\n    global n\n    n += 1\n    return n"),
    C("nested loops with names that start inside", "for i in range(2):\n    for j in range(2):\n"
      "        if (i, j) == (1, 0):\n            break\n        cell_value = i * 10 + j\ni, j, cell_value"),
    C("continue inside try and finally", "out = []\nfor i in range(3):\n    try:\n        if i == 1:\n"
      "            continue\n        out.append(i)\n    finally:\n        out.append('f')\nout"),
    C("if, elif, else", "if x > 10:\n    kind = 'large'\nelif (half := x / 2) > 2:\n    kind = 'middle'\n"
      "else:\n    kind = 'small'\nkind, half", setup="x = 6"),
    C("conditional expression over several lines", "v = (\n    1 / 0\n    if flag\n    else 'fine'\n)\nv",
      setup="flag = False"),
    C("match on values", "match point:\n    case (0, 0):\n        where = 'origin'\n    case (x, 0):\n"
      "        where = f'on x at {x}'\n    case _:\n        where = 'elsewhere'\nwhere, x",
      setup="point = (3, 0)"),
    C("match that fails in the middle", "match (1, 2):\n    case (a, 3):\n        pass\n"
      "    case (b, c) if c > 5:\n        pass\n    case {'k': d}:\n        pass\nb, c", after="a"),
    C("match on a mapping with rest", "match {'op': 'add', 'v': 1, 'w': 2}:\n"
      "    case {'op': 'add', **rest}:\n        r = rest\nr"),
    C("match on a class and with as", "class P:\n    __match_args__ = ('x', 'y')\n"
      "    def __init__(self, x, y):\n        self.x, self.y = x, y\nmatch [P(1, 2), 'tail']:\n"
      "    case [P(x, y=yy) as p, *others]:\n        r = x + yy\nr, others, p.x"),
    C("match with alternatives and a guard", "match x:\n    case 1 | 2 as small if flag:\n"
      "        r = small\n    case int(n):\n        r = -n\nr, small", setup="x, flag = 2, False"),
    C("match that takes nothing", "match 5:\n    case str():\n        r = 1\nprint('after')\nr"),
    C("match against a dotted name", "match 404:\n    case Code.missing:\n        r = 'missing'\nr",
      setup="class Code:\n    missing = 404"),
    C("soft keywords as names", "match = 1\ncase = 2\ntype = 3\n_ = 4\nmatch + case + type + _"),
    C("assert that holds and one that fails", "assert True\na = 1\nassert a == 2, f'a is {a}'\nb = 2"),
    C("assert without a message", "assert 1 == 2"),
    C("a pass-only block", "for _ in range(2):\n    pass\nif 1:\n    ...\nwhile 0: pass"),
    C("a return value of StopIteration at the top", "it = iter([])\nnext(it)"),
    C("SystemExit", "a = 1\nprint('before')\nimport sys\nsys.exit(3)\nb = 2"),
    C("SystemExit raised", "a = 1\nraise SystemExit('text')\nb = 2"),
    C("KeyboardInterrupt", "a = 1\nraise KeyboardInterrupt\nb = 2"),
    C("a BaseException of the cell", "class Stop(BaseException):\n    pass\na = 1\nraise Stop('x')\nb = 2"),
    C("raising what is no exception", "a = 1\nraise 'text'"),
    C("recursion without end", "def f():\n    return f()\ntry:\n    f()\nexcept RecursionError as e:\n"
      "    kind = type(e)\nkind"),
    C("traceback.extract_stack lines", "import traceback\n\nwhere = traceback.extract_stack()[-1].line\n"
      "where"),
    C("warnings raised by the cell", "import warnings\na = 1\nwarnings.warn('careful')\n\n"
      "warnings.warn('old', DeprecationWarning)\nb = 2"),
    C("warnings raised through a helper", "\ncareful()\na = 1", setup="import warnings\ndef careful():\n"
      "    warnings.warn('look at the caller', stacklevel=2)"),
    C("warnings turned into errors", "import warnings\na = 1\nwith warnings.catch_warnings():\n"
      "    warnings.simplefilter('error')\n    warnings.warn('now an error')\nb = 2"),
    C("the current exception is seen by sys", "import sys\ntry:\n    1 / 0\nexcept Exception:\n"
      "    kind = sys.exc_info()[0]\nkind, sys.exc_info()"),
)
