"""Imports of every form."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

CELLS = (
    C("import", "import math\nmath.sqrt(16)"),
    C("an import and a statement on one line", "import math; y = math.floor(2.5)\ny + 1"),
    C("a statement, an import and a statement on one line", "x = 1; import json; y = 2\nx + y"),
    C("a statement and an import on one line", "y = 1; import json\ny"),
    C("a definition and a statement on one line of an earlier block",
      "def f(): return k\nk = 2; import math; r = f() + math.floor(1.5)\nr"),
    C("import as", "import math as m\nm.floor(2.5)"),
    C("import a.b.c", "import proof_package.branch.leaf\nproof_package.branch.leaf.colour"),
    C("import a.b.c as", "import proof_package.branch.leaf as leaf\nleaf.colour"),
    C("import a.b after a value of the name", "v = os\nimport os.path\nv, os.path.sep", setup="os = 'mine'"),
    C("import several", "import math, json as j, os.path\nj.dumps(math.floor(1.5)), os.sep"),
    C("from import", "from math import pi, floor as down\ndown(pi)"),
    C("from import in brackets", "from math import (\n    pi,\n    tau as turn,\n)\nturn / pi"),
    C("from a package import a module", "from proof_package.branch import leaf, twig\nleaf.colour, twig"),
    C("star import in the first line", "from proof_star import *\nalpha, shout('x')", after="hidden"),
    C("star import in the middle", "x = 1\nfrom proof_star import *\nalpha, beta, x"),
    C("star import overrides a name of the cell", "alpha = 'mine'\nbefore = alpha\n"
      "from proof_star import *\nbefore, alpha"),
    C("star import is overridden by the cell", "from proof_star import *\nalpha = alpha + '!'\nalpha"),
    C("star import overrides an outer name", "a = alpha\nfrom proof_star import *\na, alpha",
      setup="alpha = 'outer'"),
    C("star import in the first line overrides an outer name", "from proof_star import *\n"
      "alpha += '!'\nalpha", setup="alpha = 'outer'"),
    C("star import in a block", "if flag:\n    from proof_star import *\nalpha", setup="flag = True"),
    C("star import overrides a builtin", "from posixpath import *\nabspath('/a/../b')"),
    C("star import then an error", "x = 1\nfrom proof_star import *\n1 / 0\nbeta = 2"),
    C("star import of a missing module", "x = 1\nfrom nowhere_to_be_found import *\ny = 2"),
    C("two star imports", "from math import *\nfrom proof_star import *\nfloor(pi), alpha"),
    C("import inside try", "try:\n    import nowhere_to_be_found as n\nexcept ImportError:\n"
      "    n = None\nn"),
    C("import inside try that works", "try:\n    import json as n\nexcept ImportError:\n    n = None\n"
      "n.dumps(1)"),
    C("import inside a condition", "if flag:\n    import json\nelse:\n    json = None\njson is not None",
      setup="flag = True"),
    C("import inside a condition that is not taken", "if flag:\n    import decimal as dec\ndec",
      setup="flag = False"),
    C("import inside a function", "def f():\n    import math\n    return math.pi\nf()", after="math"),
    C("import inside a function with global", "def f():\n    global frac\n    import fractions as frac\n"
      "f()\nfrac.Fraction(1, 2)"),
    C("import inside a loop", "for name in ('a', 'b'):\n    import string\n    name = string.digits\nname"),
    C("import inside a class body", "class K:\n    import math\n    r = math.floor(1.5)\nK.r", after="math"),
    C("import of a module with effects, in order", "print('one')\nimport proof_loud\nprint('two')\n"
      "from proof_loud import volume\nvolume"),
    C("import of a module with effects, at the top", "import proof_loud\nprint('two')"),
    C("import of a module that fails after output", "print('one')\nimport proof_broken"),
    C("import under a name of the cell", "math = 'text'\na = math\nimport math\na, math.pi"),
    C("import then the name is assigned", "import math\nr = math.pi\nmath = 5\nr, math"),
    C("import between two uses of a name", "a = json\nimport json\na, json.__name__", setup="json = 'mine'"),
    C("importlib", "import importlib\nm = importlib.import_module('proof_package.branch.leaf')\nm.colour"),
    C("import twice is one module", "import proof_star as a\nimport proof_star as b\na is b"),
    C("changing sys.path before an import", "import sys\nsys.path.insert(0, where)\nimport proof_hidden\n"
      "proof_hidden.v", setup="import os, proof_star\n"
      "where = os.path.join(os.path.dirname(proof_star.__file__), 'deeper')"),
    C("import after a reload", "import proof_star\nproof_star.alpha = 'changed'\nimport importlib\n"
      "importlib.reload(proof_star)\nproof_star.alpha"),
    C("a module attribute is changed before it is imported", "proof_star.alpha = 'changed'\n"
      "from proof_star import alpha\nalpha", setup="import proof_star"),
    C("a module attribute is changed after it is imported", "from proof_star import alpha\n"
      "proof_star.alpha = 'changed'\nalpha", setup="import proof_star"),
    C("a module is taken out of sys.modules", "import sys\ndel sys.modules['proof_star']\n"
      "import proof_star as again\nagain is proof_star", setup="import proof_star"),
    C("future annotations", "from __future__ import annotations\ndef f(v: Missing) -> Also.Missing:\n"
      "    return v\nf.__annotations__"),
    C("future annotations with an annotated assignment", "from __future__ import annotations\n"
      "x: Missing = 1\nx"),
    C("future import after a docstring and a comment", "'''doc'''\n# comment\n"
      "from __future__ import annotations\nx: Nope = 1\nx"),
    C("future division and generator_stop", "from __future__ import division, generator_stop\n1 / 2"),
    C("relative import", "a = 1\nfrom . import sibling\nb = 2"),
    C("import of the current directory's modules", "from proof_package import branch\n"
      "import proof_package as p\np.branch is branch"),
    C("typing only import", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
      "    import nowhere_to_be_found\nx = 1"),
)
