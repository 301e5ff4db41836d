"""Below ``%%graphmode`` numba's own generator goes on as after a plain run."""

from __future__ import annotations

import numpy as np
from numba import njit

import dlmagic


@njit
def seed() -> None:
    np.random.seed(3)


@njit
def draw() -> float:
    return np.random.random()


def test_random_numbers_of_compiled_functions_go_on_as_after_a_plain_run() -> None:
    draw()
    seed()
    first, second = draw(), draw()
    seed()
    names = {"draw": draw, "np": np}
    dlmagic.graphmode("noise = draw()", namespace=names, mode="njit")
    assert (names["noise"], draw()) == (first, second)
