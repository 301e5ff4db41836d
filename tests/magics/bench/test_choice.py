"""Which modes a cell is timed in, and what the arms are called."""

from __future__ import annotations

import pytest
import torch

from dlmagic.errors import ModeError
from dlmagic.magics.bench.choice import choose
from tests.magics.bench.parts import Steps

TENSOR = {"x": torch.ones(2)}


@pytest.mark.parametrize(
    ("names", "blocks", "modes", "expected"),
    [
        (TENSOR, [None], None, ["eager", "compile"]),
        ({"x": 1}, [None], None, ["python"]),
        (TENSOR, [None], ("compile", "eager"), ["compile", "eager"]),
        (TENSOR, ["a", "b"], None, ["a", "b"]),
        (TENSOR, ["a", "b"], ("eager",), ["a", "b"]),
        (TENSOR, ["a", "b"], ("eager", "trace"), ["a/eager", "a/trace", "b/eager", "b/trace"]),
        ({"x": 1}, [None], ("plain",), ["plain"]),
    ],
)
def test_names_of_the_arms(names, blocks, modes, expected) -> None:
    text = "torch.relu(x)" if names is TENSOR else "x + 1"
    subjects = [Steps(text, names, block).subject for block in blocks]
    for subject in subjects:
        if names is not TENSOR:
            subject.cell.namespace.pop("torch")
    assert [choice.name for choice in choose(subjects, modes)] == expected


@pytest.mark.parametrize(
    ("modes", "words"),
    [
        (("eager", "eager"), "named twice"),
        (("eagr",), "Did you mean eager"),
        (("python",), "this cell computes with PyTorch"),
    ],
)
def test_a_mode_that_does_not_fit_is_refused_in_one_line(modes, words: str) -> None:
    with pytest.raises(ModeError, match=words) as caught:
        choose([Steps("torch.relu(x)", TENSOR).subject], modes)
    assert "\n" not in str(caught.value)
