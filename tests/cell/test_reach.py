"""Everything that a cell can reach, with the names that a user would write."""

from __future__ import annotations

import collections
import csv
import io
import itertools
import threading
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.reach import Reached, one_pass, walk
from dlmagic.frameworks.plain.adapter import PlainFramework
from tests.cell.cells import namespace_of


def reached(namespace: dict[str, object], *names: str) -> dict[int, Reached]:
    return {id(item.value): item for item in walk(names, namespace, (PlainFramework(),))}


@pytest.mark.parametrize(
    ("setup", "name", "path"),
    [
        ("box = [target]", "box", "box[0]"),
        ("box = {'k': (1, target)}", "box", "box['k'][1]"),
        ("class C: pass\nbox = C(); box.a = target", "box", "box.a"),
        ("class C:\n    __slots__ = ('a',)\nbox = C(); box.a = target", "box", "box.a"),
        ("class C:\n    a = target\nbox = C()", "box", "box.a"),
        ("class B:\n    a = target\nclass C(B): pass\nbox = C()", "box", "box.a"),
        ("def box(a=target): pass", "box", "box.__defaults__[0]"),
        ("def outer(a=target):\n    def f(): return a\n    return f\nbox = outer()", "box", "a"),
        ("def box(): return target", "box", "target"),
        ("def box(): return other()\ndef other(): return target", "box", "target"),
        ("box = target.append", "box", None),
        ("import functools\nbox = functools.partial(print, target)", "box", None),
        ("import functools\nbox = functools.partial(lambda: target)", "box", "target"),
        ("import types\nbox = types.MappingProxyType({'a': target})", "box", None),
        ("class C:\n    @property\n    def p(self): return target\nbox = C()", "box", "target"),
        ("class C:\n    @staticmethod\n    def p(): return target\nbox = C", "box", "target"),
        ("import collections\nbox = collections.deque([target])", "box", "box[0]"),
        ("box = {target_key: 1}", "box", None),
        ("import weakref\nbox = weakref.ref(target_key)", "box", "box().inside"),
        ("import weakref\nbox = weakref.WeakValueDictionary(a=target_key)", "box", None),
        ("box = zip", "box", "nowhere"),
    ],
)
def test_a_value_is_reached_wherever_it_hides(setup: str, name: str, path: str | None) -> None:
    class Key:
        pass

    key = Key()
    key.inside = target = ["target"]  # type: ignore[attr-defined]
    namespace = namespace_of(setup, target=target, target_key=key)
    del namespace["target_key"]
    item = reached(namespace, name).get(id(target))
    if path == "nowhere":
        assert item is None
        return
    assert item is not None
    if path is not None:
        assert item.path == path


def test_each_object_comes_once_and_cycles_end() -> None:
    loop: list[object] = []
    loop.extend([loop, loop])
    items = list(walk(["loop", "again"], {"loop": loop, "again": loop}, ()))
    assert [item.path for item in items] == ["loop"]


def test_names_that_do_not_exist_are_left_out() -> None:
    assert list(walk(["missing"], namespace_of(), ())) == []


def test_what_is_called_names_its_parts_before_what_only_lists_them() -> None:
    namespace = namespace_of(
        """
        class Model:
            def __init__(self): self.weight = [1]
            def __call__(self): return self.weight
        class Optimiser: pass
        model, optimiser = Model(), Optimiser()
        optimiser.group = {"params": model.weight}
        """
    )
    model = namespace["model"]
    paths = reached(namespace, "optimiser", "model")
    assert paths[id(model.weight)].path == "model.weight"  # type: ignore[attr-defined]


def test_the_inside_of_a_librarys_object_is_not_the_users_own() -> None:
    inner = collections.ChainMap({"a": [1]})
    namespace = namespace_of(chain=inner, mine=[[2]])
    items = {item.path: item.own for item in walk(["chain", "mine"], namespace, ())}
    assert items["chain"]
    assert not items["chain.maps"]
    assert items["mine[0]"]


def test_nothing_of_the_notebook_itself_is_touched(shell: InteractiveShell) -> None:
    shell.run_cell("import IPython, sys, threading, logging\nx = [1]\nx")
    shell.user_ns.update(ip=shell, logger=__import__("logging").getLogger("x"))
    items = list(walk(list(shell.user_ns), shell.user_ns, (PlainFramework(),)))
    owners = {type(item.value).__module__.partition(".")[0] for item in items}
    assert not owners & {"IPython", "traitlets", "ipykernel", "logging", "threading", "zmq"}
    assert any(item.value is shell.user_ns["x"] for item in items)


def test_a_proxy_of_something_that_is_gone_is_let_alone() -> None:
    namespace = namespace_of(
        "import weakref\nclass C: pass\nkept = C()\nproxy = weakref.proxy(kept)\ndel kept"
    )
    assert list(walk(["proxy"], namespace, ())) == []


def test_locks_and_threads_are_let_alone() -> None:
    namespace = namespace_of(lock=threading.Lock(), event=threading.Event())
    assert list(walk(["lock", "event"], namespace, ())) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ((n for n in ()), "generator"),
        (iter([1]), "list_iterator iterator"),
        (enumerate([1]), "enumerate iterator"),
        (zip([1], [2], strict=True), "zip iterator"),
        (map(str, [1]), "map iterator"),
        (itertools.count(), "count iterator"),
        (csv.reader(["a,b"]), "reader iterator"),
        ([1], None),
        (range(3), None),
        (io.StringIO("a"), None),
        ({"a": 1}.items(), None),
        (enumerate, None),
    ],
)
def test_what_can_be_read_once_only(value: object, kind: str | None) -> None:
    assert one_pass(value) == kind


@pytest.mark.parametrize("slots", ["", "__slots__ = ('i',)"])
def test_an_iterator_written_in_python_keeps_its_state_where_it_is_saved(slots: str) -> None:
    namespace = namespace_of(
        f"""
        class Steps:
            {slots or "pass"}
            def __init__(self): self.i = 0
            def __iter__(self): return self
            def __next__(self): self.i += 1; return self.i
        steps = Steps()
        """
    )
    assert one_pass(namespace["steps"]) is None
    assert one_pass(namespace["Steps"]) is None


@pytest.mark.parametrize(("mode", "kind"), [("r", None), ("a", "open file"), ("r+", "open file")])
def test_files_are_put_back_only_where_they_are_read(tmp_path: Path, mode: str, kind) -> None:
    path = tmp_path / "f.txt"
    path.write_text("one\ntwo\n")
    with path.open(mode) as file:
        assert one_pass(file) == kind
        if mode == "r":
            next(file)
            assert one_pass(file) == "open file"
    assert one_pass(file) is None
