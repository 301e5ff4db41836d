"""What the words of a request mean."""

from __future__ import annotations

from typing import Any

import pytest

from dlmagic.errors import OptionError
from dlmagic.magics.watch.request import WatchRequest
from dlmagic.magics.watch.watcher import Rate


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ({}, Rate(0.01)),
        ({"budget": "1%"}, Rate(0.01, binding=True)),
        ({"budget": "0.5 %"}, Rate(0.005, binding=True)),
        ({"budget": 0.02}, Rate(0.02, binding=True)),
        ({"budget": "100%"}, Rate(1.0, binding=True)),
        ({"every": "5"}, Rate(0.01, 5)),
        ({"every": 1, "exact": True}, Rate(0.01, 1, exact=True)),
    ],
)
def test_how_often(words: dict[str, Any], rate: Rate) -> None:
    assert WatchRequest.of(**words).rate == rate


@pytest.mark.parametrize("value", ["nan,explode", "nan, explode", ("nan", "explode")])
def test_what_to_stop_on(value: Any) -> None:
    assert WatchRequest.of(stop_on=value).stop_on == ("nan", "explode")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"budget": "3"}, "--budget takes a share of the time, such as 1%, not '3'"),
        ({"budget": "0%"}, "--budget takes"),
        ({"budget": "much"}, "--budget takes"),
        ({"budget": True}, "--budget takes"),
        ({"every": "0"}, "--every takes a number of steps from 1 on, not '0'"),
        ({"every": "2.5"}, "--every takes"),
        ({"every": "-1"}, "--every takes"),
        ({"every": 2, "budget": "1%"}, "Only one of --every and --budget"),
        ({"stop_on": "na"}, "--stop-on does not take 'na'. Did you mean nan?"),
        ({"stop_on": ""}, "--stop-on does not take ''"),
        ({"loss": "a loss"}, "--loss takes the name of a variable, not 'a loss'"),
        ({"to": "wandb:x"}, "--to takes wandb, tensorboard or tensorboard:FOLDER"),
        ({"to": "tensorbord"}, "--to does not take 'tensorbord'. Did you mean tensorboard?"),
    ],
)
def test_slips_are_named_as_they_were_written(words: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        WatchRequest.of(**words, dashes=True)


def test_the_twin_calls_its_arguments_by_their_names() -> None:
    with pytest.raises(OptionError, match="stop_on does not take 'never'"):
        WatchRequest.of(stop_on="never")
