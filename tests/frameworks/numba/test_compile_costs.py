"""What numba says of its compiling, against a phase that takes as long as it is told to."""

from __future__ import annotations

import importlib.util
import time

import numba
import numpy as np
import pytest
from numba.core import event
from numba.core.caching import Cache
from numba.extending import intrinsic

from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.numba.compile_costs import COSTS
from dlmagic.frameworks.plain.adapter import PlainFramework
from tests.magics.bench.compiled import run_modes

NUMBA = NumbaFramework()
ASLEEP = 0.5


@intrinsic
def lowered_in_its_sleep(typing_context, value):
    def generate(context, builder, signature, arguments):
        time.sleep(ASLEEP)
        return arguments[0]

    return value(value), generate


@intrinsic
def typed_in_its_sleep(typing_context, value):
    time.sleep(ASLEEP)

    def generate(context, builder, signature, arguments):
        return arguments[0]

    return value(value), generate


def costs_of(act) -> CompileCosts:
    with NUMBA.counting():
        before = NUMBA.compile_costs()
        act()
        return NUMBA.compile_costs().since(before)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("function", "phase"),
    [(lowered_in_its_sleep, "lowering"), (typed_in_its_sleep, "type inference")],
)
def test_a_phase_takes_the_time_that_was_planted(function, phase):
    numba.njit(lambda v: v + 1)(1.0)  # numba imports what it needs

    @numba.njit
    def compiled(v):
        return function(v) + 1

    start = time.perf_counter()
    costs = costs_of(lambda: compiled(1.0))
    assert costs.phases[phase] >= ASLEEP
    assert costs.phases[phase] % ASLEEP < 0.1 * ASLEEP  # numba may type a call more than once
    assert sum(costs.phases.values()) <= time.perf_counter() - start
    assert {"analysis", "type inference", "lowering", "LLVM"} == set(costs.phases)
    assert costs_of(lambda: compiled(2.0)) == CompileCosts()


def slow_to_type(v):
    return v


@numba.extending.overload(slow_to_type)
def type_of_slow(v):
    time.sleep(ASLEEP)
    return lambda v: v


@pytest.mark.alone
def test_the_arm_tells_of_it_and_its_calls_know_nothing():
    numba.njit(lambda v: v[0] + 1)(np.ones(3))  # numba imports what it needs
    names = {"a": np.ones(3), "slow_to_type": slow_to_type}
    modes = {"python": ("python", NUMBA), "njit": ("njit", NUMBA)}
    frameworks = (NUMBA, PlainFramework((NUMBA,)))
    arm = run_modes("slow_to_type(a[0]) + 1", names, modes, frameworks)[0]["njit"]
    assert arm.compile_phases["type inference"] == pytest.approx(ASLEEP, rel=0.1)
    assert ASLEEP < sum(arm.compile_phases.values()) <= arm.compile_seconds
    assert arm.median < 0.01


MODULE = "import numba\n\n@numba.njit(cache=True)\ndef cached(v):\n    return v * 3 + 1\n"


def module_from(path):
    spec = importlib.util.spec_from_file_location("cached_by_numba", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_code_is_written_to_the_disk_cache_and_found_there(tmp_path):
    path = tmp_path / "cached_by_numba.py"
    path.write_text(MODULE)
    assert costs_of(lambda: module_from(path).cached(1.0)).cache == "cold"
    assert costs_of(lambda: module_from(path).cached(1.0)).cache == "warm"
    assert costs_of(lambda: module_from(path).cached(1)).cache == "cold"


def test_without_a_disk_cache_there_is_none():
    assert costs_of(lambda: numba.njit(lambda v: v * 5)(1.0)).cache is None


def test_nothing_is_left_behind():
    before = (Cache.load_overload, Cache.save_overload)
    with NUMBA.counting():
        with NUMBA.counting():
            pass
        assert (Cache.load_overload, Cache.save_overload) != before
    assert (Cache.load_overload, Cache.save_overload) == before
    kinds = ("numba:compile", "numba:run_pass", "numba:llvm_lock")
    assert not any(COSTS in event._registered[kind] for kind in kinds)


def test_a_function_that_cannot_be_compiled_ends_its_phases():
    def fails():
        with pytest.raises(numba.core.errors.NumbaError):
            numba.njit(lambda v: v.nothing_of_the_kind)(1.0)

    costs_of(fails)
    start = time.perf_counter()
    costs = costs_of(lambda: numba.njit(lambda v: v * 7)(1.0))
    assert sum(costs.phases.values()) <= time.perf_counter() - start
