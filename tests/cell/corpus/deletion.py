"""Names that are deleted, and what is read of them afterwards."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

CELLS = (
    C("del of an outer name", "del x", setup="x = 1", after="x"),
    C("del of a name of the cell", "x = 1\ny = x\ndel x\ny", after="x"),
    C("reading after del", "x = 1\ndel x\ny = 2\nx"),
    C("reading an outer name after del", "y = x\ndel x\nprint(y)\nx", setup="x = 1"),
    C("del of a missing name", "y = 1\ndel missing\nz = 2"),
    C("del twice", "del x\ndel x", setup="x = 1"),
    C("del then assigned again", "del x\nx = 2\nx", setup="x = 1"),
    C("del of several names, one missing", "del a, missing, b", setup="a = b = 1"),
    C("del in brackets", "del (a, [b, c])", setup="a = b = c = 1", after="c"),
    C("del of an item, a slice and an attribute",
      "del box[0], box[1:], thing.size\nbox, hasattr(thing, 'size')",
      setup="box = [1, 2, 3]\nclass Thing: pass\nthing = Thing(); thing.size = 1"),
    C("del of a missing item", "a = 1\ndel table['nope']\nb = 2", setup="table = {}"),
    C("del in a branch that is taken", "if flag:\n    del x\nx", setup="flag = x = 1"),
    C("del in a branch that is not taken", "if not flag:\n    del x\nx", setup="flag = x = 1"),
    C("del in a loop, assigned at its start",
      "for i in range(3):\n    row = [i]\n    del row", after="row"),
    C("del of the loop variable", "for i in range(3):\n    pass\ndel i", after="i"),
    C("del of the loop variable in the loop, then an error",
      "for i in range(3):\n    del i\nprint(i)"),
    C("del in try, read in finally", "x = 1\ntry:\n    del x\nfinally:\n    y = 'x' in globals()\ny"),
    C("del in try that fails", "try:\n    del missing\nexcept NameError as e:\n    why = str(e)\nwhy"),
    C("del then an error", "del x\n1 / 0", setup="x = 1", after="x"),
    C("assigned, deleted, then an error", "x = 1\ndel x\n1 / 0\nx = 2", after="x"),
    C("del lets a built-in appear again", "len = 3\ndel len\nlen('abc')"),
    C("del of a built-in's name that is not shadowed", "a = 1\ndel len\nb = 2"),
    C("del runs a finaliser at once", "del x\nprint('after')",
      setup="class Loud:\n    def __del__(self):\n        print('gone')\nx = Loud()"),
    C("del of a name of the cell runs a finaliser at once", "y = Loud()\nprint('made')\ndel y\n"
      "print('after')", setup="class Loud:\n    def __del__(self):\n        print('gone')"),
    C("rebinding runs a finaliser at once", "x = 0\nprint('after')",
      setup="class Loud:\n    def __del__(self):\n        print('gone')\nx = Loud()"),
    C("the last use frees nothing early", "x.name\nprint('still here')\nx = None\nprint('after')",
      setup="class Loud:\n    name = 'x'\n    def __del__(self):\n        print('gone')\nx = Loud()"),
    C("del of a function and of a class of the cell", "def f():\n    return 1\nclass K:\n    pass\n"
      "v = f(), K()\ndel f, K", after="f()"),
    C("del of an imported module", "import math\nr = math.sqrt(4)\ndel math\nr", after="math"),
    C("del through a helper", "drop()\n'x' in globals()",
      setup="x = 1\ndef drop():\n    global x\n    del x"),
    C("del through a helper, then read", "y = x\ndrop()\nx",
      setup="x = 1\ndef drop():\n    global x\n    del x"),
    C("del of a name that a helper reads", "del x\nshow()",
      setup="x = 1\ndef show():\n    return x"),
    C("del in a function with global", "def drop():\n    global x\n    del x\ndrop()\nx",
      setup="x = 1"),
    C("del while a lambda waits", "f = lambda: x\ndel x\nf()", setup="x = 1"),
    C("assigned, deleted and assigned in a loop",
      "for i in range(2):\n    t = i\n    del t\n    t = i * 10\nt"),
    C("a deleted name in a comprehension", "del x\n[x for _ in range(1)]", setup="x = 1"),
    C("a deleted name as a comprehension's own variable", "del x\n[x for x in range(3)]",
      setup="x = 1"),
    C("a deleted name is passed to a function", "x = 1\ndel x\nprint(x, 'never')"),
    C("a deleted name with is None", "x = None\ndel x\nx is None"),
    C("a deleted name is augmented", "x = 1\ndel x\nx += 1"),
    C("a deleted name is the last expression's value", "x = 5\ny = x\ndel x\ny"),
)
