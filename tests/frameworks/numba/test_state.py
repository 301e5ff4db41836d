"""Typed containers, jitclass objects and random generators are put back in place."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numba import typed
from numba.experimental import jitclass

from dlmagic.cell.compare import compare, freeze
from dlmagic.cell.snapshot import take_snapshot
from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import SavedNothing

NUMBA = NumbaFramework()
FRAMEWORKS = (NUMBA, PlainFramework((NUMBA,)))


def snapshot_of(**names):
    return take_snapshot(names, list(names), frameworks=FRAMEWORKS, cell_text="")


def dict_of(**items):
    made = typed.Dict()
    for key, value in items.items():
        made[key] = value
    return made


LIST_CHANGES = {
    "an element": lambda v: v.__setitem__(0, 9.0),
    "a longer list": lambda v: v.append(3.0),
    "a shorter list": lambda v: v.pop(),
    "another order": lambda v: v.reverse(),
    "nothing left": lambda v: v.clear(),
}


@pytest.mark.parametrize("change", LIST_CHANGES.values(), ids=LIST_CHANGES.keys())
def test_a_typed_list_comes_back_in_place(change):
    numbers = typed.List([1.0, 2.0])
    saved = NUMBA.save(numbers)
    assert not saved.changed()
    change(numbers)
    assert saved.changed()
    saved.restore()
    assert list(numbers) == [1.0, 2.0]
    assert not saved.changed()
    assert numba.typeof(numbers) == numba.types.ListType(numba.float64)


DICT_CHANGES = {
    "a value": lambda v: v.__setitem__("a", 9.0),
    "a new key": lambda v: v.__setitem__("c", 9.0),
    "a key gone": lambda v: v.pop("a"),
    "another order": lambda v: v.__setitem__("a", v.pop("a")),
    "nothing left": lambda v: v.clear(),
}


@pytest.mark.parametrize("change", DICT_CHANGES.values(), ids=DICT_CHANGES.keys())
def test_a_typed_dict_comes_back_in_place_and_order(change):
    numbers = dict_of(a=1.0, b=2.0)
    saved = NUMBA.save(numbers)
    assert not saved.changed()
    change(numbers)
    assert saved.changed()
    saved.restore()
    assert list(numbers.items()) == [("a", 1.0), ("b", 2.0)]
    assert not saved.changed()


def test_a_list_with_nan_has_not_changed():
    assert not NUMBA.save(typed.List([float("nan"), 1.0])).changed()


def test_arrays_and_lists_inside_containers_come_back():
    array = np.zeros(2)
    arrays, nested = typed.List([array]), typed.List([typed.List([1, 2])])
    by_name = dict_of(w=array)
    snapshot = snapshot_of(arrays=arrays, nested=nested, by_name=by_name)
    arrays[0][0] = 7
    arrays.append(np.ones(3))
    nested[0].append(3)
    by_name["w"] = np.ones(5)
    assert snapshot.changes()
    snapshot.restore()
    assert len(arrays) == 1
    assert array.tolist() == [0, 0]
    assert [list(inner) for inner in nested] == [[1, 2]]
    assert by_name["w"].ctypes.data == array.ctypes.data


def test_a_container_without_a_type_loses_its_type_again():
    empty, keyless = typed.List(), typed.Dict()
    snapshot = snapshot_of(empty=empty, keyless=keyless)
    empty.append(1)
    keyless["a"] = 1
    snapshot.restore()
    assert len(empty) == len(keyless) == 0
    empty.append("now a text")


@jitclass([("n", numba.int64), ("values", numba.float64[:]), ("names", numba.types.unicode_type)])
class Counter:
    def __init__(self):
        self.n = 0
        self.values = np.zeros(2)
        self.names = "none"

    def step(self):
        self.n += 1
        self.values[0] += 1
        self.names += "!"
        self.values = np.ones(3)


def test_the_fields_of_a_jitclass_object_come_back():
    counter = Counter()
    values = counter.values
    snapshot = snapshot_of(counter=counter)
    values[1] = 5
    counter.step()
    snapshot.restore()
    assert (counter.n, counter.names, counter.values.tolist()) == (0, "none", [0, 0])
    assert counter.values.ctypes.data == values.ctypes.data


def test_compiled_functions_do_not_forget():
    @numba.njit
    def double(v):
        return v * 2

    vectorised = numba.vectorize(lambda v: v + 1)
    snapshot = snapshot_of(double=double, vectorised=vectorised, kind=numba.float64)
    double(1)
    vectorised(1)
    snapshot.restore()
    assert len(double.signatures) == len(vectorised.types) == 1
    for value in (double, vectorised, numba.float64, Counter):
        assert isinstance(NUMBA.save(value), SavedNothing)


@pytest.mark.parametrize("value", [[1.0], {"a": 1}, np.ones(2), 3, "text", len, None, dict])
def test_what_is_not_numbas_is_left_to_others(value):
    assert NUMBA.save(value) is None
    assert not NUMBA.owns(value)
    assert NUMBA.comparable(value) is value


@numba.njit
def draw():
    return np.random.normal(), np.random.rand()


def test_random_numbers_of_compiled_code_repeat():
    draw()  # the second half of a pair of normal numbers is waiting now
    snapshot = snapshot_of()
    assert not snapshot.draws_random_numbers()
    first = [draw() for _ in range(5)]
    assert snapshot.draws_random_numbers()
    snapshot.restore()
    assert [draw() for _ in range(5)] == first
    assert not np.all(np.diff([a for a, _ in first]) == 0)


def test_the_number_of_threads_comes_back():
    before = NUMBA.settings()["threads"]
    snapshot = snapshot_of()
    numba.set_num_threads(1)
    assert NUMBA.settings()["threads"] == "1"
    snapshot.restore()
    assert NUMBA.settings()["threads"] == before


def frozen(value):
    return freeze({"y": value}, FRAMEWORKS)


# Made by the test: typed containers are compiled, and whoever only collects tests need not wait.
PAIRS = {
    "a list": (lambda: typed.List([1.0, 2.0]), [1.0, 2.0], [1.0, 2.5]),
    "a list of integers": (lambda: typed.List([1, 2]), [1, 2], [1]),
    "a list of arrays": (lambda: typed.List([np.ones(2)]), [np.ones(2)], [np.zeros(2)]),
    "texts": (lambda: typed.List(["a"]), ["a"], ["b"]),
    "a dict": (lambda: dict_of(a=1.0), {"a": 1.0}, {"b": 1.0}),
}


@pytest.mark.parametrize(("make", "same", "other"), PAIRS.values(), ids=PAIRS.keys())
def test_typed_containers_are_compared_by_what_they_hold(make, same, other):
    value = make()
    assert compare(frozen(same), frozen(value)).agrees is True
    assert compare(frozen(other), frozen(value)).agrees is False


def test_an_empty_list_is_no_list_with_something_in_it():
    assert compare(frozen([1]), frozen(typed.List())).agrees is False
    assert compare(frozen([]), frozen(typed.List())).agrees is not False


def test_jitclass_objects_are_compared_by_their_fields():
    one, other = Counter(), Counter()
    assert compare(frozen(one), frozen(other)).agrees is True
    other.step()
    assert compare(frozen(one), frozen(other)).agrees is False
