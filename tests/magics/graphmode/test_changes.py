"""What a compiler says has changed, in one wording."""

from __future__ import annotations

import pytest

from dlmagic.magics.graphmode.changes import change_of, evaluate
from dlmagic.magics.graphmode.kinds import differences, kind_of

WEIGHT = "model._modules['0']._parameters['weight']"
STATE_OF_AN_OPTIMIZER = (
    "the state of an optimizer is another object now, as where each run of the cell makes its "
    "first step"
)
NAMES = {"n": 3, "config": {"a": 7}, "items": [1, 2], "model": type("Model", (), {"k": 5})}


def value_of(expression: str) -> object:
    return evaluate(expression, NAMES)


@pytest.mark.parametrize(
    ("reason", "name", "text"),
    [
        (
            "tensor 'x' size mismatch at index 0. expected 3, actual 4",
            "x",
            "the length of axis 0 of x is 4 now, and was 3",
        ),
        (
            "tensor 'x' rank mismatch. expected 1, actual 2",
            "x",
            "the number of axes of x is 2 now, and was 1",
        ),
        (
            "tensor 'x' dtype mismatch. expected Float, actual Double",
            "x",
            "the dtype of x is float64 now, and was float32",
        ),
        (
            "tensor 'x' requires_grad mismatch. expected requires_grad=1",
            "x",
            "x no longer requires a gradient",
        ),
        (
            "tensor 'x' requires_grad mismatch. expected requires_grad=0",
            "x",
            "x requires a gradient",
        ),
        (
            "___check_obj_id(L['self'].held[list(dict.keys(L['self'].held))[0]]['a'], 7)",
            "self.held[...]['a']",
            "self.held[...]['a'] is another object now",
        ),
        (
            "___check_obj_id(L['self'].state[list(dict.keys(L['self'].state))[0]]['a'], 7)",
            "",
            STATE_OF_AN_OPTIMIZER,
        ),
        (
            "___check_obj_id(self.state[list(dict.keys(self.state))[0]]['step'], 7)",
            "",
            STATE_OF_AN_OPTIMIZER,
        ),
        ("n == 3", "n", "n is no longer 3"),
        ("n == 1", "n", "n is 3 now, and was 1"),
        ("G['config']['a'] == 1", "config['a']", "config['a'] is 7 now, and was 1"),
        ("L['model'].k == 1", "model.k", "model.k is 5 now, and was 1"),
        ("gone == 1", "gone", "gone is no longer 1"),
        ("len(items) == 1", "items", "items has 2 items now, and had 1"),
        ("len(items) == 2", "items", "items no longer has 2 items"),
        ("not items", "items", "items is no longer empty"),
        (
            f"tensor '{WEIGHT}' size mismatch at index 0. expected 3, actual 4",
            "model[0].weight",
            "the length of axis 0 of model[0].weight is 4 now, and was 3",
        ),
        (
            "Cache line invalidated because L['args'][0] got deallocated",
            "",
            "an object that it was compiled for is gone, as one that every run makes anew",
        ),
        ("something new in PyTorch.", "", "something new in PyTorch"),
        ("", "", "the compiler does not say what has changed"),
    ],
)
def test_reasons_in_words(reason: str, name: str, text: str) -> None:
    change = change_of(reason, value_of)
    assert change is not None
    assert not change.follows
    assert (change.name, change.text) == (name, text)


def test_what_may_only_follow_from_another_change_is_marked() -> None:
    reason = "tensor '___stack0' size mismatch at index 0. expected 3, actual 4"
    change = change_of(reason, value_of)
    assert change is not None
    assert (change.name, change.follows) == ("", True)
    assert change.text == "the length of axis 0 of an intermediate result is 4 now, and was 3"


def test_where_a_loop_goes_on_behind_a_break_is_no_change_of_a_users_value() -> None:
    assert change_of("___stack0.__reduce__()[1][0] == (1, 6, 1)", value_of) is None


@pytest.mark.parametrize("expression", ["f()", "n + 1", "gone", "config['b']", "n.real.gone", "("])
def test_only_names_attributes_and_items_are_looked_up(expression: str) -> None:
    with pytest.raises(LookupError):
        value_of(expression)


class Array:
    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, dtype


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (Array((2, 3), "float32"), Array((2, 4), "float32"), "the length of axis 1 of v is 4"),
        (Array((2,), "float32"), Array((2, 4), "float32"), "the number of axes of v is 2"),
        (Array((2,), "float32"), Array((2,), "float64"), "the dtype of v is float64 now"),
        (1, 2, "v is 2 now, and was 1"),
    ],
)
def test_differences_of_arguments_are_told_alike(old: object, new: object, text: str) -> None:
    (difference,) = differences({"v": kind_of(old)}, {"v": kind_of(new)})
    change = change_of(difference.reason, lambda _: new)
    assert change.text.startswith(text)


def test_equal_arguments_explain_nothing() -> None:
    (unknown,) = differences({"v": kind_of(1)}, {"v": kind_of(1)})
    assert unknown.reason == ""
