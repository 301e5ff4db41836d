"""Fails where a later numba has moved a private name that dlmagic uses."""

from __future__ import annotations

import random

import numba
import numpy as np
from numba import _helperlib, typed
from numba.experimental import jitclass

from dlmagic import bench
from dlmagic.frameworks.numba import _compat as compat


@jitclass([("n", numba.int64)])
class Point:
    def __init__(self):
        self.n = 3


def test_the_generators_are_where_they_were():
    places = compat.generator_places()
    assert len(places) == 2
    for place in places:
        index, numbers = _helperlib.rnd_get_state(place)
        known = compat._Generator.from_buffer_copy(compat.generator_state(place))
        assert (known.index, list(known.numbers)) == (index, numbers)


def test_each_generator_is_the_one_it_is_taken_for():
    @numba.njit
    def draw_numpy():
        return np.random.rand()

    @numba.njit
    def draw_python():
        return random.random()

    for place, draw in zip(compat.generator_places(), (draw_numpy, draw_python), strict=True):
        draw()
        state = compat.generator_state(place)
        first = draw()
        assert compat.generator_state(place) != state
        compat.set_generator_state(place, state)
        assert draw() == first


def test_fields_of_jitclass_objects_are_known():
    assert compat.is_jitclass_instance(Point())
    assert not compat.is_jitclass_instance(Point)
    assert not compat.is_jitclass_instance(3)
    assert list(compat.fields_of(Point())) == ["n"]


def test_containers_tell_whether_they_have_a_type():
    assert compat.is_untyped(typed.List())
    assert compat.is_untyped(typed.Dict())
    assert not compat.is_untyped(typed.List([1]))
    assert not compat.is_untyped([])


def test_cuda_is_looked_for_where_numba_keeps_it():
    from numba.cuda.cudadrv import driver

    without = driver.driver.initialization_error is not None
    assert compat.cuda_is_in_use() is (driver.driver.is_initialized and not without)
    # A machine without CUDA is nothing to stumble over.
    assert bench("1 + 1", namespace={"__name__": "__main__"}, time=0.02)["python"].status == "ok"


def test_the_disk_cache_can_be_watched():
    from numba.core.caching import Cache

    assert {"load_overload", "save_overload"} <= vars(Cache).keys()
    with compat.watching_disk_cache(lambda: None, lambda: None):
        assert vars(Cache)["load_overload"].__module__ == compat.__name__


def test_passes_have_the_names_that_phases_are_made_of():
    from numba.core import object_mode_passes, typed_passes  # noqa: F401 - they register
    from numba.core.compiler_machinery import _pass_registry

    from dlmagic.frameworks.numba.compile_costs import _PHASES

    names = {entry.pass_inst.name() for entry in _pass_registry._registry.values()}
    assert _PHASES.keys() <= names


def test_its_driver_of_cuda_tells_how_far_it_has_got():
    from numba.cuda.cudadrv.driver import driver

    assert {"is_initialized", "initialization_error", "pid"} <= vars(driver).keys()
    found = compat.cuda_driver()
    assert found == compat.CudaDriver(
        driver.is_initialized, driver.initialization_error, driver.pid
    )
