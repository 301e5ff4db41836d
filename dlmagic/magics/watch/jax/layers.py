"""Hearing of the calls of Flax's modules while a step is traced."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

Heard = Callable[[str, str, Any], None]
"""Takes a module's path, its class, and what it returned."""


@contextmanager
def calls_told(heard: Heard) -> Iterator[None]:
    """While active, every call of a module of linen or nnx is told of, if Flax is imported."""
    with ExitStack() as stack:
        linen: Any = sys.modules.get("flax.linen")
        if linen is not None:
            stack.enter_context(linen.intercept_methods(_interceptor(heard)))
        nnx: Any = sys.modules.get("flax.nnx")
        if nnx is not None:
            stack.enter_context(_nnx_told(nnx, heard))
        yield


def _interceptor(heard: Heard) -> Callable[..., Any]:
    def intercept(following: Any, args: Any, kwargs: Any, context: Any) -> Any:
        result = following(*args, **kwargs)
        if context.method_name == "__call__":
            heard("/".join(context.module.path), type(context.module).__name__, result)
        return result

    return intercept


@contextmanager
def _nnx_told(nnx: Any, heard: Heard) -> Iterator[None]:
    """The same for nnx, whose modules have no common way in: each class's own is replaced."""
    paths = _Paths(nnx)
    with ExitStack() as stack:
        for kind in _kinds(nnx.Module):
            original = vars(kind).get("__call__")
            if callable(original):
                stack.callback(setattr, kind, "__call__", original)
                kind.__call__ = _telling(original, paths, heard)
        yield


def _kinds(kind: Any) -> set[Any]:
    found = {kind}
    for each in kind.__subclasses__():
        found |= _kinds(each)
    return found


class _Paths:
    """The paths of modules, which each trace has anew, below the one that is called first."""

    def __init__(self, nnx: Any) -> None:
        self._nnx = nnx
        self._known: dict[int, str] = {}
        self._held: list[Any] = []  # so that no other object gets the number of one

    def of(self, module: Any) -> str:
        """A module's path; it is empty for one that is in no other."""
        if id(module) not in self._known:
            for path, each in self._nnx.iter_modules(module):
                self._known[id(each)] = "/".join(map(str, path))
                self._held.append(each)
        return self._known.get(id(module), "")


def _telling(original: Any, paths: _Paths, heard: Heard) -> Any:
    @wraps(original)
    def call(module: Any, *args: Any, **kwargs: Any) -> Any:
        path = paths.of(module)
        result = original(module, *args, **kwargs)
        heard(path, type(module).__name__, result)
        return result

    return call
