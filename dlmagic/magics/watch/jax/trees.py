"""Where the parameters are among what a step takes and returns.

The parameters are what the step differentiates by: the first tree among its arguments that has
the same arrays. Their new values are such a tree among its results: in what comes back as the
argument was, or else the first. Where nothing was differentiated, it is the argument that comes
back with the same structure, and of that its ``params`` or else its largest tree of
floating-point numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from dlmagic.magics.watch.jax.functions import is_floating

_DEEPEST = 4

Shapes = tuple[tuple[tuple[int, ...], str], ...]


def shapes_of(tree: Any) -> Shapes:
    """Shapes and types of the arrays in a tree."""
    leaves = jax.tree.leaves(tree)
    return tuple((tuple(np.shape(leaf)), str(getattr(leaf, "dtype", ""))) for leaf in leaves)


def find(shapes: Shapes, values: Any) -> Any:
    """The first tree in some values that has arrays of these shapes; None if there is none.

    A list is one of values, and no tree itself.
    """
    trees = (tree for tree in subtrees(values) if not isinstance(tree, list) or tree is not values)
    return next((tree for tree in trees if shapes_of(tree) == shapes), None)


def find_again(shapes: Shapes, arguments: Any, results: Any) -> Any:
    """The tree among the results that has the new values of the one among the arguments.

    It is where that was: in what comes back as the argument was, such as a state, and only else
    the first one, as the gradients that a step may return have the same shapes.
    """
    holders = (each for each in arguments if find(shapes, [each]) is not None)
    structure = jax.tree.structure(next(holders, None))
    kept = [each for each in outer(results) if jax.tree.structure(each) == structure]
    found = find(shapes, kept[:1])
    return find(shapes, results) if found is None else found


def subtrees(values: Any) -> Iterator[Any]:
    """The trees inside some values, those further outside first, and parameters before others."""
    waiting = deque([(values, 0)])
    while waiting:
        tree, depth = waiting.popleft()
        yield tree
        if depth < _DEEPEST:
            waiting.extend((each, depth + 1) for each in _parts(tree))


def _parts(tree: Any) -> list[Any]:
    if isinstance(tree, Mapping):
        return list(tree.values())
    if isinstance(tree, list | tuple):
        return list(tree)
    fields = getattr(tree, "__dataclass_fields__", None)
    if fields is None:
        return []
    parts = {name: getattr(tree, name, None) for name in fields}
    first = [parts.pop("params")] if "params" in parts else []
    return [*first, *parts.values()]


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
    candidates = [each for each in _parts(tree) if _is_float_tree(each)] or [tree]
    return max(candidates, key=_size)


def _is_float_tree(tree: Any) -> bool:
    leaves = jax.tree.leaves(tree)
    return bool(leaves) and all(map(is_floating, leaves))


def _size(tree: Any) -> int:
    return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(tree))


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


def scalars_in(results: Any) -> list[Any]:
    """The single floating-point numbers among what a step returned, such as its loss."""
    leaves = jax.tree.leaves(results)
    return [leaf for leaf in leaves if getattr(leaf, "shape", None) == () and is_floating(leaf)]
