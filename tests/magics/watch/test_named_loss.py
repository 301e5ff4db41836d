"""The loss by the name that the user's code has for it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

from dlmagic.magics.watch.named_loss import NamedLoss


def asked(loss: NamedLoss) -> Any:
    """As an optimiser's hook asks, some calls below the user's code."""

    def hook() -> Any:
        return loss.value()

    return hook()


def test_it_is_found_in_the_function_that_trains() -> None:
    def train() -> Any:
        loss = 0.5
        return asked(NamedLoss("loss", {})), loss

    assert train() == (0.5, 0.5)


def test_the_innermost_number_of_that_name_counts() -> None:
    def step() -> Any:
        loss = torch.nn.MSELoss()  # a common name for it, but no number
        return asked(NamedLoss("loss", {"loss": 3.0})), loss

    def train() -> Any:
        loss = 0.25
        return step()[0], loss

    assert train()[0] == 0.25


def test_a_loss_of_zero_is_a_loss() -> None:
    def train() -> Any:
        loss = torch.zeros(())
        return asked(NamedLoss("loss", {})), loss

    found, loss = train()
    assert found is loss


@pytest.mark.parametrize("value", [1, 1.5, np.float32(2), np.ones(1), torch.ones(1, 1)])
def test_it_may_stand_in_the_notebook(value: Any) -> None:
    assert asked(NamedLoss("error", {"error": value})) is value


@pytest.mark.parametrize("value", [True, "0.5", None, float, np.ones(2), [1.0], torch.ones(3)])
def test_what_is_no_number_is_no_loss(value: Any) -> None:
    assert asked(NamedLoss("error", {"error": value})) is None


def test_the_name_in_an_optimiser_is_not_meant() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    found = []
    loss = NamedLoss("loss", {"loss": 7.0})
    optimizer.register_step_post_hook(lambda *_: found.append(loss.value()))
    optimizer.step(lambda: torch.tensor(3.0))
    assert found == [7.0]


def test_looking_keeps_nothing_of_the_function_alive() -> None:
    class Large:
        pass

    def train() -> Any:
        large, loss = Large(), 1.0
        kept = weakref.ref(large)
        found = asked(NamedLoss("loss", {}))
        del large
        gc.collect()
        return found, kept() is None, loss

    assert train()[:2] == (1.0, True)


def test_what_the_user_took_by_locals_stays() -> None:
    def train() -> Any:
        loss, width = 1.0, 3
        settings = locals()
        asked(NamedLoss("loss", {}))
        return settings, loss, width

    assert train()[0]["width"] == 3


def test_names_of_a_class_are_not_touched() -> None:
    class Body:
        loss = 2.0
        found = asked(NamedLoss("loss", {"loss": 3.0}))

    assert (Body.loss, Body.found) == (2.0, 3.0)


def test_a_name_that_never_comes_is_told_with_those_near_it() -> None:
    looked = NamedLoss("los", {"lost": 1.0, "data": 2.0})

    def train() -> Any:
        loss = 1.0
        return asked(looked), loss

    assert looked.note() == ""
    assert train()[0] is None
    assert looked.note() == (
        "No number called los was seen while it trained. Near it are: lost, loss."
    )


def test_a_name_that_comes_late_is_not_told() -> None:
    names: dict[str, object] = {}
    looked = NamedLoss("loss", names)
    asked(looked)
    names["loss"] = 1.0
    asked(looked)
    assert looked.note() == ""
