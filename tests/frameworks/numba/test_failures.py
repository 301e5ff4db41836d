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


FAILURES = {
    "a keyword that numba lacks": (
        "n = 1\ny = x.sum(axis=0, keepdims=True)", 2, "no array_sum for .*'keepdims'",
    ),
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
    cell = trial(text, x=X, np=np, n=0, getsizeof=sys.getsizeof, name=str(name), half=half)
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
