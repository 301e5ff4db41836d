"""Noting the calls of a Keras model's layers: shapes, bytes and times of the forward pass."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from dlmagic.magics.watch.summary.calls import Call
from dlmagic.magics.watch.summary.result import ArraySpec


class KerasCalls:
    """Follows one run of a model.

    Attributes:
        calls: All calls so far, in the order in which they began.
        open: The calls that have begun and not ended, and the layers and what they were given.

    Args:
        layers: The model's layers by their paths.
    """

    def __init__(self, layers: Mapping[str, Any]) -> None:
        self.calls: list[Call] = []
        self.open: list[tuple[Call, Any, tuple[Any, ...]]] = []
        self._paths = {id(layer): path for path, layer in layers.items()}
        self._kept: dict[int, object] = {}
        self._thread = threading.get_ident()

    @property
    def current(self) -> Call | None:
        """The innermost call that is under way."""
        return self.open[-1][0] if self.open else None

    def know(self, value: object) -> None:
        """Let the arrays of a value be there already."""
        for array in arrays_in(value):
            self._kept[id(array)] = array

    @contextmanager
    def following(self) -> Iterator[None]:
        """While active, calls are noted; an error leaves those open that it came through."""
        layer: Any = keras.Layer
        plain = layer.__call__
        layer.__call__ = self._noting(plain)
        try:
            yield
        finally:
            layer.__call__ = plain

    def _noting(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            path = self._paths.get(id(layer))
            if path is None or threading.get_ident() != self._thread:
                return plain(layer, *args, **kwargs)
            noted = Call(path, self.current)
            self.calls.append(noted)
            self.open.append((noted, layer, args))
            begin = time.perf_counter()
            result = plain(layer, *args, **kwargs)
            noted.forward_seconds = time.perf_counter() - begin
            self.open.pop()
            self._note(noted, result)
            return result

        return call

    def _note(self, call: Call, result: object) -> None:
        outputs = list(arrays_in(result))
        call.outputs = tuple(map(spec_of, outputs))
        fresh = [array for array in outputs if id(array) not in self._kept]
        self._kept.update({id(array): array for array in fresh})
        call.activation_bytes = sum(_bytes_of(spec_of(array)) for array in fresh)


def arrays_in(value: object) -> list[Any]:
    """The arrays of a value, in containers of any depth."""
    return [leaf for leaf in keras.tree.flatten(value) if hasattr(leaf, "shape")]


def spec_of(array: Any) -> ArraySpec:
    """Shape and type of an array of any framework."""
    axes = tuple(None if axis is None else int(axis) for axis in array.shape)
    return ArraySpec(axes, keras.backend.standardize_dtype(array.dtype))


def _bytes_of(spec: ArraySpec) -> int:
    size = 1
    for axis in spec.shape:
        size *= axis or 1
    digits = "".join(filter(str.isdigit, spec.dtype.partition("_")[0]))
    return size * max(1, int(digits or 8) // 8)
