"""Whose a parameter is, in the user's own words."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

_MOST_SEARCHES = 50
"""Models that a function makes and drops again are never found; so the search has an end."""


@dataclass(frozen=True)
class Owner:
    """The module of the notebook that holds a parameter.

    Attributes:
        module: The name of the module.
        path: The parameter as the user would write it, such as ``"net.0.weight"``.
        evaluates: Whether the module is set to evaluate.
    """

    module: str
    path: str
    evaluates: bool


@dataclass(frozen=True)
class _Place:
    name: str
    path: str
    module: weakref.ref[nn.Module]
    parameter: weakref.ref[nn.Parameter]


class ParameterOwners:
    """Finds owners, and keeps neither them nor the parameters alive.

    Args:
        namespace: The notebook's names, looked at again where a parameter is new.
    """

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace
        self._places: dict[int, _Place] = {}
        self._searches = 0

    def of(self, parameter: nn.Parameter) -> Owner | None:
        """The owner of a parameter as it is now; None where no name of the notebook holds it."""
        place = self._place(parameter)
        if place is None and self._searches < _MOST_SEARCHES:
            self._search()
            place = self._place(parameter)
        module = place.module() if place is not None else None
        if place is None or module is None:
            return None
        return Owner(place.name, place.path, not module.training)

    def first_of(self, values: Iterable[Any]) -> Owner | None:
        """The owner of the first parameter among arguments, also those in lists."""
        parameter = next(_parameters(values), None)
        return self.of(parameter) if parameter is not None else None

    def _place(self, parameter: nn.Parameter) -> _Place | None:
        place = self._places.get(id(parameter))
        return place if place is not None and place.parameter() is parameter else None

    def _search(self) -> None:
        self._searches += 1
        for name, value in reversed(list(self._namespace.items())):
            if name[:1] == "_" or not isinstance(value, nn.Module):
                continue
            module = weakref.ref(value)
            for path, parameter in value.named_parameters():
                place = _Place(name, f"{name}.{path}", module, weakref.ref(parameter))
                self._places[id(parameter)] = place


def _parameters(values: Iterable[Any]) -> Iterator[nn.Parameter]:
    for value in values:
        if isinstance(value, nn.Parameter):
            yield value
        elif isinstance(value, list | tuple):
            yield from (each for each in value if isinstance(each, nn.Parameter))
