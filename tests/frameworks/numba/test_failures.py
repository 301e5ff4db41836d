"""What numba cannot compile is told in one sentence, in the user's words, with the line."""

from __future__ import annotations

import re
import sys

import numba
import numpy as np
import pytest

from dlmagic.errors import ModeError, ModeUnavailable
from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.numba.failure import explain_failure

X = np.ones(5)


class Model:
    def __init__(self):
        self.weight = X


@numba.guvectorize(["void(float64[:], float64[:])"], "(n)->()")
def summed(values, result):
    result[0] = values.sum()


FAILURES = {
    "a keyword that numba lacks": (
        "n = 1\ny = x.sum(axis=0, keepdims=True)", 2, r"no \.sum for .*'keepdims'",
    ),
    "a class": ("y = n\nz = Model()", 2, r"cannot use the class Model\.$"),
    "a function of a module": ("y = n\nz = np.fft.fft(x)", 2, r"knows no numpy\.fft\.fft\.$"),
    "an empty dict": ("c = {}\nc['a'] = c.get('a', 0) + 1", 2, "typed.Dict.empty"),
    "an empty list": ("c = []\nz = len(c)", 1, "List.empty_list"),
    "a list of another type": ("c = [1, 2]\nc.append('a')", 2, r"list of int64 cannot take str\.$"),
    "a star": ("y = n\na, *b = 1, 2, 3", 2, "with a star"),
    "a function as a key": (
        "def f(v):\n    return -v\ny = max(range(3), key=f)", 3, r"no max for \(.*key=f\)",
    ),
    "a function of dates": (
        "y = n\nz = np.timedelta64(3, 'D')", 2, r"no timedelta64\[\] for \(int, str\)\.$",
    ),
    "a generalised function": ("y = n\nz = summed(x)", 2, "summed needs the array for its result"),
    "a function that numba lacks": ("y = n + 1\nz = np.pad(x, 1)", 2, r"numpy\.pad"),
    "an attribute that numba lacks": ("y = 1\nz = x.nbytes\nw = x.tolist()", 3, "tolist"),
    "a function of C": ("y = 2\nsize = getsizeof(x)", 2, "cannot use getsizeof"),
    "a module": ("import os\nhere = os.getcwd()", 2, "getcwd"),
    "two types for one name": ("y = 1\nif x[0] > 5:\n    y = 'a'\nz = y", None, "y .*two types"),
    "an import": ("y = 1\nfrom math import pi", 2, "cannot import"),
    "a narrow except": (
        "try:\n    y = 1 // n\nexcept ZeroDivisionError:\n    y = 2", 3, "except Exception",
    ),
    "a result": ("r = range(n)", None, "cannot return a value .*range"),
    "with": ("with open(name) as f:\n    y = 1", None, "with"),
    "a generator": ("y = 1\ng = (v for v in x)\nz = list(g)", 2, "yield"),
    "a half-precision array": ("y = half + 1", None, "float16"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_says_why_and_where(trial, tmp_path, text, line, words):
    name = tmp_path / "a.txt"
    name.touch()
    half = X.astype(np.float16)
    more = {"Model": Model, "summed": summed, "getsizeof": sys.getsizeof}
    cell = trial(text, x=X, np=np, n=0, name=str(name), half=half, **more)
    with pytest.raises(Exception) as caught:
        cell.outcome(cell.prepare("njit"))
    reason, found = explain_failure(caught.value, cell.cell.source.filename)
    assert "\n" not in reason
    assert len(reason) <= 240
    assert re.search(words, reason), reason
    assert line is None or found == line


def test_a_failure_inside_a_helper_points_to_its_call(trial):
    text = "y = 1\nz = helper(x) if x[0] > 5 else x"
    cell = trial(text, before="def helper(v):\n    return v.nowhere", x=X)
    with pytest.raises(numba.core.errors.TypingError) as caught:
        cell.outcome(cell.prepare("njit"))
    reason, line = explain_failure(caught.value, cell.cell.source.filename)
    assert "nowhere" in reason
    assert line == 2


HELPERS = {
    "a list of the notebook": ("def h(v):\n    kept.append(v)", "h(1.0)", "the list kept of the"),
    "a global that is written": (
        "def h(v):\n    global n\n    n = 2\n    return v", "y = h(1.0)", "assign to a global",
    ),
    "a keyword-only argument": (
        "def h(v, *, s=1.0):\n    return v * s", "y = h(1.0, s=2.0)", r"keyword only.*\(v, \*, s",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "text", "words"), HELPERS.values(), ids=HELPERS.keys())
def test_what_numba_lacks_in_a_helper_is_told(trial, before, text, words):
    cell = trial(text, before=before, kept=[1.0], n=0)
    with pytest.raises(Exception) as caught:
        cell.outcome(cell.prepare("njit"))
    reason, _ = explain_failure(caught.value, cell.cell.source.filename)
    assert re.search(words, reason), reason
    assert "…" not in reason


ARGUMENTS = {
    "a dict": ({"w": X}, r"cannot take it \(a dict\)", "numba.typed.Dict"),
    "an empty list": ([], r"\(an empty list\)", "numba.typed.List"),
    "a mixed list": ([1, 2.0], r"\(a list of float and int\)", "tuple"),
    "a nested list": ([[1], [2]], r"\(a list of list\)", "array"),
    "an object": (Model(), r"\(a Model\)", "arrays and numbers"),
    "an array of objects": (np.array([1, None]), r"\(an array of object\)", "arrays"),
    "a large integer": (2**70, r"more than 64 bits", ""),
    "an untyped list": (numba.typed.List(), r"without a type", ""),
}


@pytest.mark.parametrize(("value", "words", "hint"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_an_argument_that_numba_has_no_type_for_is_named(trial, value, words, hint):
    cell = trial("y = it", it=value)
    with pytest.raises(ModeUnavailable, match=words) as caught:
        cell.prepare("njit")
    assert hint in caught.value.hint


REFUSED = {
    "names by text": "y = 1\nglobals()['z'] = 2",
    "a shared name": "total = 1\ndef bump():\n    global total\n    total += 1\nbump()",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_cell_that_needs_the_namespace_is_refused(trial, text):
    with pytest.raises(ModeUnavailable, match="numba cannot compile this cell"):
        trial(text, total=0).prepare("njit")


def test_nothing_is_compiled_where_compiling_is_off(trial, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.raises(ModeUnavailable, match="NUMBA_DISABLE_JIT"):
        trial("y = x + 1", x=X).prepare("njit")
    assert NumbaFramework().settings()["NUMBA_DISABLE_JIT"] == "1"


def test_an_unknown_mode_offers_the_nearest(trial):
    with pytest.raises(ModeError, match="Did you mean njit"):
        trial("y = 1").prepare("njitt")


def test_errors_of_the_cell_itself_speak_for_themselves(trial):
    cell = trial("y = 1 // n", n=0)
    cell.cell.namespace["n"] = 1
    prepared = cell.prepare("njit")
    with pytest.raises(ZeroDivisionError) as caught:
        prepared.function(0)
    assert explain_failure(caught.value, cell.cell.source.filename) is None
