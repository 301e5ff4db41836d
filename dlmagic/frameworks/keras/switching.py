"""Setting models to a mode for the time of a call, and putting them back."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import keras

from dlmagic.cell.output import descriptors_dropped
from dlmagic.frameworks.keras.modes import Switches

_FUNCTIONS = ("train_function", "test_function", "predict_function")
"""What a model builds once from its settings and keeps."""
_METHODS = (
    "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch",
)  # fmt: skip
_MISSING = object()
Attributes = dict[str, Any]


class Switching:
    """Models in one mode, with the functions that they built in it.

    Each mode keeps its functions and swaps them in, so that nothing is traced again when
    modes take turns. Attributes are swapped past ``__setattr__``, which would note them in
    checkpoints.

    Args:
        models: The models that the cell reaches.
        switches: The settings of the mode.
    """

    def __init__(self, models: Iterable[Any], switches: Switches) -> None:
        self._switches = switches
        self._models = tuple(models)
        self._built: list[Attributes] = [dict.fromkeys(_FUNCTIONS) for _ in self._models]

    @contextmanager
    def active(self) -> Iterator[None]:
        """While active, the mode holds for these models and for those that a call makes."""
        before = [self._enter(model, built) for model, built in self._each()]
        try:
            # Such as "Compiled cluster using XLA!", which goes past Python's own streams.
            with descriptors_dropped(2), _Methods(self._method):
                yield
        finally:
            for (model, built), saved in zip(self._each(), before, strict=True):
                built.update((name, vars(model).get(name)) for name in _FUNCTIONS)
                _put_back(model, saved)

    def _each(self) -> Iterator[tuple[Any, Attributes]]:
        return zip(self._models, self._built, strict=True)

    def _enter(self, model: Any, built: Attributes) -> Attributes:
        wanted = {**self._switches.attributes, **built}
        before = {name: vars(model).get(name, _MISSING) for name in wanted}
        vars(model).update(wanted)
        return before

    def _method(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A method of models that runs in the mode and shows no progress bar."""
        place = _place_of_verbose(original)

        @functools.wraps(original)
        def method(model: Any, *args: Any, **kwargs: Any) -> Any:
            self._ensure(model)
            if place is None:
                return original(model, *args, **kwargs)
            if len(args) > place:
                args = (*args[:place], 0, *args[place + 1 :])
            else:
                kwargs["verbose"] = 0
            return original(model, *args, **kwargs)

        return method

    def _ensure(self, model: Any) -> None:
        """Set a model to the mode that the cell has made, or compiled anew."""
        attributes = vars(model)
        wanted = self._switches.attributes
        if any(attributes.get(name) is not value for name, value in wanted.items()):
            attributes.update(wanted)
            attributes.update(dict.fromkeys(_FUNCTIONS))


class _Methods:
    """``keras.Model`` with other methods, for the time of a call."""

    def __init__(self, change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        self._change = change
        self._own: dict[str, Any] = {}

    def __enter__(self) -> None:
        for name in _METHODS:
            self._own[name] = vars(keras.Model).get(name, _MISSING)
            setattr(keras.Model, name, self._change(getattr(keras.Model, name)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name, own in self._own.items():
            if own is _MISSING:
                delattr(keras.Model, name)
            else:
                setattr(keras.Model, name, own)


def _place_of_verbose(method: Callable[..., Any]) -> int | None:
    """Where ``verbose`` stands among the arguments after the model; None where there is none."""
    names = list(inspect.signature(method).parameters)
    return names.index("verbose") - 1 if "verbose" in names else None


def _put_back(model: Any, before: Attributes) -> None:
    attributes = vars(model)
    for name, value in before.items():
        if value is _MISSING:
            attributes.pop(name, None)
        else:
            attributes[name] = value
