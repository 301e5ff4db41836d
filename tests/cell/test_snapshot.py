"""All that a cell may change, put back in place."""

from __future__ import annotations

import random
from collections.abc import Iterable
from textwrap import dedent

import numpy as np
import pytest

from dlmagic.cell.snapshot import take_snapshot
from dlmagic.errors import StateError
from dlmagic.frameworks.plain.adapter import PlainFramework
from tests.cell.cells import namespace_of, snapshot_of

CASES = {
    "rebound": ("x = [1]", "x = [2]", "x"),
    "new name": ("x = 1", "y = 2", "'y' in globals()"),
    "deleted": ("x = 1", "del x", "x"),
    "nested": ("x = {'a': [{1}]}", "x['a'][0].add(2); x['b'] = 1", "x"),
    "attribute": ("class C: pass\nx = C(); x.a = 1", "x.a = 2; x.b = 3", "vars(x)"),
    "slot": ("class C: __slots__ = ('a',)\nx = C(); x.a = 1", "del x.a", "x.a"),
    "class": ("class C: n = 0\nx = C()", "C.n += 1; C.m = 2", "(C.n, hasattr(C, 'm'))"),
    "base class": ("class B: n = [0]\nclass C(B): pass\nx = C()", "B.n.append(1)", "B.n"),
    "counter of a base class": (
        "class B:\n    n = 0\nclass C(B): pass\nx = C()",
        "B.n += 1",
        "B.n",
    ),
    "class method": ("class C:\n    def f(self): return 1\nx = C()", "C.f = len", "x.f()"),
    "closure": (
        "def make(n=[0]):\n    def f(): n[0] += 1\n    return f\nx = make()",
        "x(); x()",
        "x.__closure__[0].cell_contents",
    ),
    "rebound in a closure": (
        "def make():\n  n = 0\n  def f():\n    nonlocal n\n    n += 1\n  return f\nx = make()",
        "x(); x()",
        "x.__closure__[0].cell_contents",
    ),
    "default": ("def x(a=[]):\n    a.append(1)\n    return a", "x(); x()", "x.__defaults__"),
    "global of a function": ("n = 0\ndef x():\n    global n\n    n += 1", "x()", "n"),
    "attribute of a function": ("def x(): pass\nx.n = 0", "x.n = 1", "x.n"),
    "bound method": ("items = [1]\nx = items.append", "x(2)", "items"),
    "partial": (
        "import functools\nitems = [1]\nx = functools.partial(list.append, items)",
        "x(2)",
        "items",
    ),
    "random": ("import random\nx = random.Random(1)", "x.random(); x.gauss(0, 1)", "x.getstate()"),
    "global random": ("import random\nx = 1", "random.random()", "random.getstate()"),
    "buffer": ("import io\nx = io.StringIO('abc')", "x.read(); x.write('d')", "x.getvalue()"),
    "deque": ("from collections import deque\nx = deque([1], 2)", "x.extend([2, 3])", "x"),
    "array": ("import numpy as np\nx = np.arange(3)", "x[:] = 9", "x.tolist()"),
    "view": ("import numpy as np\nbase = np.arange(3)\nx = base[1:]", "x += 1", "base.tolist()"),
    "generator": (
        "import numpy as np\nx = np.random.default_rng(0)",
        "x.random()",
        "x.bit_generator.state",
    ),
    "array of objects": (
        "import numpy as np\nx = np.array([[1], None], dtype=object)",
        "x[0].append(2)",
        "x.tolist()",
    ),
}


@pytest.mark.parametrize(("setup", "change", "look"), CASES.values(), ids=CASES)
def test_a_change_goes_away(setup: str, change: str, look: str) -> None:
    namespace = namespace_of(setup)
    known = set(namespace)
    before = repr(eval(look, namespace))
    snapshot = snapshot_of(namespace, "x")
    for _ in range(2):
        exec(dedent(change), namespace)
        snapshot.restore()
        assert repr(eval(look, namespace)) == before
        assert set(namespace) == known


@pytest.mark.parametrize("setup", [case[0] for case in CASES.values()], ids=CASES)
def test_objects_keep_their_identity(setup: str) -> None:
    namespace = namespace_of(setup)
    before = dict(namespace)
    snapshot = snapshot_of(namespace, "x")
    namespace["x"] = None
    snapshot.restore()
    assert all(namespace[name] is value for name, value in before.items())


def test_aliases_hold() -> None:
    namespace = namespace_of("x = [1]\ny = {'x': x}")
    snapshot = snapshot_of(namespace)
    exec("x.append(2)\ny['x'] = list(x)", namespace)
    snapshot.restore()
    assert namespace["y"]["x"] is namespace["x"]  # type: ignore[index]


def test_changes_name_what_differs() -> None:
    namespace = namespace_of("x = [1]\ny = [2]\nclass C: pass\nz = C()")
    snapshot = snapshot_of(namespace)
    exec("x.append(1)\nz.a = 1", namespace)
    assert {item.path for item in snapshot.changes()} == {"x", "z"}
    snapshot.restore()
    assert snapshot.changes() == []


def test_drawing_random_numbers_is_seen() -> None:
    snapshot = snapshot_of(namespace_of(x=1))
    assert not snapshot.draws_random_numbers()
    random.random()
    assert snapshot.draws_random_numbers()
    snapshot.restore()
    assert not snapshot.draws_random_numbers()


class Stubborn:
    """A framework's value that does not let itself be put back."""


class Refusing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def changed(self) -> bool:
        return True

    def restore(self) -> None:
        raise self.error

    def children(self) -> Iterable[tuple[str, object]]:
        return ()


class StubbornFramework(PlainFramework):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def save(self, value: object):  # type: ignore[no-untyped-def, override]
        return Refusing(self.error) if isinstance(value, Stubborn) else super().save(value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StateError("first thing"), "first thing"),
        (ValueError("odd"), r"^a could not be put back: ValueError: odd\.$"),
    ],
)
def test_the_rest_is_restored_when_one_part_cannot_be(error: Exception, words: str) -> None:
    namespace = namespace_of(a=Stubborn(), x=[1], y=np.zeros(2))
    snapshot = take_snapshot(namespace, ["a", "x", "y"], frameworks=(StubbornFramework(error),))
    exec("x.append(2)\ny += 1\nz = 3", namespace)
    with pytest.raises(StateError, match=words):
        snapshot.restore()
    assert namespace["x"] == [1]
    assert namespace["y"].tolist() == [0, 0]  # type: ignore[attr-defined]
    assert "z" not in namespace


def test_an_interrupt_is_not_swallowed() -> None:
    error: BaseException = KeyboardInterrupt()
    framework = StubbornFramework(error)  # type: ignore[arg-type]
    snapshot = take_snapshot(namespace_of(a=Stubborn()), ["a"], frameworks=(framework,))
    with pytest.raises(KeyboardInterrupt):
        snapshot.restore()


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ("x = (n for n in [])", "x is a generator"),
        ("x = [iter([1])]", r"x\[0\] is a list_iterator iterator"),
        ("x = enumerate([1])", "x is an enumerate iterator"),
        ("class C: pass\nx = C(); x.log = open(__import__('os').devnull, 'w')", "x.log is an open"),
        ("def x(): return next(it)\nit = iter([1])", "it is a list_iterator"),
    ],
)
def test_what_can_be_used_once_only_is_refused_in_one_line(setup: str, words: str) -> None:
    namespace = namespace_of(setup)
    with pytest.raises(StateError, match=words) as caught:
        snapshot_of(namespace, "x")
    if hasattr(namespace["x"], "log"):
        namespace["x"].log.close()
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_iterators_inside_a_librarys_object_are_its_own_affair() -> None:
    namespace = namespace_of("import functools\nx = functools.partial(next, iter([1]))")
    assert snapshot_of(namespace, "x").reached


def test_tables_come_back_as_they_were() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    namespace = namespace_of(x=table)
    before = table.copy(deep=True)
    snapshot = snapshot_of(namespace, "x")
    for _ in range(2):
        table["z"] = 1
        table.loc[0, "x"] = 9
        del table["y"]
        table.columns = ["p", "q"]
        snapshot.restore()
        pandas.testing.assert_frame_equal(table, before)
    assert namespace["x"] is table
