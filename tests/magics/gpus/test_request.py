"""What a request means, in the words of the magic and of the function."""

from __future__ import annotations

import math

import pytest

from dlmagic.errors import OptionError
from dlmagic.magics.gpus.request import PickRequest


def test_without_words_one_gpu_is_wanted_at_once() -> None:
    assert PickRequest.of() == PickRequest(1, None, None, 0.0, None)


def test_all_words() -> None:
    found = PickRequest.of("2", min_free="8GB", max_util="10", wait="forever", form="uuid")
    assert found == PickRequest(2, 8_000_000_000, 10.0, math.inf, "uuid")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"count": "0"}, "%gpus pick takes"),
        ({"count": "bananas", "min_free": "8"}, "--min-free takes"),
        ({"wait": "2"}, "--wait takes"),
        ({"max_util": "200"}, "--max-util takes"),
        ({"form": "uid"}, "--as does not take 'uid'. Did you mean uuid?"),
    ],
)
def test_slips_are_named_as_they_were_written(words: dict[str, str], named: str) -> None:
    with pytest.raises(OptionError) as raised:
        PickRequest.of(**words, dashes=True)
    assert str(raised.value).startswith(named)
    with pytest.raises(OptionError) as raised:
        PickRequest.of(**words)
    assert "--" not in str(raised.value)
