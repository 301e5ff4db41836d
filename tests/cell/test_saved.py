"""Python's own mutable objects, saved and put back in place."""

from __future__ import annotations

import array
import dataclasses
import io
import random
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlmagic.cell.saved import SavedAttributes, save_python
from dlmagic.cell.saved_names import attributes_of_class, saved_names, slots_of
from dlmagic.cell.saved_streams import position_of
from dlmagic.errors import StateError

CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "list": (lambda: [1, [2]], lambda v: v.append(3)),
    "list order": (lambda: [1, 2, 3], lambda v: v.reverse()),
    "list item": (lambda: [1, 2], lambda v: v.__setitem__(0, 1.0)),
    "dict": (lambda: {"a": 1}, lambda v: v.update(b=2)),
    "dict order": (lambda: {"a": 1, "b": 2}, lambda v: v.update(a=v.pop("a"))),
    "dict value": (lambda: {"a": 1}, lambda v: v.update(a=True)),
    "ordered dict": (lambda: OrderedDict(a=1, b=2), lambda v: v.move_to_end("a")),
    "counter": (lambda: Counter("aab"), lambda v: v.update("b")),
    "defaultdict": (lambda: defaultdict(list, a=1), lambda v: v["new"]),
    "factory": (
        lambda: defaultdict(list, a=1),
        lambda v: setattr(v, "default_factory", None),
    ),
    "set": (lambda: {1, 2}, lambda v: v.discard(1)),
    "deque": (lambda: deque([1, 2, 3], maxlen=3), lambda v: v.append(4)),
    "bytearray": (lambda: bytearray(b"abc"), lambda v: v.extend(b"d")),
    "array": (lambda: array.array("d", [1.0]), lambda v: v.append(2.0)),
    "random": (lambda: random.Random(1), lambda v: v.random()),
    "text buffer": (lambda: io.StringIO("a\nb"), lambda v: v.write("zz")),
    "text buffer position": (lambda: io.StringIO("a\nb"), lambda v: v.readline()),
    "buffer with line ends": (lambda: io.StringIO("a\nb", "\r\n"), lambda v: v.write("\n")),
    "byte buffer": (lambda: io.BytesIO(b"abc"), lambda v: v.truncate(1)),
    "closed buffer": (lambda: io.StringIO("abc"), lambda v: v.close()),
    "closed byte buffer": (lambda: io.BytesIO(b"abc"), lambda v: v.close()),
}


def seen(value: Any) -> object:
    """What can be seen of a value, order included."""
    if isinstance(value, io.StringIO | io.BytesIO):
        return value.getvalue(), value.tell()
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, set):
        return set(value)
    if isinstance(value, defaultdict):
        return value.default_factory, list(value.items())
    return [(item, type(item)) for item in (value.items() if hasattr(value, "items") else value)]


@pytest.mark.parametrize(("make", "change"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_and_undone_in_place(make, change) -> None:
    value = make()
    saved = save_python(value)
    assert saved is not None
    assert not saved.changed()
    change(value)
    assert saved.changed()
    saved.restore()
    assert not saved.changed()
    assert seen(value) == seen(make())


@pytest.mark.parametrize("make", [pair[0] for pair in CHANGES.values()], ids=CHANGES)
def test_restoring_twice_is_restoring_once(make) -> None:
    value = make()
    saved = save_python(value)
    assert saved is not None
    saved.restore()
    saved.restore()
    assert seen(value) == seen(make())


def test_a_deque_keeps_its_limit() -> None:
    value = deque([1, 2], maxlen=2)
    saved = save_python(value)
    value.append(3)
    assert saved is not None
    saved.restore()
    value.append(4)
    assert list(value) == [2, 4]


class Slotted:
    __slots__ = ("__private", "filled", "left_empty")

    def __init__(self) -> None:
        self.filled: object = 1
        self.__private = 2

    def private(self) -> object:
        return self.__private

    def change(self) -> None:
        self.filled, self.left_empty = 3, 4
        self.__private = 5


def test_slots_come_back_private_and_empty_ones_too() -> None:
    owner = Slotted()
    names = slots_of(owner)
    assert names is not None
    saved = saved_names(owner, names)
    owner.change()
    assert saved.changed()
    saved.restore()
    assert (owner.filled, owner.private(), hasattr(owner, "left_empty")) == (1, 2, False)


def test_an_empty_slot_is_empty_whatever_the_class_answers_for_it() -> None:
    class Talkative:
        __slots__ = ("slot",)

        def __getattr__(self, name: str) -> str:
            return f"no {name}"

    owner = Talkative()
    names = slots_of(owner)
    assert names is not None
    saved = saved_names(owner, names)
    owner.slot = 1
    saved.restore()
    assert owner.slot == "no slot"
    assert list(names()) == []


def test_frozen_objects_with_slots_come_back() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Point:
        x: int

    point = Point(1)
    names = slots_of(point)
    assert names is not None
    saved = saved_names(point, names)
    object.__setattr__(point, "x", 2)
    saved.restore()
    assert point.x == 1


def test_attributes_of_a_class_come_back() -> None:
    class Owner:
        kept = 1

        def method(self) -> int:
            return 1

    saved = saved_names(Owner, attributes_of_class(Owner))
    assert not saved.changed()
    method = Owner.method
    Owner.kept, Owner.new = 2, 3  # type: ignore[attr-defined]
    Owner.method = lambda _self: 2  # type: ignore[method-assign, assignment]
    saved.restore()
    assert Owner.kept == 1
    assert Owner.method is method
    assert not hasattr(Owner, "new")


def test_defaults_and_attributes_of_a_function_come_back() -> None:
    def function(a: int = 1, *, b: int = 2) -> tuple[int, int]:
        return a, b

    saved = save_python(function)
    assert saved is not None
    function.__defaults__, function.__kwdefaults__ = (7,), {"b": 8}
    assert saved.changed()
    saved.restore()
    assert function() == (1, 2)


def test_a_replaced_dictionary_of_attributes_comes_back_itself() -> None:
    owner = SimpleNamespace(a=1)
    attributes = owner.__dict__

    class Open:
        pass

    opened = Open()
    opened.a = 1  # type: ignore[attr-defined]
    attributes, saved = vars(opened), SavedAttributes(opened)
    opened.__dict__ = {"b": 2}
    saved.restore()
    assert vars(opened) is attributes
    assert attributes == {"a": 1}


def test_an_object_gets_its_class_back() -> None:
    class Lazy:
        pass

    class Ready(Lazy):
        pass

    owner = Lazy()
    saved = SavedAttributes(owner)
    owner.__class__ = Ready
    assert saved.changed()
    saved.restore()
    assert type(owner) is Lazy


@pytest.mark.parametrize("full", [True, False])
def test_a_variable_of_a_closure_comes_back(full: bool) -> None:
    def outer() -> Callable[[], object]:
        if full:
            inside = 1

        def inner() -> object:
            nonlocal inside
            inside = 2
            return inside

        return inner

    function = outer()
    assert function.__closure__ is not None
    (cell,) = function.__closure__
    saved = save_python(cell)
    assert saved is not None
    function()
    assert saved.changed()
    saved.restore()
    assert not saved.changed()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.txt"
    path.write_text("one\ntwo\nthree\n")
    return path


def test_a_file_for_reading_is_wound_back(file: Path) -> None:
    with file.open() as opened:
        opened.readline()
        saved = save_python(opened)
        assert saved is not None
        assert next(opened) == "two\n"  # tell() raises from here on
        assert saved.changed()
        saved.restore()
        assert opened.readline() == "two\n"


def test_a_file_that_the_cell_closed_is_named(file: Path) -> None:
    opened = file.open()
    saved = save_python(opened)
    opened.close()
    assert saved is not None
    assert saved.changed()
    with pytest.raises(StateError, match=r"closed the file .*data\.txt"):
        saved.restore()


def test_where_a_file_stands_is_told_only_where_it_can_go_back(file: Path) -> None:
    with file.open() as reading, file.open("a") as writing:
        assert position_of(reading) == 0
        assert position_of(writing) is None
        next(reading)
        assert position_of(reading) is None
    assert position_of(reading) is None


@pytest.mark.parametrize("value", [1, "text", (1, 2), frozenset({1}), None, 2.5, random.random])
def test_what_cannot_change_has_no_state(value: object) -> None:
    assert save_python(value) is None


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ([1, 2], ["[0]", "[1]"]),
        ({"a": 1, 2: 3}, ["['a']", "[2]"]),
        ({(1, 2): 3}, ["[tuple 0]", "[tuple 0]'s key"]),
        ({5}, ["{0}"]),
        (bytearray(b"ab"), []),
    ],
)
def test_what_is_inside_is_named_as_the_user_would(value: object, paths: list[str]) -> None:
    saved = save_python(value)
    assert saved is not None
    assert [path for path, _ in saved.children()] == paths


def test_subclasses_that_do_more_are_written_past() -> None:
    class Loud(dict[str, int]):
        def __setitem__(self, key: str, value: int) -> None:
            raise AssertionError

    class LoudList(list[int]):
        def __setitem__(self, key: object, value: object) -> None:
            raise AssertionError

    table, row = Loud(a=1), LoudList([1])
    saved = [save_python(table), save_python(row)]
    table.clear()
    row.clear()
    for part in saved:
        assert part is not None
        part.restore()
    assert (table, row) == ({"a": 1}, [1])


@pytest.mark.parametrize("value", [UserDict(a=1), ChainMap({"a": 1})])
def test_containers_written_in_python_are_saved_by_their_attributes(value: Any) -> None:
    assert save_python(value) is None
    saved = SavedAttributes(value)
    assert [type(child) for _, child in saved.children()] in ([dict], [list])
