"""What can be asked for."""

from __future__ import annotations

import math

import pytest

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import OptionError
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.sweep.values import read_sweep

SOURCE = CellSource.from_text("1")
SWEEP = read_sweep("n=1,2")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seconds": 0}, "--time 0"),
        ({"seconds": -1}, "--time -1"),
        ({"seconds": math.inf}, "--time inf"),
        ({"seconds": math.nan}, "--time nan"),
        ({"rtol": -1.0}, "--rtol -1"),
        ({"rtol": math.nan}, "--rtol nan"),
        ({"atol": -0.5}, "--atol -0.5"),
        ({"isolate": True, "flops": True}, "--isolate and --flops do not go together"),
        ({"isolate": True, "cold": True}, "--isolate and --cold do not go together"),
        ({"sweep": SWEEP, "save": "f.json"}, "--sweep and --save do not go together"),
        ({"sweep": SWEEP, "isolate": True}, "--sweep and --isolate do not go together"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(options, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        Request(SOURCE, {}, **options)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"seconds": 1e-3}, {"rtol": 0.0, "atol": 0.0}])
def test_what_makes_sense_is_taken(options) -> None:
    assert Request(SOURCE, {}, **options).check


def test_surroundings_need_only_an_output() -> None:
    surroundings = Surroundings(StreamOutput())
    surroundings.tell("a line")
    assert surroundings.clock.now() <= surroundings.clock.now()
    assert surroundings.free_memory() > 0
