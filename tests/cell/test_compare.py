"""Outcomes that are right and outcomes that are wrong, told apart."""

from __future__ import annotations

import tracemalloc
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from dlmagic.cell.compare import Agreement, Tolerance, compare, freeze
from dlmagic.frameworks.protocol import ArrayView

torch = pytest.importorskip("torch")  # test_compare_numpy.py does without


class Tensors:
    """Reads tensors; no more of PyTorch is needed here."""

    def as_array(self, value: object) -> ArrayView | None:
        if not isinstance(value, torch.Tensor):
            return None
        name = str(value.dtype).removeprefix("torch.")
        plain = torch.zeros(value.shape) if value.is_meta else value.detach()
        numbers = plain.float() if name in ("bfloat16", "float8_e4m3fn") else plain
        return ArrayView(name, tuple(value.shape), str(value.device), numbers.numpy())

    def comparable(self, value: object) -> object:
        return value


def agreement(
    reference: object,
    other: object,
    tolerance: Tolerance | None = None,
    referee: object = None,
) -> Agreement:
    frozen = [freeze({"y": value}, [Tensors()]) for value in (reference, other)]
    truth = None if referee is None else freeze({"y": referee}, [Tensors()])
    return compare(*frozen, tolerance, truth)


Pair = namedtuple("Pair", "mean spread")


@dataclass
class Batch:
    inputs: torch.Tensor
    labels: list[int]


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


x = numbers(6, 5)
one_wrong = x.clone()
one_wrong[2, 3] *= 1.01
with_nan = x.clone()
with_nan[0, 0] = torch.nan
with_infinity = x.clone()
with_infinity[0, 0] = torch.inf
cyclic: list[object] = [1]
cyclic.append(cyclic)
cyclic_otherwise: list[object] = [1]
cyclic_otherwise.append([cyclic_otherwise])

WRONG = {
    "one value by 1 %": (x, one_wrong, "y: 1 of 30 values differs, by up to"),
    "all values by 1 %": (x, x * 1.01, "30 of 30 values differ"),
    "the sign": (x, -x, "relative to the largest value 2"),
    "transposed": (x, x.T.contiguous(), "shape (5, 6) instead of (6, 5)"),
    "an axis lost": (x.unsqueeze(0), x, "shape (6, 5) instead of (1, 6, 5)"),
    "float64": (x, x.double(), "dtype float64 instead of float32"),
    "bfloat16": (x, x.bfloat16(), "dtype bfloat16 instead of float32"),
    "another device": (x, torch.empty_like(x, device="meta"), "device meta instead of cpu"),
    "NaN": (x, with_nan, "1 of 30 values is NaN or infinite in only one of both"),
    "no NaN": (with_nan, x, "NaN or infinite"),
    "infinity": (x, with_infinity, "NaN or infinite"),
    "infinity for NaN": (with_nan, with_infinity, "NaN or infinite"),
    "minus infinity": (with_infinity, -with_infinity, "NaN or infinite"),
    "zeros": (x, torch.zeros_like(x), "30 of 30 values differ"),
    "the previous result": (x, numbers(6, 5, seed=1), "30 of 30 values differ"),
    "a missing key": ({"a": x, "b": x}, {"a": x}, "y['b']: missing"),
    "one more key": ({"a": x}, {"a": x, "b": x}, "y['b']: float32 array of shape (6, 5), where"),
    "a shorter list": ([1, 2], [1], "y[1]: missing, where the reference has int"),
    "a list for a tuple": ((x, x), [x, x], "list instead of tuple"),
    "None": (x, None, "y: None instead of float32 array of shape (6, 5)"),
    "a scalar": (0.5, 0.51, "y: 0.51 instead of 0.5"),
    "an integer": (3, 4, "y: 4 instead of 3"),
    "an integer for a float": (3.0, 3, "int instead of float64"),
    "a truth value": (True, False, "y: False instead of True"),
    "a text": ("loss 0.12", "loss 0.13", "'loss 0.13' instead of 'loss 0.12'"),
    "one index": (torch.tensor([3, 1, 2]), torch.tensor([3, 2, 2]), "1 of 3 values differs"),
    "one truth value": (x > 0, x > 10, "values differ"),
    "a complex phase": (x + 1j * x, x - 1j * x, "30 of 30 values differ"),
    "bfloat16 by 10 %": (x.bfloat16(), x.bfloat16() * 1.1, "values differ"),
    "float16 by 1 %": (x.half(), x.half() * 1.01, "values differ"),
    "in a dataclass": (Batch(x, [1]), Batch(x, [2]), "y.labels[0]: 2 instead of 1"),
    "in a named tuple": (Pair(x, 1.0), Pair(x, 2.0), "y.spread: 2 instead of 1"),
    "in a long list": ([0.5] * 99 + [1.0], [0.5] * 100, "1 of 100 values differs, by up to 0.5"),
    "in a set": ({1, 2}, {1, 3}, "y{2}: missing"),
    "a cycle": (cyclic, cyclic_otherwise, "instead of"),
    "another type": (torch.nn.ReLU(), torch.nn.GELU(), "GELU instead of ReLU"),
    "an object array": (np.array([1, "a"], object), np.array([1, "b"], object), "y[1]: 'b'"),
    "a field": (
        np.zeros(2, [("a", "f4"), ("b", "i4")]),
        np.array([(0, 0), (0, 1)], [("a", "f4"), ("b", "i4")]),
        "y['b']: 1 of 2 values differs, by up to 1",
    ),
    "a date": (np.datetime64("2020-01-01"), np.datetime64("2020-01-02"), "instead of"),
    "a dead gradient of normal size": (x * 1e-3, x * 0, "values differ"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_outcomes_are_caught(case: str) -> None:
    reference, other, words = WRONG[case]
    found = agreement(reference, other)
    assert found.agrees is False
    assert words in found.reason


def wrong_in_size(change: torch.Tensor) -> Agreement:
    referee = freeze({"y": x.double()}, [Tensors()])
    return compare(freeze({"y": x}, [Tensors()]), freeze({"y": change}, [Tensors()]), None, referee)


@pytest.mark.parametrize("factor", [1.01, 1.001, 0.0, -1.0])
def test_a_referee_does_not_excuse_a_wrong_outcome(factor: float) -> None:
    assert wrong_in_size(x * factor).agrees is False
    tiny = x * 1e-9
    assert agreement(tiny, tiny * factor, referee=tiny.double()).agrees is False


def reordered(seed: int, size: int) -> tuple[object, object, object]:
    values = numbers(size, seed=seed)
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    return values.cumsum(0)[-1], values[order].cumsum(0)[-1], values.double().sum()


def fused(seed: int, size: int) -> tuple[object, object, object]:
    a, b, c = (numbers(size, seed=seed + shift) for shift in range(3))
    return a * b + c, torch.addcmul(c, a, b), a.double() * b.double() + c.double()


def two_matmuls(seed: int, size: int, dtype: torch.dtype) -> tuple[object, object, object]:
    a, b = numbers(32, size, seed=seed, dtype=dtype), numbers(size, 8, seed=seed + 1, dtype=dtype)
    half = size // 2
    pieces = a[:, :half] @ b[:half] + a[:, half:] @ b[half:]
    return a @ b, pieces, a.double() @ b.double()


def normalised(seed: int, size: int) -> tuple[object, object, object]:
    a = numbers(16, size, seed=seed) * 10 + 3
    by_hand = (a - a.mean(1, keepdim=True)) / (a.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    layer = torch.nn.functional.layer_norm
    return layer(a, (size,)), by_hand, layer(a.double(), (size,))


def vanishing_gradient(seed: int, size: int) -> tuple[object, object, object]:
    """A bias before a normalisation has no gradient but rounding errors."""
    a = numbers(64, size, seed=seed)
    gradient = torch.softmax(a, 1) - torch.softmax(a, 1)[:, torch.arange(size)]
    first = (gradient + (a - a.mean(0))).sum(0)
    second = (a - a.mean(0) + gradient).flip(0).sum(0)
    wide = a.double()
    return first, second, (wide - wide.mean(0)).sum(0)


BENIGN = {
    **{f"sum in another order {s}": reordered(s, 1000 * s + 10) for s in range(10)},
    **{f"fused multiply and add {s}": fused(s, 1000) for s in range(10)},
    **{
        f"matrix product in two pieces, {dtype} {s}": two_matmuls(s, 256, dtype)
        for s in range(5)
        for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16)
    },
    **{f"layer norm by hand {s}": normalised(s, 128) for s in range(10)},
    **{f"vanishing gradient {s}": vanishing_gradient(s, 16) for s in range(10)},
}


@pytest.mark.parametrize("case", BENIGN)
def test_right_outcomes_raise_no_alarm(case: str) -> None:
    reference, other, referee = BENIGN[case]
    found = agreement(reference, other, referee=referee)
    assert found.agrees is True, found
    assert found.max_error is not None


def test_there_are_as_many_cases_as_promised() -> None:
    assert len(WRONG) >= 20
    assert len(BENIGN) >= 50


EQUAL = {
    "nothing": None,
    "NaN and infinities": torch.tensor([torch.nan, torch.inf, -torch.inf, 1.0]),
    "empty": torch.empty(0, 3),
    "no axes": torch.tensor(2.5),
    "bfloat16": x.bfloat16(),
    "an 8 bit float": x.to(torch.float8_e4m3fn),
    "complex": torch.complex(x, x),
    "integers": torch.arange(5),
    "truth values": x > 0,
    "transposed": x.T,
    "a huge integer": 10**5000,
    "bytes": bytearray(b"abc"),
    "a decimal": Decimal("0.1"),
    "NumPy": [np.float32(1.5), np.str_("a"), np.datetime64("NaT", "s"), np.array(["a", "b"])],
    "containers": OrderedDict(a=defaultdict(list, {1: [x]}), b=deque([1.0]), c={(1, 2), "a"}),
    "attributes": [SimpleNamespace(a=x), Batch(x, [1]), Pair(x, 2)],
    "a cycle": cyclic,
    "keys that are objects": {torch.nn.ReLU(): 1, torch.nn.ReLU(): 2},
    "long lists": [[0.1] * 50, list(range(50)), (1.0,) * 40],
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_outcomes_are_identical(case: str) -> None:
    found = agreement(EQUAL[case], EQUAL[case])
    assert found.agrees is True
    assert found.reason == "identical"


SCALARS = {
    "an integer": (np.int64(3), 3, 4),
    "a truth value": (np.bool_(True), True, False),
    "a float32": (np.float32(0.1), float(np.float32(0.1)), 0.2),
    "a complex64": (np.complex64(0.1j), complex(np.complex64(0.1j)), 0.2j),
    "a long list of float64": ([np.float64(0.1)] * 50, [0.1] * 50, [0.2] * 50),
    "a long list of float32": (
        [np.float32(0.1)] * 50, [float(np.float32(0.1))] * 50, [0.2] * 50,
    ),
    "a long list of integers": ([np.int64(3)] * 50, [3] * 50, [4] * 50),
}  # fmt: skip


@pytest.mark.parametrize("case", SCALARS)
def test_a_scalar_of_numpy_is_the_number_that_it_holds(case: str) -> None:
    numpys, pythons, other = SCALARS[case]
    for pair in ((numpys, pythons), (pythons, numpys)):
        assert agreement(*pair).agrees is True
    assert agreement(numpys, other).agrees is False
    assert agreement(other, numpys).agrees is False


@pytest.mark.parametrize(
    ("number", "tensor", "agrees"),
    [
        (0.1, torch.tensor(0.1), True),
        (0.1, torch.tensor(0.11), False),
        (5, torch.tensor(5), True),
        (5, torch.tensor(5.0), True),
        (5, torch.tensor(6), False),
        (5.5, torch.tensor(5), False),
        (True, torch.tensor(True), True),
        (True, torch.tensor(1), False),
        (1, torch.tensor(True), False),
        (0.1, torch.tensor([0.1]), False),
    ],
)
def test_a_number_may_be_a_tensor_without_axes(
    number: object, tensor: torch.Tensor, agrees: bool
) -> None:
    """A graph returns a tensor where the same code, run eagerly, returns a number."""
    assert agreement(number, tensor).agrees is agrees
    assert agreement(tensor, number).agrees is agrees


def test_a_whole_number_is_no_truth_value() -> None:
    assert agreement(np.int64(1), True).agrees is False
    assert agreement(1, np.bool_(True)).agrees is False


def test_two_outcomes_with_one_sharing_parts_agree() -> None:
    assert agreement([x, x], [x.clone(), x.clone()]).agrees is True


def test_sharing_over_and_over_takes_no_longer() -> None:
    shared: list[object] = [1]
    for _ in range(60):
        shared = [shared, shared]
    assert agreement(shared, shared).agrees is True


def test_deep_nesting_is_cut_off_and_not_an_error() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert agreement(deep, deep).agrees is None


def test_a_copy_is_detached() -> None:
    changing = x.clone()
    frozen = freeze({"y": changing}, [Tensors()])
    changing.zero_()
    assert compare(freeze({"y": x}, [Tensors()]), frozen).agrees is True
    assert not frozen.items[0][1].values.flags.writeable


def test_objects_known_by_type_only_are_not_compared() -> None:
    found = agreement(torch.nn.ReLU(), torch.nn.ReLU())
    assert (found.agrees, found.reason, found.max_error) == (None, "nothing to compare", None)
    assert compare(freeze({}, []), freeze({}, [])).agrees is None


def test_tiny_values_that_differ_are_called_neither_right_nor_wrong() -> None:
    found = agreement(x * 1e-9, x * -1e-9)
    assert found.agrees is None
    assert "may be rounding" in found.reason


def test_names_are_the_users() -> None:
    first = {"model.fc1.weight.grad": x, "loss": torch.tensor(1.0)}
    second = {"model.fc1.weight.grad": x * 2, "loss": torch.tensor(2.0)}
    found = compare(freeze(first, [Tensors()]), freeze(second, [Tensors()]))
    assert found.reason.startswith("model.fc1.weight.grad: 30 of 30 values differ")
    assert found.reason.endswith("(and 1 more)")
    assert compare(freeze(1, []), freeze(2, [])).reason == "the result: 2 instead of 1"


def test_the_error_is_relative_to_the_largest_value() -> None:
    reference = torch.tensor([0.5, 100.0], dtype=torch.float64)
    found = agreement(reference, reference + torch.tensor([0.0, 1e-6]))
    assert found.max_error == pytest.approx(1e-8, rel=1e-3)
    assert found.reason == "within 1e-8"


def test_the_users_tolerances_decide_alone() -> None:
    assert agreement(x, x * 1.01, Tolerance(rtol=0.02)).agrees is True
    assert agreement(x, x * (1 + 1e-5), Tolerance(rtol=0.0, atol=1e-9)).agrees is False
    strict = Tolerance(rtol=0.0, atol=0.0)
    assert agreement(x, x + 1e-6, strict, referee=x.double()).agrees is False
    assert agreement(x, x, strict).agrees is True
    assert agreement(torch.tensor([1]), torch.tensor([2]), Tolerance(rtol=9.0)).agrees is False


def test_a_python_float_is_as_precise_as_what_it_was_computed_from() -> None:
    loss = x.bfloat16().mean()
    assert agreement([loss, 0.5], [loss, 0.505]).agrees is True
    assert agreement([x, 0.5], [x, 0.505]).agrees is False
    assert agreement(0.5, 0.5000003).agrees is True


def test_near_ties_may_tip_in_float32_as_often_as_in_the_reference() -> None:
    truth = torch.arange(100)
    reference, other = truth.clone(), truth.clone()
    reference[3], other[70] = 4, 71
    assert agreement(reference, other).agrees is False
    assert agreement(reference, other, referee=truth).agrees is True
    assert agreement(truth, other, referee=truth).agrees is False


def test_a_referee_without_the_same_parts_is_left_out() -> None:
    assert agreement(x, x * 2, referee=[1]).agrees is False
    assert agreement(x, x * 2, referee=numbers(2, 2)).agrees is False


def test_large_arrays_are_compared_piece_by_piece() -> None:
    large = np.ones(16_000_000, np.float32)
    tracemalloc.start()
    first, second = freeze({"y": large}, []), freeze({"y": large}, [])
    copied = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert compare(first, second).agrees is True
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert copied < 2.1 * large.nbytes
    assert peak - copied < 0.5 * large.nbytes


def test_noise_beside_noise_is_no_difference() -> None:
    """Squares of a gradient that is zero but for rounding: no digit of either is right."""
    reference, other = np.array([3e-20, 1e-21]), np.array([2e-19, 4e-21])
    truth = {"moment": np.array([1e-34, 3e-36])}
    agreement = compare(
        freeze({"moment": reference.astype(np.float32)}, [Tensors()]),
        freeze({"moment": other.astype(np.float32)}, [Tensors()]),
        referee=freeze(truth, [Tensors()]),
    )
    assert agreement.agrees is True
