"""Reading ``--calls``."""

from __future__ import annotations

import pytest

from dlmagic.errors import OptionError
from dlmagic.magics.graphmode.calls import Calls, read_calls


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("n=8,16,16", Calls("n", ("8", "16", "16"))),
        (" n = 8 ", Calls("n", ("8",))),
        ("x=f(1, 2),g[3, 4]", Calls("x", ("f(1, 2)", "g[3, 4]"))),
        ("s='a=b'", Calls("s", ("'a=b'",))),
    ],
)
def test_a_name_and_its_values(text: str, calls: Calls) -> None:
    assert read_calls(text) == calls


@pytest.mark.parametrize("text", ["", "n", "n=", "=8", "1=8", "n=8 9", "n=(", "a.b=1"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OptionError, match=r'--calls "n=8,16,16"') as caught:
        read_calls(text)
    assert "\n" not in str(caught.value)


def test_values_are_those_of_the_notebook() -> None:
    assert read_calls("n=k,k + 1").values({"k": 3}) == [3, 4]


def test_a_value_that_fails_is_named() -> None:
    with pytest.raises(OptionError, match="gone raises NameError"):
        read_calls("n=gone").values({})


def test_a_name_that_the_cell_does_not_read_is_refused() -> None:
    with pytest.raises(OptionError, match=r"which the cell does not read\. It reads a, b\."):
        read_calls("n=1").require_read(("a", "b"), {"n": 1})


def test_a_name_without_a_value_for_the_first_run_is_refused() -> None:
    with pytest.raises(OptionError, match="Write n = 8 in a cell above"):
        read_calls("n=8,16").require_read(("n",), {})
