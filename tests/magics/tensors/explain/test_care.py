"""An explanation changes nothing, calls nothing of the user's, is quick, and never raises."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from dlmagic.magics.tensors.explain.catalogue import rules
from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain import test_jax, test_keras, test_numpy, test_tensorflow
from tests.magics.tensors.explain.explained import CELL, Case, explained, name_of_cell, raised
from tests.magics.tensors.explain.test_other_versions import WORDED

MODULES = (test_numpy, test_jax, test_tensorflow, test_keras)
HOSTILE = """
import numpy as np
calls = []
class Hostile:
    def __getattr__(self, name):
        calls.append(name)
        raise RuntimeError(name)
    def __matmul__(self, other):
        raise RuntimeError
    __add__ = __getitem__ = __call__ = __rmatmul__ = __matmul__
    def __repr__(self):
        calls.append("repr")
        raise RuntimeError
    __eq__ = __bool__ = __len__ = __repr__
    __hash__ = None
h, a = Hostile(), np.ones((3, 4))
"""
LINES = [
    "h @ a",
    "a @ h",
    "h + h",
    "h[0]",
    "h(a)",
    "h.fit(a, h)",
    "len([h]) + h.x",
    "np.concatenate(h)",
    "h[h] = h",
]
LIMIT = 0.3
LEAST_SHARE = 0.75


@pytest.mark.parametrize("line", LINES)
def test_no_rule_calls_what_is_the_users_or_raises(line: str) -> None:
    error, names = raised(Case(HOSTILE, line, None))
    traceback = error.__traceback__
    calls = names["calls"]
    before = list(calls)  # type: ignore[call-overload]
    for text in _texts():
        again = ValueError(text).with_traceback(traceback)
        explain(again, name_of_cell)
    assert calls == before


def _texts() -> list[str]:
    """One for each pattern of the catalogue, as far as the golden texts reach them."""
    texts = [worded.error for worded in WORDED]
    patterns = [pattern for rule in rules() for pattern in rule.PATTERNS]
    reached = [pattern for pattern in patterns if any(map(pattern.search, texts))]
    assert len(reached) >= 20
    return texts


def test_an_error_that_cannot_say_anything_is_no_error_here() -> None:
    class SilentError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert explain(SilentError(), lambda _file: CELL) is None


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_numbers_and_the_random_state_stay(module: object) -> None:
    tf = pytest.importorskip("tensorflow")
    tf.random.set_seed(3)
    np.random.seed(3)
    states = (random.getstate(), np.random.get_state()[1].tolist())
    graph = tf.compat.v1.get_default_graph()
    values = np.ones((3, 4))
    for case in module.CASES[:6]:  # type: ignore[attr-defined]
        if "random" not in case.setup:
            explained(case)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert tf.compat.v1.get_default_graph() is not None
    assert tf.executing_eagerly()
    assert len(graph.get_operations()) == 0
    assert np.array_equal(values, np.ones((3, 4)))


@pytest.mark.alone
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_explanations_are_quick(module: object) -> None:
    """The second time, as the first one loads the rules; the median bears a busy machine."""
    spent = []
    for case in module.CASES:  # type: ignore[attr-defined]
        error, _ = raised(case)
        explain(error, name_of_cell)
        start = time.perf_counter()
        explain(error, name_of_cell)
        spent.append(time.perf_counter() - start)
    assert np.median(spent) < LIMIT
    assert max(spent) < 3 * LIMIT


def test_most_mistakes_have_a_fix() -> None:
    """The cell runs with each of them, as its own test shows."""
    cases = [case for module in MODULES for case in module.CASES if case.kind is not None]
    assert len(cases) >= 60
    assert sum(case.fix is not None and case.runs for case in cases) >= LEAST_SHARE * len(cases)
