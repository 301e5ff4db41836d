"""Warnings name the place that a plain run names, and errors have its traceback."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as users write it
from torch import nn

from dlmagic.frameworks.torch.operation_recorder import OperationRecorder

Place = tuple[str, int, str, str]
COLUMN, ROW = torch.ones(3, 1, requires_grad=True), torch.zeros(3)


def by_function() -> object:
    return F.mse_loss(COLUMN, ROW)


def by_module() -> object:
    return nn.L1Loss()(COLUMN, ROW)


def by_two_levels() -> object:
    return F.softmax(COLUMN)  # type: ignore[call-arg]  # that is what it warns of


def by_module_of_two_levels() -> object:
    return nn.Softmax()(COLUMN)


def by_compiled_code() -> object:
    return torch.tensor(COLUMN)


def by_attribute() -> object:
    return (COLUMN * 2).grad


WARNING = [
    by_function,
    by_module,
    by_two_levels,
    by_module_of_two_levels,
    by_compiled_code,
    by_attribute,
]


def places(call: Callable[[], object]) -> list[Place]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [(w.filename, w.lineno, w.category.__name__, str(w.message)) for w in caught]


def under_watch(call: Callable[[], Any]) -> Any:
    with OperationRecorder(__file__, lambda _event: None):
        return call()


@pytest.mark.parametrize("call", WARNING)
def test_a_warning_names_the_place_of_a_plain_run(call: Callable[[], object]) -> None:
    plain = places(call)
    assert len(plain) == 1
    assert places(lambda: under_watch(call)) == plain


def test_what_was_shown_once_for_a_line_is_not_shown_again_under_watch() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            by_function()
            under_watch(by_function)
        under_watch(by_compiled_code)
        by_compiled_code()
    assert len(caught) == 2


def test_filters_for_the_users_own_module_apply() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", category=UserWarning, module=__name__.replace(".", r"\."))
        with pytest.raises(UserWarning, match="Using a target size"):
            under_watch(by_function)


@pytest.mark.parametrize("call", [lambda: COLUMN @ COLUMN, lambda: F.nll_loss(COLUMN, ROW)])
def test_an_error_shows_no_code_that_only_seems_to_call(call: Callable[[], object]) -> None:
    def frames(run: Callable[[], object]) -> list[traceback.FrameSummary]:
        with pytest.raises(RuntimeError) as error:
            run()
        return list(traceback.extract_tb(error.value.__traceback__))

    def own(steps: list[traceback.FrameSummary]) -> list[str]:
        return [step.name for step in steps if step.filename == __file__]

    plain, watched = frames(call), frames(lambda: under_watch(call))
    assert own(watched) == ["frames", "<lambda>", "under_watch", "<lambda>"]
    assert own(plain) == ["frames", "<lambda>"]
    ends = [step for step in plain if step.filename != __file__]
    assert [(s.filename, s.lineno) for s in watched[len(watched) - len(ends) :]] == [
        (s.filename, s.lineno) for s in ends
    ]
