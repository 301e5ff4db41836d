"""Arrays and NumPy's generators come back in place; the mode plain fits anything."""

from __future__ import annotations

import decimal
import gc
import random
import sys

import numpy as np
import pytest

from dlmagic.errors import ModeError
from dlmagic.frameworks.plain.adapter import PLAIN_MODE, PlainFramework
from dlmagic.frameworks.plain.state import SavedState
from dlmagic.frameworks.protocol import NUDGE
from dlmagic.frameworks.torch.adapter import TorchFramework

PLAIN = PlainFramework()

CHANGES = {
    "contents": lambda a: a.__setitem__(slice(None), 0),
    "NaN": lambda a: a.fill(np.nan),
    "shape": lambda a: setattr(a, "shape", (4, 3)),
    "resize": lambda a: a.resize((2, 2), refcheck=False),
    "larger": lambda a: a.resize((20, 20), refcheck=False),
    "read-only": lambda a: setattr(a.flags, "writeable", False),
    "type": lambda a: setattr(a, "dtype", np.int64),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_an_array_comes_back_in_place(change):
    array = np.arange(12.0).reshape(3, 4).copy()
    saved = PLAIN.save(array)
    saved.copy_now()
    assert not saved.changed()
    change(array)
    assert saved.changed()
    saved.restore()
    assert not saved.changed()
    np.testing.assert_array_equal(array, np.arange(12.0).reshape(3, 4))
    array[0, 0] = 1


@pytest.mark.parametrize(
    "array",
    [
        np.array([np.nan, 1.0]),
        np.array(3.0),
        np.zeros((0, 3)),
        np.array(["a", "b"]),
        np.array([1, "x", None], dtype=object),
        np.array([(1, 2.0)], dtype=[("n", int), ("v", float)]),
        np.ma.masked_array([1, 2, 3], mask=[0, 1, 0]),
        np.asfortranarray(np.ones((3, 4))),
    ],
    ids=["nan", "scalar", "empty", "text", "objects", "structured", "masked", "fortran"],
)
def test_an_untouched_array_has_not_changed(array):
    saved = PLAIN.save(array)
    saved.copy_now()
    assert not saved.changed()
    saved.restore()
    assert not saved.changed()


def test_a_view_leaves_its_contents_to_its_base():
    base = np.arange(6)
    saved = PLAIN.save(base[2:])
    ((name, child),) = saved.children()
    assert name == ".base"
    assert child is base


def test_objects_in_the_fields_of_an_array_are_reached():
    inner = [1]
    array = np.zeros(2, dtype=[("x", int), ("pair", [("o", object)])])
    array["pair"]["o"][1] = inner
    assert list(PLAIN.save(array).children()) == [
        ("['pair']['o'][0]", 0),
        ("['pair']['o'][1]", inner),
    ]


def test_windows_that_overlap_come_back():
    array = np.arange(5.0)
    windows = np.lib.stride_tricks.sliding_window_view(array, 2, writeable=True)
    saved = PLAIN.save(windows)
    saved.copy_now()
    windows[0, 1] = 9
    saved.restore()
    assert array.tolist() == [0, 1, 2, 3, 4]


def test_what_an_array_of_objects_holds_is_reached():
    inner = [1]
    array = np.array([inner, None], dtype=object)
    assert [child for _, child in PLAIN.save(array).children()] == [inner, None]


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.random.default_rng(1),
        lambda: np.random.PCG64(1),
        lambda: np.random.RandomState(1),
        lambda: np.random.Generator(np.random.MT19937(1)),
    ],
)
def test_generators_are_wound_back(make):
    generator = make()
    saved = PLAIN.save(generator)

    def draw():
        return generator.normal() if hasattr(generator, "normal") else generator.random_raw()

    first = draw()
    assert saved.changed()
    saved.restore()
    assert draw() == first


def test_global_state_comes_back():
    random.seed(1)
    np.random.seed(1)
    saved = PLAIN.save_ambient()
    assert not any(item.changed() for item in saved)
    draws = (random.random(), np.random.rand())
    np.seterr(all="raise")
    np.set_printoptions(precision=2)
    np.seterrcall(print)
    decimal.getcontext().prec = 5
    sys.setrecursionlimit(sys.getrecursionlimit() + 1)
    gc.disable()
    assert PLAIN.uses_randomness(saved)
    for item in saved:
        item.restore()
    assert not any(item.changed() for item in saved)
    assert (random.random(), np.random.rand()) == draws
    assert decimal.getcontext().prec == 28
    assert np.geterr()["over"] == "warn"
    assert np.geterrcall() is None
    assert gc.isenabled()


def test_a_setting_is_no_randomness():
    saved = [SavedState(np.geterr, lambda state: np.seterr(**state))]
    with np.errstate(over="raise"):
        assert not PLAIN.uses_randomness(saved)


def test_arrays_as_arrays():
    view = PLAIN.as_array(np.ones((2, 3), dtype=np.float16))
    assert (view.dtype, view.shape, view.device) == ("float16", (2, 3), "cpu")
    assert PLAIN.as_array(np.float32(2)).shape == ()
    assert PLAIN.as_array(np.array([None])) is None
    assert PLAIN.as_array(3.0) is None


@pytest.mark.parametrize("mode", ["python", PLAIN_MODE])
def test_the_cell_runs_as_it_is(bench, mode):
    cell = bench("y = x + 1", x=1)
    prepared = PLAIN.prepare(mode, cell.cell, cell.arguments, cell.run_once)
    assert prepared.function is cell.cell.function


def test_an_unknown_mode_offers_the_nearest(bench):
    cell = bench("y = x + 1", x=1)
    with pytest.raises(ModeError, match="Did you mean python"):
        PLAIN.prepare("pyton", cell.cell, {}, cell.run_once)


def test_frameworks_beside_are_counted_and_waited_for():
    torch = TorchFramework()
    plain = PlainFramework((torch,))
    plain.synchronise()
    assert plain.events() == torch.events()
    assert PLAIN.events() == {}


def test_nudged_arrays_move_by_a_few_rounding_errors_and_come_back() -> None:
    array, counts = np.linspace(0, 3, 500, dtype=np.float32), np.arange(3)
    before = array.copy()
    plain = PlainFramework()
    saved = [plain.save(array), plain.save(counts)]
    for part in saved:
        assert part is not None
        part.copy_now()
    with plain.nudged([part for part in saved if part is not None], seed=0):
        moved = np.abs(array.astype(np.float64) - before)
        assert np.count_nonzero(moved) > 250
        assert np.all(moved <= (NUDGE + 1) * np.finfo(np.float32).eps * np.abs(before))
        assert counts.tolist() == [0, 1, 2]
    for part in saved:
        part.restore()  # type: ignore[union-attr]
    assert np.array_equal(array, before)
