"""Saving what Keras' objects hold, under the names that a user knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FunctionType

import keras

from dlmagic.cell.saved import SavedAttributes
from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.keras.donated import SavedDonated
from dlmagic.frameworks.keras.seeds import SavedSeed
from dlmagic.frameworks.keras.variables import SavedVariable
from dlmagic.frameworks.protocol import Saved, SavedNothing

_HOLDERS = (keras.Layer, keras.optimizers.Optimizer, keras.metrics.Metric)
_CONSTANT = (FunctionType, keras.DTypePolicy, *compat.graph_parts())


class SavedParts(SavedAttributes):
    """A layer, metric or optimiser: variables under the names that the user knows first."""

    def children(self) -> Iterable[tuple[str, object]]:
        """Every variable by the way to it, then the attributes, which hold the rest."""
        yield from named_variables(self.owner)
        yield from super().children()


class SavedWrapper(SavedAttributes):
    """TensorFlow's stand-in for a list or a dict; as a list or dict itself it seems empty."""

    def children(self) -> Iterable[tuple[str, object]]:
        """What it stands for, which a list keeps in an attribute, and its other attributes."""
        yield "", getattr(self.owner, "__wrapped__", None)
        yield from super().children()


def save(value: object) -> Saved | None:
    """The state of one of Keras' objects; None for what the general walk handles.

    Its functions and the parts of its graphs are not looked into.
    """
    if isinstance(value, keras.Variable):
        deletable = hasattr(compat.value_of(value), "is_deleted")
        return SavedDonated(value) if deletable else SavedVariable(value)
    if isinstance(value, _HOLDERS):
        return SavedParts(value)
    if isinstance(value, keras.random.SeedGenerator):
        return SavedSeed(value)
    if compat.is_wrapped_container(value):
        return SavedWrapper(value)
    if isinstance(value, _CONSTANT):
        ours = not isinstance(value, FunctionType) or compat.is_of_keras(value)
        return SavedNothing() if ours else None
    return None


def named_variables(owner: object) -> Iterator[tuple[str, object]]:
    """Every variable in a layer and its parts: ``(".dense.kernel", variable)``."""
    yield from _named_variables(owner, "", set())


def _named_variables(owner: object, prefix: str, seen: set[int]) -> Iterator[tuple[str, object]]:
    if id(owner) in seen:
        return
    seen.add(id(owner))
    for variable in compat.own_variables(owner):
        if id(variable) not in seen:
            seen.add(id(variable))
            yield f"{prefix}.{variable.name}", variable
    attributes = {id(value): name for name, value in vars(owner).items() if name[0] != "_"}
    for part in compat.parts_of(owner):
        name = attributes.get(id(part), part.name)
        yield from _named_variables(part, f"{prefix}.{name}", seen)
    if isinstance(owner, keras.random.SeedGenerator):
        yield f"{prefix}.state", owner.state
    if isinstance(owner, keras.Model):
        for index, metric in enumerate(owner.metrics):
            yield from _named_variables(metric, f"{prefix}.metrics[{index}]", seen)
