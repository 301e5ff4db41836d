"""Where the parameters are among what a step takes and returns.

The parameters are what the step differentiates by: the tree among its arguments that has these
arrays, or else the first one with arrays of the same shapes. Their new values are such a tree among
its results: in what comes back as the argument was, or else the first. Where nothing was
differentiated, it is the argument that comes back with the same structure, and of that its
``params`` or else its largest tree of floating-point numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from operator import is_
from typing import Any

import jax
import numpy as np

from dlmagic.magics.watch.jax.functions import is_floating

_DEEPEST = 4

Shapes = tuple[tuple[tuple[int, ...], str], ...]

Way = tuple[Any, ...]
"""From some values to a tree inside them: keys, places or names of fields, one after the other."""


def shapes_of(tree: Any) -> Shapes:
    """Shapes and types of the arrays in a tree."""
    leaves = jax.tree.leaves(tree)
    return tuple((tuple(np.shape(leaf)), str(getattr(leaf, "dtype", ""))) for leaf in leaves)


def way_to(tree: Any, arguments: list[Any]) -> Way | None:
    """Where a tree is among arguments, or else the first that is like it; None if there is none."""
    leaves, first = jax.tree.leaves(tree), None
    for way, alike in _alike(shapes_of(tree), arguments):
        if all(map(is_, leaves, jax.tree.leaves(alike))):
            return way
        first = way if first is None else first
    return first


def at(values: Any, way: Way) -> Any:
    """The tree to which a way leads."""
    for name in way:
        values = _parts(values)[name]
    return values


def find_again(way: Way, arguments: list[Any], results: Any) -> Any:
    """The tree among the results that has the new values of the one among the arguments.

    It is where that was: in what comes back as the argument was, such as a state; of two networks
    that are alike the first is that of the first one. Only else it is the first with its shapes, as
    the gradients that a step may return have the same.
    """
    shapes = shapes_of(at(arguments, way))
    structures = [jax.tree.structure(each) for each in arguments[: way[0] + 1]]
    kept = [each for each in outer(results) if jax.tree.structure(each) == structures[-1]]
    earlier = structures[:-1].count(structures[-1])
    for holder in kept[earlier : earlier + 1] or kept[:1]:
        found = at(holder, way[1:])
        if shapes_of(found) == shapes:
            return found
    return next((tree for _, tree in _alike(shapes, results)), None)


def _alike(shapes: Shapes, values: Any) -> Iterator[tuple[Way, Any]]:
    """The trees in some values that have arrays of these shapes, with the ways to them.

    A list is one of values, and no tree itself.
    """
    for way, tree in subtrees(values):
        if (way or not isinstance(tree, list)) and shapes_of(tree) == shapes:
            yield way, tree


def subtrees(values: Any) -> Iterator[tuple[Way, Any]]:
    """The trees inside some values, those further outside first, and parameters before others."""
    waiting: deque[tuple[Way, Any]] = deque([((), values)])
    while waiting:
        way, tree = waiting.popleft()
        yield way, tree
        if len(way) < _DEEPEST:
            waiting.extend(((*way, name), part) for name, part in _parts(tree).items())


def _parts(tree: Any) -> dict[Any, Any]:
    if isinstance(tree, Mapping):
        return dict(tree)
    if isinstance(tree, list | tuple):
        return dict(enumerate(tree))
    fields = getattr(tree, "__dataclass_fields__", ())
    return {name: getattr(tree, name, None) for name in sorted(fields, key=_is_no_parameters)}


def _is_no_parameters(field: str) -> bool:
    return field != "params"


def state_among(arguments: Any, results: Any) -> Any:
    """The parameters where nothing was differentiated; None if nothing comes back."""
    returned = {jax.tree.structure(each): each for each in outer(results)}
    for argument in arguments:
        structure = jax.tree.structure(argument)
        if structure.num_leaves and shapes_of(argument) == shapes_of(returned.get(structure)):
            return parameters_in(argument)
    return None


def parameters_in(state: Any) -> Any:
    """The parameters in a state: its ``params``, or else its largest tree of numbers."""
    return getattr(state, "params", None) or _largest(state)


def outer(results: Any) -> list[Any]:
    """What a step returned, as a whole and one by one."""
    return [results, *(results if isinstance(results, tuple | list) else ())]


def _largest(tree: Any) -> Any:
    if _is_float_tree(tree):
        return tree
    candidates = [each for each in _parts(tree).values() if _is_float_tree(each)] or [tree]
    return max(candidates, key=_size)


def _is_float_tree(tree: Any) -> bool:
    leaves = jax.tree.leaves(tree)
    return bool(leaves) and all(map(is_floating, leaves))


def _size(tree: Any) -> int:
    return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(tree))


def name_beside(way: Way, first: Way, arguments: Sequence[str]) -> str:
    """What a tree is called beside a first one: the word in which the ways to them part.

    That is the name of its argument, or a key or field; an empty text where it has no name.

    Args:
        way: The way to it.
        first: The way to the first.
        arguments: The names of the arguments.
    """
    for word, other in zip(_words(way, arguments), _words(first, arguments), strict=False):
        if word != other:
            return word if isinstance(word, str) else ""
    return ""


def _words(way: Way, arguments: Sequence[str]) -> Way:
    return (arguments[way[0]] if way[0] < len(arguments) else "", *way[1:])


def names_of(tree: Any) -> list[tuple[str, str]]:
    """Layer and parameter's name of each array in a tree."""
    found = []
    for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]:
        names = [name for name in map(_name, path) if name]
        names = names[1:] if names[:1] == ["params"] else names
        found.append(("/".join(names[:-1]), names[-1] if names else "params"))
    return found


def _name(entry: Any) -> str:
    for attribute in ("key", "name", "idx"):
        value = getattr(entry, attribute, None)
        if value is not None:
            return "" if attribute == "name" and value == "value" else str(value)
    return str(entry)


def are_taken(values: Any) -> bool:
    """Whether a computation has taken the memory of any of these arrays (``donate_argnums``)."""
    return any(getattr(each, "is_deleted", bool)() for each in jax.tree.leaves(values))


def losses_in(results: Any) -> list[Any]:
    """The single floating-point numbers among what a step returned, such as its loss.

    Where there are none, it is the rows of numbers that it returned beside its state, such as the
    losses of the rounds of a ``lax.scan``.
    """
    numbers = [leaf for leaf in jax.tree.leaves(results) if is_floating(leaf)]
    rows = [each for each in outer(results)[1:] if is_floating(each) and each.ndim == 1]
    return [each for each in numbers if each.shape == ()] or rows
