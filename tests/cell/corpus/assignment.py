"""Names that are assigned: augmented, annotated, unpacked, shadowing, perhaps not at all."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# fmt: off - a cell stays together; the formatter would give each of its parts a line

CELLS = (
    C("augmented assignment to an outer name", "x += 1", setup="x = 1"),
    C(
        "augmented assignment in a loop",
        "for i in range(4):\n    total += i\ntotal",
        setup="total = 10",
    ),
    C("augmented assignment to a missing name", "y = 1\nmissing += 1\nz = 2"),
    C("augmented assignment mutates a shared list", "a += [3]\nb", setup="a = [1]\nb = a"),
    C("augmented assignment to an item", "table['n'] += 2\ntable", setup="table = {'n': 1}"),
    C(
        "augmented assignment to an attribute",
        "thing.size *= 3\nthing.size",
        setup="class Thing:\n    size = 2\nthing = Thing()",
    ),
    C(
        "augmented assignment to a tuple's item fails after the change",
        "pair[0] += [2]",
        setup="pair = ([1], 0)",
    ),
    C(
        "every augmented operator",
        """\
a += 1; b -= 1; c *= 2; d /= 2; e //= 2; f %= 3; g **= 2; h >>= 1; i <<= 1; j &= 3; k |= 4; l ^= 1
""",
        setup="a = b = c = d = e = f = g = h = i = j = k = l = 7",
    ),
    C("augmented assignment then an error", "x += 1\nx += 1\nx / 0\nx += 1", setup="x = 1"),
    C("chained assignment is one object", "a = b = c = []\na.append(1)\nb is c, c"),
    C(
        "chained assignment to different targets",
        "a = box[0] = b = len(box)\nbox",
        setup="box = [5, 6]",
    ),
    C("tuple assignment and swap", "a, b = b, a\n(a, b)", setup="a, b = 1, 2"),
    C("starred target", "first, *middle, last = range(6)\nmiddle"),
    C("nested starred target", "(a, *b), [c, *d] = [(1, 2, 3), 'xyz']\na, b, c, d"),
    C(
        "starred target in for",
        "rows = []\nfor head, *tail in ([1, 2], [3, 4, 5]):\n    rows += [(head, tail)]",
    ),
    C(
        "star unpacking in displays",
        "[*a, *b], {**m, 'k': 2}, (*a, 0), {*a}\n",
        setup="a, b, m = [1], [2], {'j': 1}",
    ),
    C("too many values to unpack", "ok = 1\na, b = [1, 2, 3]\nnever = 1"),
    C("too few values to unpack", "ok = 1\na, b, *c = [1]\nnever = 1"),
    C("unpacking what cannot be iterated", "a, b = 5"),
    C(
        "unpacking assigns the first targets before the error",
        "a, box['x'].y, b = 1, 2, 3",
        setup="box = {'x': 0}\na = b = None",
    ),
    C("annotated assignment with a value", "x: int = 3\ny: 'list[int]' = [x]\ny"),
    C("annotated name without a value", "x: int\ny: float\nx = 1"),
    C("annotated outer name without a value", "x: int\nx + 1", setup="x = 41"),
    C(
        "annotated outer name is read after and written before",
        "x: int\nx = x + 1\nx: float = x / 2",
        setup="x = 41",
    ),
    C("annotation is evaluated", "x: print('annotated') = print('assigned')\nx"),
    C("annotation that does not exist", "a = 1\nx: Missing = 2\nb = 3"),
    C("annotation that does not exist, without a value", "a = 1\nx: Missing\nb = 3"),
    C(
        "annotated item and attribute",
        "box[0]: int = 4\nthing.size: int = 5\nbox, thing.size",
        setup="box = [0]\nclass Thing: pass\nthing = Thing()",
    ),
    C("annotated name in brackets", "(x): int = 4\nx"),
    C("annotation with a walrus", "x: (T := int) = 4\nT"),
    C("walrus in an expression statement", "(n := 10)\nn"),
    C(
        "walrus in a condition",
        "if (n := len(data)) > 2:\n    note = f'{n} items'\nn, note",
        setup="data = [1, 2, 3]",
    ),
    C(
        "walrus in while",
        "seen = []\nwhile (x := next(it, None)) is not None:\n    seen.append(x)",
        setup="it = iter([1, 2, 3])",
    ),
    C(
        "walrus in a comprehension",
        "out = [y := f(x), y ** 2] + [last := v for v in range(3)]\nlast",
        setup="x = 3\nf = lambda v: v + 1",
    ),
    C(
        "walrus in a comprehension's condition",
        "kept = [h for w in words if (h := len(w)) > 2]\nh",
        setup="words = ['a', 'abc', 'abcd']",
    ),
    C("walrus in an empty comprehension", "[z := v for v in []]\n'z' in dir()"),
    C(
        "walrus in a comprehension changes an outer name",
        "[total := total + v for v in (1, 2, 3)]",
        setup="total = 0",
    ),
    C("walrus behind and that is not reached", "flag = False and (w := 1)\nw"),
    C("walrus behind or that is not reached", "flag = True or (w := 1)\nflag", after="w"),
    C("walrus in a chained comparison that stops early", "ok = 2 < 1 < (w := 5)\nok", after="w"),
    C(
        "walrus in a chained comparison keeps the old value",
        "ok = 2 < 1 < (w := 5)\nw",
        setup="w = 'old'",
    ),
    C("walrus in a lambda is its own", "f = lambda: (inner := 3)\nf()", after="inner"),
    C("walrus in a call's argument", "print(n := 3, n + 1)\nn"),
    C("walrus in an assert's message", "assert True, (why := 'never evaluated')\n1", after="why"),
    C(
        "walrus in a conditional expression",
        "v = (p := 1) if flag else (q := 2)\nv",
        setup="flag = False",
        after="p",
    ),
    C(
        "walrus in a subscript and a slice",
        "row[(i := 1)], row[(a := 0):(b := 2)], i, a, b",
        setup="row = [10, 20, 30]",
    ),
    C("conditionally defined, not taken", "if False:\n    maybe = 1\nprint('before')\nmaybe"),
    C(
        "conditionally defined, taken",
        "if flag:\n    maybe = 1\nelse:\n    other = 2\nmaybe",
        setup="flag = True",
    ),
    C(
        "conditionally overwritten, not taken",
        "if flag:\n    x = 'new'\nx",
        setup="flag, x = False, 'old'",
    ),
    C(
        "conditionally defined and never read",
        "if flag:\n    maybe = 1",
        setup="flag = False",
        after="maybe",
    ),
    C("a name that does not exist", "first = 1\nprint('shown')\nsecond = frist + 1\nthird = 3"),
    C(
        "a missing name in a nested expression",
        "a = 1\nb = [\n    a,\n    missing,\n    a,\n]\nc = 2",
    ),
    C("a missing name in a call across lines", "total = sum(\n    [1, 2],\n    start=missing,\n)"),
    C("a missing name as a function", "compute(1, 2)"),
    C("read before it is assigned below", "b = a\na = 1"),
    C(
        "read before it is assigned in a loop",
        "for i in range(2):\n    if i:\n        print(late)\n    late = i",
    ),
    C(
        "read before it is assigned in a loop, missing",
        "for i in range(2):\n    print(i)\n    print(late)\n    late = i",
    ),
    C("a list named list", "list = [1, 2]\nlist.append(3)\nlist"),
    C("a builtin is read and then shadowed", "n = len([1, 2])\nlen = n + 1\nlen"),
    C(
        "a builtin is called, shadowed and deleted",
        "a = max(1, 2)\nmax = 'mine'\nb = max\ndel max\nmax(3, 4), a, b",
    ),
    C(
        "a builtin is shadowed in a branch that is not taken",
        "if flag:\n    sum = 3\nsum([1, 2])",
        setup="flag = False",
    ),
    C(
        "a builtin is shadowed in a loop after use",
        "out = []\nfor i in range(2):\n    out.append(str(i))\nstr = 'text'\nstr + out[0]",
    ),
    C(
        "a shadowed builtin that consumes lazily",
        "g = sum(x for x in data)\ndata = [5]\nlist_(g)",
        setup="def sum(items):\n    return items\nlist_ = list\ndata = [1, 2]\nx = 0",
    ),
    C(
        "a shadowed builtin whose generator reads a name changed later",
        "g = any(factor * v for v in [1, 2])\nfactor = 100\n[*g]",
        setup="any = lambda items: items\nfactor = 1",
    ),
    C("print is shadowed", "print = shown.append\nprint('kept')\nshown", setup="shown = []"),
    C("chained comparison", "1 < x < 10 < x * 3, x == 5 == 5.0 != 6", setup="x = 5"),
    C(
        "names that the machinery might use itself",
        "cell = 1\n_dlmagic_missing = 2\n__dlm_last__ = 3\nMISSING = 4\nreturned = cell + MISSING\n"
        "del cell\nreturned",
    ),
    C("a name called cell is read", "cell + 1\n", setup="cell = 1"),
    C(
        "many names",
        "\n".join(f"n{i} = n{i} + {i}" for i in range(300)),
        setup="\n".join(f"n{i} = 0" for i in range(300)),
    ),
    C("assignment as the last statement shows nothing", "x = 5"),
    C("an unchanged value stays the same object", "y = x\ny is x", setup="x = object()"),
    C("a value replaced by an equal one", "x = list(x)\nx is old", setup="x = old = [1]"),
    C("global constants stay", "__name__, __doc__, __debug__"),
    C("writing a dunder name of the notebook", "__doc__ = 'mine'\n__version__ = '1'\n__doc__"),
    C("None as last value shows nothing", "None"),
    C("the value of an assignment expression is shown", "(x := 5)"),
    C("an error in the right-hand side leaves the name", "x = 1 / 0", setup="x = 'old'"),
    C("an error in a subscript target", "a = box[3] = 1", setup="box = []\na = 'old'"),
    C(
        "evaluation order of targets",
        "def at(name, v):\n    print(name)\n    return v\n"
        "at('box', box)[at('index', 0)] = at('value', 9)",
        setup="box = [0]",
    ),
    C(
        "evaluation order of an augmented target",
        "def at(name, v):\n    print(name)\n    return v\n"
        "at('box', box)[at('index', 0)] += at('value', 9)",
        setup="box = [0]",
    ),
)
