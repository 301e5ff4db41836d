"""Hearing of the calls of layers, by a method on each of them that is taken away again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

Begun = Callable[[str, tuple[Any, ...]], None]
"""Takes a layer's path and the arguments of its call."""

Ended = Callable[[str, Any], None]
"""Takes a layer's path and what its call returned."""


class Replaced:
    """Methods of objects that are others for a while.

    They stand in the objects' own attributes, past Keras' tracking, and so in no configuration,
    no saved file and no copy.
    """

    def __init__(self) -> None:
        self._put_back: list[Callable[[], object]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Let a method be what ``make`` makes of it."""
        attributes = vars(owner)
        missing = object()
        before, original = attributes.get(name, missing), getattr(owner, name)
        ours = wraps(original)(make(original))
        attributes[name] = ours

        def put_back() -> None:
            if attributes.get(name) is not ours:
                return  # somebody has replaced ours
            if before is missing:
                del attributes[name]
            else:
                attributes[name] = before

        self._put_back.append(put_back)

    def end(self) -> None:
        """Put all back; ending again does nothing."""
        while self._put_back:
            self._put_back.pop()()


def hear_calls(replaced: Replaced, layers: Mapping[str, Any], begun: Begun, ended: Ended) -> None:
    """Be told of every call of these layers."""
    for path, layer in layers.items():
        replaced.replace(layer, "call", _telling(path, begun, ended))


def _telling(path: str, begun: Begun, ended: Ended) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            begun(path, args)
            result = original(*args, **kwargs)
            ended(path, result)
            return result

        return call

    return make
