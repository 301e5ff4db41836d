"""What stands after --sweep, read as literals."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmagic.errors import OptionError
from dlmagic.magics.bench.sweep.values import read_sweep, sweep_of

SCALARS = st.one_of(
    st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
TUPLES = st.tuples(st.integers(), TEXTS)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n=64,256,1024", (64, 256, 1024)),
        ("n = 64, 256", (64, 256)),
        ("rate=0.1,1,1e-3", (0.1, 1, 0.001)),
        ("n=-1,+2", (-1, 2)),
        ("n=1_000,0x10", (1000, 16)),
        ("flag=True,False", (True, False)),
        ("mode='sum','a,b'", ("sum", "a,b")),
        ('mode="it\'s","=,"', ("it's", "=,")),
        ("shape=(1, 2),(3, 4)", ((1, 2), (3, 4))),
        ("sizes=[8,8],[16,16]", ([8, 8], [16, 16])),
        ("größe=1,2", (1, 2)),
    ],
)
def test_values_are_read(text: str, values: tuple[object, ...]) -> None:
    assert read_sweep(text).values == values


def test_the_text_of_a_value_is_kept_as_written() -> None:
    assert read_sweep("n=1e3, 0x10").texts == ("1e3", "0x10")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n", "NAME=VALUE,VALUE, not 'n'"),
        ("=1,2", "cannot bind ''"),
        ("n m=1,2", "cannot bind 'n m'"),
        ("class=1,2", "cannot bind 'class'"),
        ("n=64", "two values or more, and n has only 64"),
        ("n=", "lacks a value.*put all in quotes"),
        ("n=64,", "lacks a value.*put all in quotes"),
        ("n=64,,128", "lacks a value"),
        ("n=64,64", "value 64 twice"),
        ("n=64,64.0", "value 64.0 twice"),
        ("n=1,'a'", "one type: 1 is an int, and 'a' is a str"),
        ("n=1,True", "one type: 1 is an int, and True is a bool"),
        ("n=(1,),[1]", "one type"),
        ("mode=sum,prod", "sum is not a literal.*Did you mean the string 'sum'"),
        ("n=2**3,4", r"2\*\*3 is not a literal"),
        ("n=f(1),2", r"f\(1\) is not a literal"),
        ("n=(1,2", "nothing closes"),
        ("n='a,b", r"nothing closes|not a literal"),
        ("n={[]: 1},{}", "not a literal"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        read_sweep(text)
    assert "\n" not in str(caught.value)


def test_no_value_is_run_as_code(tmp_path) -> None:
    made = tmp_path / "made"
    with pytest.raises(OptionError, match="not a literal"):
        read_sweep(f"n=open({str(made)!r}, 'w'),2")
    assert not made.exists()


@settings(max_examples=40)
@given(
    st.one_of(
        *(st.lists(kind, min_size=2, max_size=5, unique=True) for kind in (SCALARS, TEXTS, TUPLES))
    )
)
def test_what_python_writes_is_read_back(values: list[object]) -> None:
    read = read_sweep(f"name={','.join(map(repr, values))}")
    assert read.values == tuple(values)
    assert read == sweep_of({"name": values})


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(OptionError):
        assert len(read_sweep(f"n={text}").values) >= 2


def test_the_function_form_takes_numbers_of_numpy() -> None:
    assert sweep_of({"n": np.array([8, 16])}).values == (8, 16)
    assert sweep_of({"n": range(1, 4)}).texts == ("1", "2", "3")


@pytest.mark.parametrize("mapping", [{}, {"n": [1, 2], "m": [1, 2]}, {"n": [object(), 1]}])
def test_the_function_form_refuses_what_is_no_sweep(mapping) -> None:
    with pytest.raises(OptionError, match=r"one name|not a literal"):
        sweep_of(mapping)
