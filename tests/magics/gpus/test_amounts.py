"""Sizes, times and shares as people write them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.errors import OptionError
from dlmagic.magics.gpus.amounts import bytes_of, count_of, percent_of, seconds_of

UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
BINARY = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8GB", 8_000_000_000),
        ("500 MiB", 500 * 2**20),
        ("1.5g", 1_500_000_000),
        ("80gib", 80 * 2**30),
        ("0B", 0),
        ("12b", 12),
        (8_000, 8_000),
        (8e9, 8_000_000_000),
    ],
)
def test_sizes(text: str | float, size: int) -> None:
    assert bytes_of(text, "--min-free") == size


@pytest.mark.parametrize(
    "text", ["8", "8 bananas", "bananas", "", "GB", "-8GB", "8GB 2", "1e9B", "8,5GB", "٨GB ", "nan"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(OptionError, match="--min-free takes a size with its unit, such as 8GB"):
        bytes_of(text, "--min-free")


@pytest.mark.parametrize("number", [-1, True, math.nan, math.inf, 2**64])
def test_numbers_that_are_no_size(number: float) -> None:
    with pytest.raises(OptionError, match="min_free takes a size"):
        bytes_of(number, "min_free")


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS | BINARY)), st.sampled_from(["", " "]))
def test_any_number_with_any_unit(number: int, unit: str, gap: str) -> None:
    expected = number * (UNITS | BINARY)[unit]
    for written in (unit, unit.lower(), unit.upper()):
        assert bytes_of(f"{number}{gap}{written}", "--min-free") == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("10 min", 600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2H", 7200),
        ("1d", 86400),
        ("500ms", 0.5),
        ("0s", 0),
        ("forever", math.inf),
        ("Forever", math.inf),
        (600, 600),
        (0.5, 0.5),
        (math.inf, math.inf),
    ],
)
def test_times(text: str | float, seconds: float) -> None:
    assert seconds_of(text, "--wait") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["2", "", "m", "-1s", "10 bananas", "for ever", "1h30", "inf"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(OptionError, match="--wait takes a time with its unit, such as 30s, 10m"):
        seconds_of(text, "--wait")


@given(st.integers(0, 1000), st.integers(0, 59), st.integers(0, 59))
def test_times_of_several_units_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert seconds_of(f"{hours}h{minutes}m{seconds}s", "--wait") == (
        hours * 3600 + minutes * 60 + seconds
    )


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_one_line(text: str) -> None:
    for convert in (bytes_of, seconds_of, percent_of, count_of):
        assert outcome(convert, text) in ("an amount", "--x takes")


def outcome(convert: Callable[..., float], text: str) -> str:
    try:
        return "an amount" if convert(text, "--x") >= 0 else "nonsense"
    except OptionError as error:
        return " ".join(str(error).split()[:2])


@pytest.mark.parametrize(("text", "share"), [("10", 10), ("10%", 10), ("0", 0), (100, 100)])
def test_shares(text: str | int, share: float) -> None:
    assert percent_of(text, "--max-util") == share


@pytest.mark.parametrize("text", ["200", "101%", "-1", "ten", "", 100.5])
def test_what_is_no_share(text: str | float) -> None:
    with pytest.raises(OptionError, match="--max-util takes a percentage from 0 to 100"):
        percent_of(text, "--max-util")


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "", 0, True, "٣", "²"])
def test_what_is_no_number_of_gpus(text: str | int) -> None:
    with pytest.raises(OptionError, match="pick takes a number of GPUs, 1 or more"):
        count_of(text, "pick")
    assert count_of(" 8 ", "pick") == 8
