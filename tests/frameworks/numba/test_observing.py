"""What is counted, and what the user is told of their own compiled functions."""

from __future__ import annotations

import numba
import numpy as np

from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.numba.counting import COMPILATIONS
from dlmagic.magics.bench.block import difference, run_block
from dlmagic.magics.bench.clock import WallClock

NUMBA = NumbaFramework()


def counted(action):
    before = NUMBA.events()
    action()
    return difference(before, NUMBA.events())


def test_compilations_are_counted_while_somebody_listens():
    @numba.njit
    def double(v):
        return v * 2

    with NUMBA.counting():
        assert counted(lambda: double(1)) == {"compile": 1}
        assert counted(lambda: double(2)) == {}
        assert counted(lambda: double(1.5)) == {"compile": 1, "recompile": 1}
    assert counted(lambda: double(1j)) == {}


class LongerTuples:
    """Calls a function with a tuple of another length, and so another type, every time."""

    name = "longer"

    def __init__(self):
        self.function = numba.njit(lambda values: len(values))
        self.length = 0

    def restore(self):
        pass

    def run(self, calls):
        for _ in range(calls):
            self.length += 1
            self.function((0.0,) * self.length)

    def synchronise(self):
        pass

    def events(self):
        return NUMBA.events()


def test_a_new_signature_in_a_timed_block_is_seen():
    with NUMBA.counting():
        block = run_block(LongerTuples(), WallClock(), calls=3)
    assert block.touch_events == {"compile": 1}
    assert block.events == {"compile": 3, "recompile": 3}
    assert not block.clean


def test_listening_twice_counts_once_and_ends_with_the_last():
    @numba.njit
    def double(v):
        return v * 2

    with NUMBA.counting():
        with NumbaFramework().counting():
            pass
        assert counted(lambda: double(1)) == {"compile": 1}
    assert COMPILATIONS not in numba.core.event._registered["numba:compile"]


def test_what_numba_compiles_for_itself_does_not_count():
    with NUMBA.counting():
        assert counted(lambda: numba.typed.List([np.float32(1)])) == {}


def test_a_function_in_object_mode_is_named(trial):
    @numba.jit(forceobj=True, looplift=False)
    def slow(v):
        return v + 1

    cell = trial("y = helper(3)", before="def helper(v):\n    return slow(v)", slow=slow)
    cell.run_once({})
    (finding,) = cell.prepare("python").findings
    assert (finding.kind, finding.level, finding.operands) == ("object-mode", "warning", ("slow",))
    assert "slow" in finding.message
    assert "@njit" in finding.fix.text


def test_a_function_from_the_disk_cache_is_named(trial, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "mine.py"
    file.write_text("def cached(v):\n    return v + 1\n")

    def load():
        names = {"__name__": "mine", "__file__": str(file)}
        exec(compile(file.read_text(), str(file), "exec"), names)
        return numba.njit(cache=True)(names["cached"])

    first, second = load(), load()
    assert [f.kind for f in findings(trial, first)] == []
    assert [f.kind for f in findings(trial, second)] == ["warm-cache"]


def findings(trial, cached):
    cell = trial("y = cached(3)", cached=cached)
    cell.run_once({})
    return cell.prepare("python").findings


def test_a_well_compiled_function_needs_no_words(trial):
    cell = trial("y = good(3)", good=numba.njit(lambda v: v + 1))
    cell.run_once({})
    assert cell.prepare("python").findings == ()
