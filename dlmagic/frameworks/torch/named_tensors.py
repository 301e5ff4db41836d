"""What the user calls tensors that events know by a number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.frameworks.description import told
from dlmagic.frameworks.torch.reached import reached
from dlmagic.frameworks.torch.small_numbers import is_small

_LARGE = 1_000_000  # numbers of a table that is not searched


class NamedTensors:
    """The tensors of a notebook, when a cell has ended.

    Args:
        namespace: The notebook's names.
        number_of: The number of a tensor that was seen, or None.
    """

    def __init__(
        self, namespace: Mapping[str, object], number_of: Callable[[object], int | None]
    ) -> None:
        self._namespace = namespace
        self._number_of = number_of

    def name_of(self, number: int) -> str | None:
        """The first name that leads to the tensor of a number."""
        return next((n for n, value in self._tensors() if self._number_of(value) == number), None)

    def names_of(self, identities: Collection[int]) -> tuple[str, ...]:
        """Names of parameters, those of modules first."""
        names: dict[int, str] = {}
        for name, value in reached(self._namespace):
            if id(value) in identities and isinstance(value, nn.Parameter | Tensor):
                names.setdefault(id(value), name)
        return tuple(names.values())

    def columns_with_nan(self, name: str) -> tuple[str, ...]:
        """The columns of a tensor of rows that are not finite, by name where a table has them."""
        value = dict(self._tensors()).get(name)
        if value is None or value.dim() != 2 or not is_small(value):
            return ()
        bad = told(lambda: (~torch.isfinite(value.detach())).any(0).nonzero()[:, 0].tolist())
        return _names_in_table(self._namespace, len(bad or ())) or tuple(map(str, bad or ()))

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        return (
            (name, value) for name, value in reached(self._namespace) if isinstance(value, Tensor)
        )


def _names_in_table(namespace: Mapping[str, object], count: int) -> tuple[str, ...]:
    """The names of as many columns with gaps, of the only table that has just so many."""
    tables: list[Any] = [each for each in namespace.values() if type(each).__name__ == "DataFrame"]
    small = [each for each in tables if hasattr(each, "isna") and each.size <= _LARGE]
    gaps = [tuple(map(str, each.columns[each.isna().any().to_numpy()])) for each in small]
    fitting = [each for each in gaps if each and len(each) == count]
    return fitting[0] if len(fitting) == 1 else ()
