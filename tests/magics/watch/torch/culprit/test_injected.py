"""Whoever makes the first NaN or Inf is named, wherever in whatever model it is."""

from __future__ import annotations

import pytest
import torch

from tests.magics.watch.torch.culprit.injecting import Injection, injections, train
from tests.magics.watch.torch.culprit.watching import culprits


def wrong(count: int, seed: int) -> list[str]:
    """Injections whose culprit was not named, and who was."""
    return [text for each in injections(count, seed) if (text := told_wrongly(each))]


def told_wrongly(injection: Injection) -> str:
    optimizer = torch.optim.SGD(injection.model.parameters(), 1e-3)
    with culprits(injection.model) as found:
        train(injection, optimizer)
    if found and injection.is_right(found[0]):
        return ""
    return f"{injection.title}, step {injection.step}: {found[0] if found else 'nothing'}"


def test_thirty_culprits_are_named() -> None:
    assert wrong(30, seed=1) == []


@pytest.mark.prove
def test_nearly_all_of_two_hundred_culprits_are_named() -> None:
    missed = wrong(200, seed=2)
    assert len(missed) <= 4, "\n".join(missed)
