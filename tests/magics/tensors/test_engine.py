"""Every tensor of a notebook is found once, with what shares its memory and what keeps it."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import dlmagic
from dlmagic.errors import InputError, OptionError
from dlmagic.magics.tensors.engine import table_of
from dlmagic.magics.tensors.request import Request
from dlmagic.magics.tensors.result import TensorTable


def table(namespace: dict[str, object], **options: Any) -> TensorTable:
    return table_of(Request(namespace, **options))


def names(found: TensorTable) -> list[str]:
    return [each.name for each in found.tensors]


def test_names_containers_and_objects_lead_to_tensors() -> None:
    trainer = Trainer(nn.Linear(2, 2))
    namespace: dict[str, object] = {
        "x": torch.ones(3),
        "batch": (torch.ones(2), {"labels": np.arange(2)}),
        "trainer": trainer,
        "text": "x",
        "_hidden": torch.ones(1),
        "numbers": list(range(1000)),
    }
    found = table(namespace)
    assert names(found) == ["batch[0]", "batch[1]['labels']", "trainer.model", "x"]
    assert found["trainer.model"].remark == "2 tensors"
    assert found["trainer.model"].nbytes == 24
    assert found.complete


class Trainer:
    """An object of the user's."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.again = self


def test_large_containers_have_one_row() -> None:
    found = table({"parameters": {f"w{k}": torch.ones(2) for k in range(9)}})
    assert names(found) == ["parameters"]
    assert (found["parameters"].kind, found["parameters"].remark) == ("dict", "9 tensors")
    assert found.nbytes == 9 * 8


def test_views_share_memory_across_frameworks_and_it_counts_once() -> None:
    array = np.arange(6.0)
    model = nn.Linear(3, 2)
    namespace: dict[str, object] = {
        "array": array,
        "tensor": torch.from_numpy(array),
        "row": array[1:3],
        "copy": array.copy(),
        "model": model,
        "weight": model.weight,
        "same": model.weight,
    }
    found = table(namespace)
    assert found["array"].shares_with == ("tensor", "row")
    assert found["tensor"].shares_with == ("array", "row")
    assert found["copy"].shares_with == ()
    assert found["weight"].shares_with == ("model", "same")
    assert found.nbytes == 2 * 48 + 24 + 8


def test_what_old_results_keep_is_told() -> None:
    x, lost = torch.ones(3), torch.zeros(5)
    found = table({"x": x}, outputs={3: x, 7: lost, 8: "text"})
    assert names(found) == ["Out[7]", "x"]
    assert found["x"].kept_by == ("Out[3]",)
    assert found["Out[7]"].kept_by == ()


def traceback_of_a_failure(x: torch.Tensor) -> TracebackType:
    def forward(inputs: torch.Tensor) -> None:
        hidden = inputs * 2
        raise ValueError(hidden.shape)

    with pytest.raises(ValueError, match="3") as caught:
        forward(x)
    return caught.tb


def test_what_the_last_error_keeps_is_told() -> None:
    x = torch.ones(3)
    found = table({"x": x}, traceback=traceback_of_a_failure(x), pattern="*forward")
    assert names(found) == ["hidden in forward"]
    assert table({"x": x}, traceback=traceback_of_a_failure(x))["x"].kept_by == ("the last error",)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["a", "b", "c"]),
        ("size", ["b", "c", "a"]),
        ("shape", ["a", "c", "b"]),
        ("dtype", ["a", "c", "b"]),
    ],
)
def test_it_is_sorted(sort: str, order: list[str]) -> None:
    namespace: dict[str, object] = {
        "b": torch.ones(2, 3, dtype=torch.int64),
        "c": torch.ones(11),
        "a": torch.ones(3),
    }
    assert names(table(namespace, sort=sort)) == order


def test_patterns_choose_names() -> None:
    namespace: dict[str, object] = {"x1": torch.ones(1), "x2": [torch.ones(1)], "y": torch.ones(1)}
    assert names(table(namespace, pattern="x*")) == ["x1", "x2[0]"]
    assert names(table(namespace, pattern="x2")) == ["x2[0]"]
    with pytest.raises(InputError, match=r"No tensor is called x3. Did you mean x"):
        table(namespace, pattern="x3")
    with pytest.raises(OptionError, match=r"--sort does not take 'sizes'. Did you mean size"):
        table(namespace, sort="sizes")


def test_numbers_are_looked_at_on_request_only() -> None:
    namespace: dict[str, object] = {
        "x": torch.tensor([1.0, float("nan"), 3.0, float("inf")]),
        "mask": np.array([True, False]),
        "text": np.array(["a"]),
        "empty": torch.empty(0),
    }
    assert all(each.numbers is None for each in table(namespace).tensors)
    found = table(namespace, values=True)
    numbers = found["x"].numbers
    assert numbers is not None
    assert (numbers.mean, numbers.smallest, numbers.largest) == (2, 1, 3)
    assert (numbers.nans, numbers.infinities) == (1, 1)
    assert found["mask"].numbers is not None
    assert found["mask"].numbers.mean == 0.5
    assert found["text"].numbers is None
    assert found["empty"].numbers is not None
    assert found["empty"].numbers.mean is None


class Explosive:
    """Everything about it raises."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)

    def __len__(self) -> int:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


def test_objects_that_raise_are_passed_by() -> None:
    keys = {("a", 1): torch.ones(1), "b": torch.ones(1)}
    found = table({"explosive": Explosive(), "inside": [Explosive(), torch.ones(1)], "keys": keys})
    assert names(found) == ["inside[1]", "keys['b']"]


def test_ten_thousand_tensors_and_endless_lists() -> None:
    namespace: dict[str, object] = {f"t{k}": torch.ones(1) for k in range(10_000)}
    endless: list[object] = []
    endless.append(endless)
    namespace["endless"] = endless
    namespace["wide"] = [[[object()] * 100] * 100] * 100
    start = time.perf_counter()
    found = table(namespace)
    assert time.perf_counter() - start < 10
    assert len(found.tensors) == 10_000
    assert not found.complete
    assert "And 9,900 more" in repr(found)


def test_the_twin_finds_the_callers_names() -> None:
    local = torch.ones(2)
    assert dlmagic.tensors("local")["local"].nbytes == local.nbytes


def test_nothing_is_kept_alive() -> None:
    x = torch.ones(3)
    before = sys.getrefcount(x)
    table({"x": x, "also": [x]})
    assert sys.getrefcount(x) == before
