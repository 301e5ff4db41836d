from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dlmagic.display import units
from dlmagic.display.units import Ratio, about, data_size, fixed, seconds, time_scale, tiny

SIZES = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
durations = st.floats(1e-9, 1e6)


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(units).failed == 0


def value_and_digits(text: str) -> tuple[float, float, str]:
    """The time that a text says, the place of its last digit, and the number."""
    number, unit = text.split(" ")
    _, _, decimals = number.partition(".")
    place = 10.0 ** -len(decimals) * SIZES[unit]
    return float(number.replace(",", "")) * SIZES[unit], place, number


@given(durations)
def test_a_time_is_right_to_three_digits_and_never_four_before_the_point(value: float) -> None:
    shown, place, number = value_and_digits(seconds(value))
    assert abs(shown - value) <= place * 0.5001
    assert abs(shown - value) <= value * 0.00501
    assert value > 3600 or float(number) < 1000


@given(durations, st.floats(0.001, 1))
def test_digits_follow_the_uncertainty(value: float, relative: float) -> None:
    uncertainty = value * relative
    shown, place, number = value_and_digits(seconds(value, uncertainty))
    assert abs(shown - value) <= place * 0.5001
    digits = len(number.replace(".", "").replace(",", "").lstrip("0"))
    if digits > 3 and float(number.replace(",", "")) < 100:  # no digit that is only noise
        assert place >= uncertainty * 0.0499


@given(durations, durations)
def test_a_longer_time_is_never_shown_as_a_shorter_one(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert value_and_digits(seconds(low))[0] <= value_and_digits(seconds(high))[0] * 1.0051


@pytest.mark.parametrize(
    ("value", "uncertainty", "text"),
    [
        (0.0, None, "0 s"),
        (9.9996e-4, None, "1.00 ms"),
        (0.99999, None, "1.00 s"),
        (1.2e-10, None, "0.120 ns"),
        (0.0123456, 0.004, "12 ms"),
        (0.0123456, 0.00003, "12.35 ms"),
        (0.0123456, 0.0, "12.35 ms"),
        (12.3, 0.2, "12.3 s"),
        (119, None, "119 s"),
        (130, None, "2.17 min"),
        (8000, None, "2.22 h"),
        (math.nan, None, "unknown"),
        (math.inf, None, "unknown"),
    ],
)
def test_times(value: float, uncertainty: float | None, text: str) -> None:
    assert seconds(value, uncertainty) == text


def test_an_interval_shares_unit_and_decimals_with_its_value() -> None:
    scale = time_scale(0.99e-3, 0.03e-3)
    assert scale.text(0.99e-3) == "990 µs"
    assert scale.span((0.96e-3, 1.02e-3)) == "960 to 1,020 µs"


@pytest.mark.parametrize(
    ("value", "interval", "text", "turned"),
    [
        (3.1, (2.8, 3.3), "3.1x (2.8 to 3.3)", "0.32x (0.30 to 0.36)"),
        (0.5, (0.48, 0.52), "0.50x (0.48 to 0.52)", "2.00x (1.92 to 2.08)"),
        (1.0, (1.0, 1.0), "1.00x (1.00 to 1.00)", "1.00x (1.00 to 1.00)"),
        (1234.5, (1000, 1500), "1,234x (1,000 to 1,500)", "0.00081x (0.00067 to 0.00100)"),
        (2.0, None, "2.00x", "0.500x"),
    ],
)
def test_ratios(value: float, interval: tuple[float, float] | None, text: str, turned: str) -> None:
    ratio = Ratio(value, interval)
    assert (ratio.with_span(), ratio.inverse.with_span()) == (text, turned)


def test_an_interval_that_leaves_out_1_is_seen_to_do_so() -> None:
    assert Ratio(1.2, (1.001, 1.5)).span() == "1.001 to 1.500"
    assert Ratio(0.8, (0.5, 0.999)).span() == "0.500 to 0.999"
    assert Ratio(1.2, (0.98, 1.4)).span() == "1.0 to 1.4"
    assert Ratio(1.005, (0.997, 1.071)).span() == "1.00 to 1.07"


@given(st.floats(0.01, 100), st.floats(0.003, 0.5), st.floats(0.003, 0.5))
def test_an_interval_shown_stays_around_its_ratio(value: float, below: float, above: float) -> None:
    ratio = Ratio(value, (value * (1 - below), value * (1 + above)))
    low, high = (float(end) for end in ratio.span().split(" to "))
    assert low <= float(str(ratio)[:-1]) <= high
    assert low < high or above + below < 0.02


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (42, "42"),
        (9387, "9,400"),
        (999_999, "1.0 million"),
        (3e9, "3.0 billion"),
    ],
)
def test_estimates_have_two_digits(value: float, text: str) -> None:
    assert about(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (2.3e-7, "2e-7"),
        (0.034, "0.03"),
        (0.0096, "0.01"),
        (9.6e-8, "1e-7"),
        (2e4, "2e4"),
    ],
)
def test_errors_have_one_digit(value: float, text: str) -> None:
    assert tiny(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (900, "900 B"), (999_999, "1.0 MB"), (1.5e9, "1.5 GB"), (2e15, "2,000 TB")],
)
def test_sizes_are_in_powers_of_a_thousand(value: float, text: str) -> None:
    assert data_size(value) == text


@given(st.floats(-1e6, 1e6), st.integers(-2, 4))
def test_nothing_is_minus_zero(value: float, decimals: int) -> None:
    text = fixed(value, decimals)
    assume(float(text.replace(",", "")) == 0)
    assert not text.startswith("-")
