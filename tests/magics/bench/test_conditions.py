"""What is different about the machine, the versions, the threads and the settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmagic.magics.bench.conditions import other_conditions
from tests.magics.bench.examples import ENVIRONMENT

HERE = replace(ENVIRONMENT, settings={"torch": {"default dtype": "torch.float32"}})


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ({"packages": {**HERE.packages, "torch": "2.12.0"}}, ("torch 2.12.0", "torch 2.13.0")),
        ({"threads": {"torch": 8}}, ("8 threads", "2 threads")),
        ({"threads": {"torch": 1}}, ("1 thread", "2 threads")),
        ({"python": "3.11.7"}, ("Python 3.11.7", "Python 3.12.4")),
        ({"cores": 8}, ("8 cores of Example CPU 3000", "2 cores of Example CPU 3000")),
        ({"memory_bytes": 16_000_000_000}, ("16 GB of memory", "8.0 GB")),
        ({"platform": "Linux 6.1"}, ("Linux 6.1", "Linux 6.8")),
        ({"dlmagic": "0.0.9"}, ("dlmagic 0.0.9", "dlmagic 0.1.0")),
        (
            {"settings": {"torch": {"default dtype": "torch.float64"}}},
            ("default dtype torch.float64", "default dtype torch.float32"),
        ),
        (
            {"packages": {**HERE.packages, "torch": "2.12.0"}, "threads": {"torch": 8}},
            ("torch 2.12.0 and 8 threads", "torch 2.13.0 and 2 threads"),
        ),
    ],
)
def test_what_differs_is_named(then: dict[str, Any], words: tuple[str, str]) -> None:
    assert other_conditions(replace(HERE, **then), HERE) == words


@pytest.mark.parametrize(
    "then",
    [
        {},
        {"created": "2020-01-01T00:00:00+00:00"},
        {"memory_bytes": 8_010_000_000},
        {"packages": {**HERE.packages, "jax": "0.5"}},  # imported then, and not now
        {"devices": ("H100",)},  # no driver has been started here
        {"settings": {"jax": {"platform": "cpu"}}},
        {"settings": {}},
    ],
)
def test_what_does_not_matter_is_not(then: dict[str, Any]) -> None:
    assert other_conditions(replace(HERE, **then), HERE) is None


def test_where_one_is_not_known_nothing_is_told() -> None:
    assert other_conditions(None, HERE) is None
    assert other_conditions(HERE, None) is None
