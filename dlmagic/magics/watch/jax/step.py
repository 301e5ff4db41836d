"""A step function of a user, as it can be traced once more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import jax
import numpy as np

from dlmagic.frameworks.jax import _compat as compat

_OF_ONE_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Step:
    """What is known of a step function.

    Attributes:
        function: As the user calls it.
        inner: What is inside ``jax.jit`` or ``nnx.jit``; None where the step is not compiled.
        static: Places and names of the arguments that it is compiled for.
        is_nnx: Whether its arguments are modules that it changes.
    """

    function: Callable[..., Any]
    inner: Callable[..., Any] | None
    static: frozenset[int | str]
    is_nnx: bool = False

    @property
    def is_compiled(self) -> bool:
        """Whether it is compiled, if only by ``jax.pmap``, whose inside is not known."""
        return self.inner is not None or hasattr(self.function, "lower")

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Step:
        """A function as the user has it."""
        places = compat.static_arguments(function)
        if places is not None:
            return cls(function, getattr(function, "__wrapped__", None), frozenset(places))
        if type(function).__module__.startswith("flax.nnx"):
            held = getattr(function, "static_argnums", None) or ()
            static = frozenset([held] if isinstance(held, int) else held)
            return cls(function, getattr(function, "fun", None), static, is_nnx=True)
        return cls(function, None, frozenset())


@dataclass(frozen=True, eq=False)
class Given:
    """The arguments of a call, apart: arrays that a compiled function takes, and all else."""

    arrays: list[Any]
    places: tuple[int, ...]
    others: tuple[Any, ...]
    structure: Any
    is_nnx: bool

    @classmethod
    def of(cls, step: Step, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Given:
        """Take a call's arguments apart."""
        held = (
            tuple(_Fixed(each) if at in step.static else each for at, each in enumerate(args)),
            {name: _Fixed(each) if name in step.static else each for name, each in kwargs.items()},
        )
        graph = None
        if step.is_nnx:
            graph, held = sys.modules["flax.nnx"].split(held)
        leaves, structure = jax.tree.flatten(held)
        places = tuple(at for at, leaf in enumerate(leaves) if _is_array(leaf))
        known = set(places)
        others = tuple(None if at in known else leaf for at, leaf in enumerate(leaves))
        arrays = [leaves[at] for at in places]
        return cls(arrays, places, others, (structure, graph), step.is_nnx)

    def key(self) -> Any:
        """What a compiled function is for, beside shapes and types."""
        structure, graph = self.structure
        return structure, _hashable(graph), self.places, tuple(map(_hashable, self.others))

    def arguments(self, arrays: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with these arrays in place of their own."""
        leaves = list(self.others)
        for at, array in zip(self.places, arrays, strict=True):
            leaves[at] = array
        structure, graph = self.structure
        held = jax.tree.unflatten(structure, leaves)
        if self.is_nnx:
            held = sys.modules["flax.nnx"].merge(graph, held)
        args, kwargs = held
        plain = {name: _plain(each) for name, each in kwargs.items()}
        return tuple(map(_plain, args)), plain


def states_in(values: Any, *, is_nnx: bool) -> Any:
    """Values as trees of arrays that stay as they are now; of modules, their parameters."""
    if not is_nnx:
        return values
    nnx: Any = sys.modules["flax.nnx"]
    modules = _modules_in(values)
    return [jax.tree.map(lambda leaf: leaf, nnx.state(each, nnx.Param)) for each in modules]


def names_of_states(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_nnx: bool
) -> list[str]:
    """The names of the arguments in which the trees of :func:`states_in` are, one for each.

    What the function takes without a name of its own has an empty one.
    """
    try:
        takes = list(signature(function).parameters.values())
    except (TypeError, ValueError):
        takes = []
    places = [each.name for each in takes if each.kind in _OF_ONE_PLACE]
    unnamed = [""] * max(len(args) - len(places), 0)
    names = [*places[: len(args)], *unnamed, *kwargs]
    if not is_nnx:
        return names
    values = [*args, *kwargs.values()]
    return [name for name, each in zip(names, values, strict=True) for _ in _modules_in(each)]


def inputs_in(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_nnx: bool
) -> list[tuple[str, Any]]:
    """Names and values of a call's arguments, without the objects of nnx that it changes."""
    try:
        named = list(signature(function).bind(*args, **kwargs).arguments.items())
    except (TypeError, ValueError):
        named = [("", each) for each in (*args, *kwargs.values())]
    return [(name, each) for name, each in named if not (is_nnx and _has_of_nnx(each))]


def _has_of_nnx(value: Any) -> bool:
    return any(map(_is_of_nnx, jax.tree.leaves(value, is_leaf=_is_of_nnx)))


def _is_of_nnx(value: Any) -> bool:
    return any(base.__module__.startswith("flax.nnx") for base in type(value).__mro__)


def _modules_in(values: Any) -> list[Any]:
    return [each for each in jax.tree.leaves(values, is_leaf=_is_module) if _is_module(each)]


def _is_module(value: Any) -> bool:
    return isinstance(value, sys.modules["flax.nnx"].Module)


@dataclass(frozen=True)
class _Fixed:
    """An argument that a function is compiled for: a leaf that is no array."""

    value: Any


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, _Fixed) else value


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | int | float | complex)


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
