"""The function that ``fit`` and ``train_on_batch`` call for each step, with ours around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dlmagic.magics.watch.keras.calls import Replaced

Around = Callable[..., Any]
"""Takes the function that Keras has made, and its arguments."""


class TrainFunction:
    """The one of a model, which Keras makes when it is first needed.

    Args:
        model: The model.
        around: Is called instead of it.
    """

    def __init__(self, model: Any, around: Around) -> None:
        self._model, self._around = model, around
        self._running = 0

    def hear(self, replaced: Replaced) -> None:
        """Put ours around whatever Keras makes, until all that was replaced is put back."""
        replaced.replace(self._model, "make_train_function", self._around_what_is_made)

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call what Keras has made."""
        self._running += 1
        try:
            return function(*args)
        finally:
            self._running -= 1

    @property
    def is_running(self) -> bool:
        """Whether a function of Keras makes the present step."""
        return self._running > 0

    @property
    def exists(self) -> bool:
        """Whether Keras has made one."""
        return getattr(self._model, "train_function", None) is not None

    def make_again(self) -> None:
        """What was traced until now is not used any more.

        It is not taken away, as ``fit`` may be between two of its steps, and calls it next.
        """
        if self.exists:
            self._model.make_train_function(force=True)

    def _around_what_is_made(self, original: Any) -> Any:
        def make_train_function(force: bool = False) -> Any:
            before = vars(self._model).get("train_function")
            original(force)
            made = self._model.train_function
            if made is not before and made is not None:
                self._model.train_function = partial(self._around, made)
            return self._model.train_function

        return make_train_function
