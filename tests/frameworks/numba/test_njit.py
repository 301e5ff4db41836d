"""``njit`` gives what the cell gives as it is written, and leaves the notebook alone."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from dlmagic.frameworks.numba.adapter import NumbaFramework

X = np.random.default_rng(0).normal(size=200)
HELPERS = """
def twice(v):
    return plus_one(v) * 2

def plus_one(v, by=1):
    return v + by

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def is_even(n):
    return True if n == 0 else is_odd(n - 1)

def is_odd(n):
    return False if n == 0 else is_even(n - 1)

def make_scale(factor):
    def scale(v):
        return plus_one(v) * factor
    return scale

scale = make_scale(3.0)
square = lambda v: v * v
"""

CELLS = {
    "a loop over an array": "t = 0.0\nfor i in range(len(x)):\n    t += x[i]\nt",
    "a reduction": "m, i = x.max(), x.argmax()\nx.sum()",
    "a double loop": "y = np.zeros((8, 8))\nfor i in range(8):\n    for j in range(8):\n"
    "        y[i, j] = x[i] * x[j]",
    "helpers of helpers": "y = np.empty_like(x)\nfor i in range(x.size):\n    y[i] = twice(x[i])",
    "a default and a keyword": "plus_one(2), plus_one(2, by=5)",
    "a recursion": "fib(10)",
    "a recursion over two functions": "is_even(10)",
    "a closure": "scale(x)",
    "a lambda of the notebook": "square(x).sum()",
    "a function of the cell": "def cube(v):\n    return plus_one(v) ** 3\ny = cube(x)",
    "a lambda of the cell": "f = lambda v: v + 1\ny = f(2.0)",
    "tuples": "a, b = (1, 2.5)\nc = (a + b, (a, b))\nc",
    "a list": "y = [v * v for v in x]\nn = len(y)",
    "a long list of whole numbers": "y = [int(v) for v in x]",
    "a dict": "d = {}\nd['a'] = 1.0\nd['b'] = x[0]",
    "a text": "t = 'a' + word\nu = len(t)",
    "numbers of NumPy": "small = np.float32(1) / 3\nflag = x[0] > 0\nn = np.int64(7) // 2",
    "float32": "z = x.astype(np.float32)\ns = z[0]\nz * 2",
    "branches": "y = 0.0\nif x[0] > 0:\n    y = 1.0\nelse:\n    y = 2.0",
    "a name that stays unset": "if x.sum() > 1e9:\n    big = 1\nsmall = 2",
    "a loop that never runs": "for i in range(0):\n    w = i\nn = 3",
    "a name that is deleted": "t = x + 1\ny = t * 2\ndel t",
    "no value at all": "None",
    "a change in place": "x += 1\nx[0] = 7",
    "linear algebra": "x[:9].reshape(3, 3) @ x[:3]",
    "a while loop": "n = 0\nwhile n * n < 1000:\n    n += 1",
    "an annotation": "n: int = 3\nm: float",
}


@pytest.mark.parametrize("text", CELLS.values(), ids=CELLS.keys())
def test_answers_agree(trial, text):
    agreement = trial(text, before=HELPERS, x=X.copy(), np=np, word="bc").agreement()
    assert agreement.agrees is not False, agreement.reason
    assert agreement.reason != "nothing to compare"


def test_a_wrong_answer_is_seen(trial):
    # numba's integers have 64 bits, those of Python as many as they need.
    agreement = trial("y = n\nfor i in range(3):\n    y *= 1000003", n=10**9 + 7).agreement()
    assert agreement.agrees is False
    assert "y: " in agreement.reason


def test_a_parallel_loop_of_the_user_runs_in_both_modes(trial):
    @numba.njit(parallel=True)
    def total(values):
        sum_of_all = 0.0
        for i in numba.prange(values.size):
            sum_of_all += values[i]
        return sum_of_all

    assert trial("total(x)", x=X, total=total).agreement().agrees is True
    assert NumbaFramework().settings().keys() >= {"threads", "threading layer"}


def test_the_notebook_keeps_its_plain_functions(trial):
    cell = trial("y = twice(x)", before=HELPERS, x=X)
    before = dict(cell.cell.namespace)
    prepared = cell.prepare("njit")
    cell.outcome(prepared)
    assert cell.cell.namespace == before
    assert type(cell.cell.namespace["twice"]).__name__ == "function"


def test_it_is_compiled_code_that_runs(trial):
    cell = trial("y = twice(x)", before=HELPERS, x=X)
    prepared = cell.prepare("njit")
    cell.outcome(prepared)
    assert prepared.function.nopython_signatures
    assert prepared.replacements == {"twice": None}


def test_functions_of_numba_are_called_as_they_are(trial):
    @numba.njit
    def inner(v):
        return v + 1

    cell = trial("y = inner(x)", x=X, inner=inner)
    assert cell.agreement().agrees is True
    assert len(inner.signatures) == 1


def test_arrays_that_functions_read_from_outside_are_named(trial):
    weighted = "def weighted(v):\n    return (v * weights).sum()"
    cell = trial("y = weighted(x)", before=weighted, x=X, weights=X.copy())
    (finding,) = cell.prepare("njit").findings
    assert (finding.kind, finding.level, finding.operands) == (
        "baked-constant", "hint", ("weights",),
    )  # fmt: skip
    assert "weights" in finding.message
    assert cell.agreement().agrees is True


def test_a_list_is_named_and_changed_for_the_caller(trial):
    cell = trial("items.append(4)\nitems[0] = 9", items=[1, 2, 3])
    prepared = cell.prepare("njit")
    (finding,) = prepared.findings
    assert (finding.kind, finding.operands) == ("list-copied", ("items",))
    cell.outcome(prepared)
    assert cell.cell.namespace["items"] == [9, 2, 3, 4]
