"""Functions that a model calls while it is watched, and how they stay out of its copies."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

from torch import nn

from dlmagic.frameworks.torch import _compat as compat


class Inert:
    """What a copy of a model has in place of a hook of ours: nothing happens."""

    def __call__(self, *_: object, **__: object) -> None:
        """Do nothing."""


class Hook(partial[None]):
    """A function that is called while one model is watched, but not by copies of that model."""

    __slots__ = ()

    def __deepcopy__(self, _memo: object) -> Inert:
        return Inert()

    def __reduce__(self) -> Any:
        return Inert, ()


class LeftOut(OrderedDict[int, Any]):
    """Hooks of a module, which are without ours when the module is copied or pickled.

    Attributes:
        ours: Keys of our own hooks.
    """

    ours: frozenset[int] = frozenset()

    def __reduce_ex__(self, _protocol: object) -> Any:
        theirs = [(key, hook) for key, hook in self.items() if key not in self.ours]
        return OrderedDict, (), None, None, iter(theirs)


_KEPT = (
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks",
    "_forward_hooks_always_called",
)


class RootHooks:
    """Hooks before and after each call of a model, as long as it is watched."""

    def __init__(self, model: nn.Module, before: Hook, after: Hook) -> None:
        self._model = model
        for name in _KEPT:
            if type(vars(model).get(name)) is OrderedDict and not vars(model)[name]:
                vars(model)[name] = LeftOut()
        self._handles = [
            model.register_forward_pre_hook(before, with_kwargs=True),
            model.register_forward_hook(after, always_call=True),
        ]
        self._mark({handle.id for handle in self._handles})

    def _mark(self, ours: set[int]) -> None:
        for name in _KEPT:
            kept = vars(self._model).get(name)
            if isinstance(kept, LeftOut):
                kept.ours = frozenset(ours)

    def remove(self) -> None:
        """Take our own hooks off, and no others."""
        for handle in self._handles:
            handle.remove()
        for name in _KEPT:
            kept = vars(self._model).get(name)
            if isinstance(kept, LeftOut) and not kept:
                vars(self._model)[name] = OrderedDict()


class LayerHooks:
    """Hooks of layers that are put on and taken off again and again."""

    def __init__(self) -> None:
        self._hooks: list[tuple[nn.Module, Hook]] = []
        self._key: int | None = None

    def add(self, module: nn.Module, hook: Hook) -> None:
        """Have a hook called after each call of a module, while hooks are on."""
        self._hooks.append((module, hook))

    def put_on(self) -> None:
        """From now on they are called."""
        if self._key is None and self._hooks:
            self._key = compat.put_hooks_on(self._hooks)

    def take_off(self) -> None:
        """They are called no more."""
        if self._key is not None:
            compat.take_hooks_off((module for module, _ in self._hooks), self._key)
            self._key = None
