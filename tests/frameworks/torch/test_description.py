"""Tensors of every kind are described by their metadata, and none of them breaks it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from dlmagic.frameworks.torch.description import describe, parts_of


def described(value: object) -> tuple[object, ...]:
    found = describe(value)
    assert found is not None
    return (found.shape, found.dtype, found.device, found.strides, found.contiguous, found.nbytes)


def test_a_plain_tensor_and_a_view_of_it() -> None:
    x = torch.zeros(2, 3)
    assert described(x) == ((2, 3), "float32", "cpu", (3, 1), True, 24)
    assert described(x.t()) == ((3, 2), "float32", "cpu", (1, 3), False, 24)
    assert describe(x).memory == describe(x[1:]).memory  # type: ignore[union-attr]
    assert describe(x).memory != describe(x.clone()).memory  # type: ignore[union-attr]


def test_gradients_and_classes_are_told() -> None:
    weight = nn.Linear(2, 2).weight
    assert (describe(weight).kind, describe(weight).requires_grad) == ("Parameter", True)  # type: ignore[union-attr]
    assert describe(torch.ones(2)).requires_grad is False  # type: ignore[union-attr]


def functorch_wrapper() -> torch.Tensor:
    kept: list[torch.Tensor] = []

    def keep(x: torch.Tensor) -> torch.Tensor:
        kept.append(x)
        return x.sum()

    torch.func.vmap(keep)(torch.ones(2, 3))
    return kept[0]


UNUSUAL: dict[str, Callable[[], torch.Tensor]] = {
    "sparse_coo": lambda: torch.eye(3).to_sparse(),
    "sparse_csr": lambda: torch.eye(4).to_sparse_csr(),
    "sparse_csc": lambda: torch.eye(4).to_sparse_csc(),
    "sparse_bsr": lambda: torch.eye(4).to_sparse_bsr((2, 2)),
    "no values": lambda: torch.empty(3, device="meta"),
    "quantized": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "channels last": lambda: torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last),
    "conjugate view": lambda: torch.ones(2, dtype=torch.complex64).conj(),
    "no shape yet": lambda: nn.LazyLinear(3).weight,
    "": functorch_wrapper,
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's own, about what is in beta
@pytest.mark.parametrize("remark", UNUSUAL)
def test_unusual_tensors_are_told_apart(remark: str) -> None:
    found = describe(UNUSUAL[remark]())
    assert found is not None
    assert found.remark == remark
    assert found.kind


def test_a_fake_tensor_keeps_no_memory() -> None:
    found = describe(FakeTensorMode().from_tensor(torch.ones(3)))
    assert found is not None
    assert (found.shape, found.memory, found.remark) == ((3,), (), "no values")


def test_sparse_tensors_count_what_they_store() -> None:
    found = describe(torch.eye(3).to_sparse())
    assert found is not None
    assert found.nbytes == 3 * 2 * 8 + 3 * 4  # pairs of places and the values
    assert (found.strides, found.contiguous) == (None, None)


def test_a_tensor_whose_attributes_raise_is_described_all_the_same() -> None:
    class Broken(torch.Tensor):
        @property
        def shape(self) -> torch.Size:  # type: ignore[override]
            raise RuntimeError("no shape today")

    found = describe(torch.ones(2).as_subclass(Broken))
    assert found is not None
    assert (found.kind, found.shape, found.dtype) == ("Broken", None, "float32")


def test_modules_and_optimisers_have_parts() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    assert len(parts_of(model) or ()) == 4 + 3
    optimizer = torch.optim.Adam(model.parameters())
    assert parts_of(optimizer) == []
    model(torch.ones(3, 2)).sum().backward()
    optimizer.step()
    assert len(parts_of(optimizer) or ()) == 4 * 3
    assert parts_of("x") is None
    assert describe("x") is None


class Computed(TorchDispatchMode):
    """Notes every operation but those that only look at what is there already."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = str(func)
        # Whether memory is pinned is known to the driver, which is asked where it runs already.
        if not any(view in name for view in ("indices", "values", "detach", "is_pinned")):
            self.operations.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nothing_is_computed() -> None:
    """So nothing can wait for a device, or copy."""
    values = [torch.ones(3, 3).t(), torch.eye(3).to_sparse_csr(), nn.Linear(2, 2).weight]
    with Computed() as mode:
        assert all(describe(value) is not None for value in values)
        assert not mode.operations
        values[0].sum()
    assert mode.operations


def test_a_tensor_without_numbers_goes_by_no_name_of_pytorchs_inside() -> None:
    """Users meet it where a summary is worked out on a copy of their model."""
    found = describe(FakeTensorMode().from_tensor(torch.ones(2)))
    assert found is not None
    assert (found.kind, found.shape, found.remark) == ("Tensor", (2,), "no values")
