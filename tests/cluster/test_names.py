"""Names that exist only in the notebook, each with the line that brings it to the engines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dlmagic.cell.source import CellSource
from dlmagic.cluster.engines import Engines
from dlmagic.cluster.names import names_from_outside, require_names
from dlmagic.errors import InputError

pytestmark = pytest.mark.xdist_group("cluster")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "np",
            r"np, which exists only in this notebook's .* Write: %px import numpy as np",
        ),
        ("math", r"Write: %px import math$"),
        ("size", "Write: %px size = 64"),
        ("weights", "Write %%px --local above the cell that makes weights"),
        ("nowhere", "uses nowhere, which exists neither on the engines nor here"),
    ],
)
def test_a_name_that_the_engines_do_not_have(engines: Engines, name: str, said: str) -> None:
    here = {"np": np, "math": math, "size": 64, "weights": np.ones(3)}
    engines.client[:].execute(f"globals().pop({name!r}, None)", block=True)
    with pytest.raises(InputError, match=said):
        require_names(engines, ["print", name], here)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = a + 1\nx @ x", ["a"]),
        ("import math as m\nm.sin(angle)", ["angle"]),
        ("def f(n):\n    return n * scale\nf(2)", ["scale"]),
        ("if ready:\n    total = 1\ntotal", ["ready"]),
        ("[each for each in rows if each > least]", ["rows", "least"]),
    ],
)
def test_names_that_a_cell_reads_and_does_not_make(text: str, wanted: list[str]) -> None:
    assert sorted(names_from_outside(CellSource.from_text(text))) == sorted(wanted)


def test_a_name_that_one_rank_does_not_have(engines: Engines) -> None:
    engines.client[:].push({"both": 1}, block=True)
    engines.client[engines.ids[0]].push({"first": 1}, block=True)
    require_names(engines, ["both", "len"], {})
    with pytest.raises(InputError, match="uses first, which rank 1 does not have"):
        require_names(engines, ["both", "first"], {"first": 1})
