"""IPython's own syntax, the shell's names, and code that reaches names by text."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# fmt: off - a cell stays together; the formatter would give each of its parts a line

CELLS = (
    C("a line magic that assigns", "%time x = 1\nx + 1"),
    C("a line magic around an expression", "a = 2\nv = %time a ** 2\nv"),
    C("a line magic inside a block", "for i in range(2):\n    %time y = i\ny"),
    C("precision", "import math\n%precision 3\nmath.pi"),
    C("a shell line", "!echo hi"),
    C("a shell line that assigns", "x = !echo one; echo two\nx"),
    C("a shell line with a name of the cell", "word = 'said'\nx = !echo {word} $word\nlist(x)"),
    C(
        "a shell line inside a block",
        "out = []\nif True:\n    got = !echo inside\n    out += got\nout",
    ),
    C("a line magic that does not exist", "a = 1\n%no_such_magic here\nb = 2"),
    C("a cell magic inside", "%%time\nx = 1\ny = x + 1"),
    C(
        "a capturing cell magic inside",
        "%%capture got\nprint('caught')\nx = 1",
        after="x, got.stdout",
    ),
    C(
        "env and other line magics",
        "%env PROOF_OF_CELL=1\nimport os\nos.environ.pop('PROOF_OF_CELL')",
    ),
    C("pwd as a value", "here = %pwd\nimport os\nhere == os.getcwd()"),
    C("an error after a line magic", "%time x = 1\n\ny = x / 0\nz = 1"),
    C("an error inside a line magic", "a = 1\n%time b = a / 0\nc = 1"),
    C("a semicolon at the end hides the value", "x = 5\nx;"),
    C("a semicolon and a comment", "x = 5\nx; # quiet"),
    C("a semicolon in a string does not hide", "'a;'"),
    C("a semicolon in a comment does not hide", "x = 5\nx # not quiet;"),
    C("a semicolon on an earlier line does not hide", "x = 5;\nx"),
    C("statements on one line", "a = 1; b = 2; print(a); c = a + b; c"),
    C("a semicolon after a call that prints", "print('shown');"),
    C("two values, the last one is shown", "1 + 1\n2 + 2\n3 + 3"),
    C("a value inside a block is not shown", "if True:\n    5\nfor i in range(2):\n    i"),
    C("the last statement is a block", "5\nif True:\n    x = 6"),
    C("the last expression over several lines", "sum([\n    1,\n    2,\n])"),
    C("the last expression is a string over lines", "x = 1\n'''a\n  b\n'''"),
    C("the last value is a tuple without brackets", "1, 2"),
    C("the last expression is a conditional", "x = 3\n'odd' if x % 2 else 'even'"),
    C(
        "the last expression yields an object with a rich display",
        "K()",
        setup="class K:\n"
        "    def _repr_html_(self):\n        return '<b>k</b>'\n    def __repr__(self):\n        return 'k'",
    ),
    C("_ and Out from earlier cells", "v = _\nw = Out[1]\nv, w", setup="6 * 7"),
    C("_ is assigned in a loop", "for _ in range(3):\n    pass\n_", setup="6 * 7", after="1 + 1"),
    C("_ is unpacked into", "a, _ = 1, 2\n_", after="_"),
    C("In holds the cells", "len(In) > 1", setup="1"),
    C("display from IPython", "from IPython.display import display\ndisplay({'a': 1})\nx = 1"),
    C("get_ipython", "get_ipython().user_ns['made'] = 5\nmade + 1"),
    C("get_ipython().run_cell", "x = 1\nget_ipython().run_cell('x += 5; y = x')\nx, y"),
    C("exec that writes", "x = 1\nexec('x = x + 1; y = 10')\nx, y"),
    C("exec with its own namespace", "ns = {}\nexec('x = 5', ns)\n'x' in globals(), ns['x']"),
    C("exec of code that fails", "a = 1\nexec('b = 2\\nc = 1 / 0')\nd = 4"),
    C("exec of a syntax error", "a = 1\nexec('b = = 2')"),
    C("exec defines a function", "exec('def f():\\n    return k')\nk = 3\nf()", after="k = 4\nf()"),
    C("eval", "x = 20\neval('x + 1')"),
    C(
        "eval of a name that the cell writes later",
        "v = eval('x')\nx = 2\nv, eval('x')",
        setup="x = 1",
    ),
    C("eval under another name", "ev = eval\nx = 2\nev('x')", setup="x = 1"),
    C("eval from builtins", "import builtins\nx = 2\nbuiltins.eval('x')", setup="x = 1"),
    C(
        "eval by getattr",
        "import builtins\nx = 2\ngetattr(builtins, 'ev' + 'al')('x')",
        setup="x = 1",
    ),
    C("eval through map", "x = 2\nlist(map(eval, ['x', 'x + 1']))", setup="x = 1"),
    C("globals read", "x = 2\nglobals()['x']", setup="x = 1"),
    C("globals written", "globals()['x'] = 5\nx", setup="x = 1"),
    C("globals written, a new name", "globals()['fresh'] = 5\nfresh"),
    C("globals is the notebook's namespace", "globals() is g", setup="g = globals()"),
    C("globals().update", "globals().update(a=1, b=2)\na + b"),
    C("locals are globals", "x = 1\nlocals() is globals(), locals()['x']"),
    C("vars and dir without arguments", "x = 1\n'x' in vars(), 'x' in dir(), 'y' in dir()"),
    C("vars of an object", "k.v = 1\nvars(k)", setup="class K: pass\nk = K()"),
    C("the notebook's module by import", "import __main__\nx = 2\n__main__.x", setup="x = 1"),
    C(
        "the notebook's module by sys.modules",
        "import sys\nx = 2\nsys.modules['__main__'].x",
        setup="x = 1",
    ),
    C(
        "the notebook's module changed",
        "import sys\nsetattr(sys.modules['__main__'], 'x', 5)\nx",
        setup="x = 1",
    ),
    C("from the notebook's module", "x = 2\nfrom __main__ import x as y\ny", setup="x = 1"),
    C(
        "a frame's variables",
        "import sys\nx = 2\nsys._getframe().f_locals['x'], sys._getframe().f_globals['x']",
        setup="x = 1",
    ),
    C("inspect.currentframe", "import inspect\nx = 2\ninspect.currentframe().f_globals.get('x')"),
    C(
        "string formatting with all names",
        "x = 2\n'%(x)s {x}' % vars(), '{x}'.format(**globals())",
        setup="x = 1",
    ),
    C(
        "f-string with = and nested quotes",
        "x = 2\nd = {'k': x}\nf\"{d['k']} {x=} {x!r:>4} {f'{x}'}\"",
    ),
    C(
        "timeit inside the cell",
        "import timeit\nn = []\ntimeit.timeit('n.append(1)', number=3, globals=globals())\nlen(n)",
    ),
    C(
        "print to standard error",
        "import sys\nprint('e', file=sys.stderr)\nsys.stderr.write('f\\n')\n1",
    ),
    C(
        "print without a line break and with flush",
        "print('a', end='', flush=True)\nprint('b', 'c', sep='-')",
    ),
    C(
        "redirected output",
        "import contextlib, io\nb = io.StringIO()\nwith contextlib.redirect_stdout(b):"
        "\n    print('inside')\nb.getvalue()",
    ),
    C(
        "input is refused alike",
        "a = 1\nname = input('name? ')\nb = 2",
        setup="def input(text):\n    raise EOFError(text)",
    ),
    C("help-like question mark line", "x = 1\nx?\ny = 2"),
    C("__file__ does not exist", "__file__"),
    C("main guard", "if __name__ == '__main__':\n    ran = True\nran"),
    C("a name of the shell is overwritten", "In = 5\nOut = 6\nIn + Out"),
    C("get_ipython is overwritten", "get_ipython = 5\nget_ipython"),
    C("exit is overwritten", "exit = 5\nexit"),
)
