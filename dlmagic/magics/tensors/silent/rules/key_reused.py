"""A random key of JAX that two draws share: their numbers are the same, or depend on each other."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.parents import Parents
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.same_draw import (
    are_apart,
    draws_of_line,
    is_in_rounds,
    is_shown,
    name_of_key,
)

_NO_DRAWS = frozenset({"random_wrap", "random_unwrap", "random_split", "random_fold_in"})


class Rule(Listening):
    """Two calls of one function, or of the cell, that were given the same key by name."""

    kind = "key-reused"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._draws: dict[int, list[Frame]] = defaultdict(list)

    def hear(self, event: Event) -> None:
        """A draw, by its key."""
        if not isinstance(event, Operation) or not event.inputs or event.frame is None:
            return
        key = event.inputs[0]
        if not key.dtype.startswith("key<") or key.shape or event.name in _NO_DRAWS:
            return
        if key.maker is not None and key.maker.name == "random_wrap":
            key = key.maker.inputs[0]
        self._draws[key.number].append(event.frame)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each key once, where it is used again first."""
        parents = Parents(after.tree)
        for frames in self._draws.values():
            if len(frames) > 1:
                self.found += list(_of_key(after.tree, parents, frames))[:1]
        return super().mistakes(after)


def _of_key(tree: ast.Module, parents: Parents, frames: list[Frame]) -> Iterator[Mistake]:
    """What can be said of the draws of one key, in order."""
    before: list[ast.Call] = []
    for frame in frames:
        for call in draws_of_line(tree, frame.line):
            if is_shown(parents, call):
                continue
            name = name_of_key(call)
            if call in before:
                if is_in_rounds(parents, call):
                    message = f"{name} is the same in each round: so are the numbers drawn with it."
                    yield _mistake(message, frame, name)
                continue
            together = (each for each in before if not are_apart(tree, parents, each, call))
            first = next(together, None)
            if first is not None:
                message = (
                    f"{name} was used in line {first.lineno} already: "
                    "both draws use the same random bits."
                )
                yield _mistake(message, frame, name)
            before.append(call)


def _mistake(message: str, frame: Frame, name: str) -> Mistake:
    return Mistake(
        message,
        frame,
        text=f"Take a new key for each draw: {name}, subkey = jax.random.split({name}).",
        operands=(name,),
    )
