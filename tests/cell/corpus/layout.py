"""How a cell is written down: lines, columns, characters."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_LONG = "total = " + " + ".join(f"x * {i}" for i in range(700)) + "\ntotal / zero"

CELLS = (
    C("blank", ""),
    C("only white space", "   \n\n\t\n"),
    C("only comments", "# nothing\n\n    # here\n"),
    C("only a docstring", "'''Just a text.'''"),
    C("a docstring as the first statement", "'''Title\n\nText at column 0\n'''\nx = 1\nx"),
    C("a docstring is not the notebook's __doc__", "'''Title'''\n__doc__"),
    C("blank lines at the top", "\n\n\nx = 1\n\ny = x / 0"),
    C("blank lines at the end", "x = 1\nx\n\n\n"),
    C("comments at the top and an error below", "# one\n# two\n\n1 / 0"),
    C("a comment at the end", "x = 1\nx  # the value\n# bye"),
    C("no line break at the end", "x = 1\nx"),
    C("trailing white space", "x = 1   \nx + 1   \t\n"),
    C("multi-line string at column 0", "text = '''\nline one\n    line two\n'''\nprint(text)\n1 / 0"),
    C("multi-line string inside a block", "if True:\n    text = '''one\ntwo\n  three'''\ntext"),
    C("multi-line f-string at column 0", "x = 1\ntext = f'''\n{x}\n  {x +\n1}\n'''\ntext"),
    C("multi-line string as an argument", "print('''a\nb''', \"\"\"c\n d\"\"\")\n1 / 0"),
    C("a string with a magic inside", "text = '''\n%time x = 1\n!echo no\n%%cell\n'''\ntext"),
    C("backslash continuation", "x = 1 + \\\n    2 + \\\n    3\nx \\\n    / 0"),
    C("a backslash in a string", "x = 'a\\\nb'\nx"),
    C("raw strings and bytes", "r'\\d', b'\\x00', rb'\\d', '\\N{BULLET}', '\\u00e4'"),
    C("brackets over many lines with comments", "x = [  # open\n    1,  # one\n    # nothing\n"
      "    2,\n]  # close\nx"),
    C("non-ASCII identifiers", "größe = 3\nπ = 3.14159\nfläche = π * größe ** 2\nfläche"),
    C("non-ASCII text before an error in the line", "s = 'ÄÖÜ 漢字 🙂'; t = s + '…'; t.nothing"),
    C("non-ASCII in the last expression", "größe = 2; 'ÄÖÜ🙂', größe, 'é'"),
    C("identifiers that Python normalises", "ﬁeld = 1\nfield + ﬁeld"),
    C("identifiers that Python normalises, outer", "ℌ + 1, H", setup="H = 5"),
    C("tabs as indentation", "if True:\n\tx = 1\n\tif x:\n\t\ty = 2\ny / 0"),
    C("form feed between definitions", "x = 1\n\f\ny = 2\n\fz = x / 0"),
    C("carriage returns", "x = 1\r\ny = 2\r\nx / 0\r\n"),
    C("vertical tab and other line-like characters in strings", "s = 'a\\x0bb\\u2028c'\nt = 'a\u2028b'\n"
      "len(t), s / 1"),
    C("a very long line", _LONG, setup="x, zero = 1, 0"),
    C("a sum of many parts over lines", "(" + "\n + ".join(f"x * {i}" for i in range(250)) + "\n/ zero)",
      setup="x, zero = 1, 0"),
    C("many lines", "\n".join(f"v{i} = {i}" for i in range(500)) + "\nv499 / v0"),
    C("an indented cell", "    x = 1\n    y = x + 1\n    y / 0"),
    C("prompts pasted from a session", ">>> x = 1\n>>> if x:\n...     y = 2\n>>> y / 0"),
    C("IPython prompts pasted", "In [1]: x = 1\n   ...: y = 2\n\nIn [2]: y / 0"),
    C("one-line compound statements", "if True: x = 1; y = 2\nfor i in range(2): x += i\n"
      "while x > 9: x = 0\nclass K: v = x\ndef f(): return x\nx, K.v, f()"),
    C("semicolons and blocks", "x = 1; y = 2\nif x: y = 3; z = y / 0; w = 1"),
    C("an expression statement over lines with an operator", "(1\n +\n 2)"),
    C("the last expression in brackets over lines", "x = 1\n(\n    x,\n    x / 0,\n)"),
    C("the last expression begins behind a semicolon", "x = 1; y = 2; (x,\ny)"),
    C("the last expression is a yield-like lambda", "(lambda: 5)()"),
    C("the last expression is a dict display", "{\n 'a': 1,\n}"),
    C("Ellipsis and pass", "...\npass"),
    C("nested f-strings and quotes", "x = 'a'\nf\"{x + f'{x}b'}\" + f'{x!r}' + f\"{'c' if x else 'd'}\""),
    C("conditional lambda over lines", "f = (lambda\n     v:\n     v / 0)\nf(\n  1\n)"),
    C("decorator line numbers", "@(lambda f: f)\n@(\n  lambda f: f)\ndef g():\n    1 / 0\ng()"),
    C("a class over many lines, the error in a method", "class K:\n    '''doc'''\n\n    x = 1\n\n"
      "    def f(self):\n        # comment\n        return self.y\n\n\nK().f()"),
    C("type comments", "x = [] # type: list[int]\nfor v in x: # type: int\n    pass"),
    C("encoding line", "# -*- coding: latin-1 -*-\ns = 'ä'\ns, len(s)"),
    C("a hash-bang line", "#!/usr/bin/env python\nx = 1\nx / 0"),
    C("alternatives of a benchmark are comments", "x = 1\n# --- first\ny = x + 1\n# --- second\ny / 0"),
    C("numbers with underscores and complex", "1_000 + 0x_ff + 1j + 0b1 + 1e-3"),
)
