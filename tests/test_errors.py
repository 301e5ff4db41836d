"""The words that errors and messages share."""

from __future__ import annotations

import pytest

from dlmagic.errors import nearest, with_article


@pytest.mark.parametrize(
    "spoken",
    [
        "a list",
        "an int",
        "a dict",
        "an OrderedDict",
        "an ndarray",
        "a Tensor",
        "an EagerTensor",
        "a uint8",
        "a UNet",
        "a User",
        "an LSTM",
        "an RNN",
        "a GRU",
        "an MLP",
        "a CNN",
        "an SGD",
        "an HTTPError",
        "a ReLU",
        "a NoneType",
        "an AdamW",
        "an A",
        "a T",
    ],
)
def test_a_name_has_the_article_that_it_is_spoken_with(spoken: str) -> None:
    assert with_article(spoken.split()[1]) == spoken


def test_the_nearest_name_is_offered_or_all_are_listed() -> None:
    assert nearest("compil", ["compile", "eager"]) == "Did you mean compile?"
    assert nearest("x", ["compile", "eager"]) == "Choose from: compile, eager."
    assert nearest("x", []) == ""
