from __future__ import annotations

import json

import pytest
import torch

import dlmagic
from dlmagic.errors import InputError


@pytest.mark.alone
def test_functions_are_alternatives() -> None:
    def slow(values: list[int]) -> int:
        return sum(sorted(values * 50))

    def fast(values: list[int]) -> int:
        return sum(values) * 50

    result = dlmagic.bench(slow, fast, args=[[3, 1, 2]], time=1.0)
    assert result["fast"].verdict == "faster"
    assert result["fast"].speedup_interval[0] > 1
    assert result["fast"].agrees is True


def test_one_function_of_tensors_runs_in_modes() -> None:
    def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a @ b

    a = torch.randn(4, 4)
    result = dlmagic.bench(product, args=[a, a], modes=["eager", "trace"], time=0.2)
    assert result["trace"].status == "ok", result["trace"].reason
    assert result["trace"].agrees is True


def test_text_finds_the_names_of_its_caller() -> None:
    numbers = [1, 2, 3]
    result = dlmagic.bench("sum(numbers)", time=0.05)
    assert result["python"].status == "ok"
    assert numbers == [1, 2, 3]


def test_functions_of_one_name_are_told_apart() -> None:
    result = dlmagic.bench(lambda: 1, lambda: 1, time=0.05)
    assert [arm.name for arm in result.arms] == ["function_1", "function_2"]


@pytest.mark.parametrize("code", [(), (1,), ("1", print), ("1", "2")])
def test_other_arguments_are_refused_in_one_line(code: tuple[object, ...]) -> None:
    with pytest.raises(InputError, match=r"^bench\(\) takes") as caught:
        dlmagic.bench(*code)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_the_result_is_kept_as_json() -> None:
    result = dlmagic.bench("1 + 1", time=0.05)
    again = dlmagic.BenchResult.from_json(result.to_json())
    assert again == result
    assert json.loads(result.to_json())


def test_costs_are_asked_for_by_the_same_words() -> None:
    x = torch.ones(16, 16)
    result = dlmagic.bench(
        "x @ x", modes=["plain"], time=0.05, memory=True, flops=True, energy=True, cold=True
    )
    assert result.cold
    assert result["plain"].flops == 2 * 16**3
    assert x.sum() == 256
    row = result.to_dataframe().loc["plain"]
    assert row["bytes_moved"] == 3 * 4 * 16 * 16
    assert row["flop_rate"] == result["plain"].flop_rate
    assert dlmagic.BenchResult.from_json(result.to_json()) == result


def test_modes_may_be_written_as_in_the_magic() -> None:
    result = dlmagic.bench("x * 2", namespace={"x": torch.ones(3)}, modes="eager, trace", time=0.05)
    assert [arm.name for arm in result.arms] == ["eager", "trace"]
