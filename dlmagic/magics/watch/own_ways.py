"""Training loops of libraries that have a way of their own to be ended after the present step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_MOST_FRAMES = 80


def ask_loop_to_end() -> str:
    """Ask the loop of a library that is running above the caller to end.

    Returns:
        Whose loop has been asked; an empty text where there is none, or it would not end at once.
    """
    for frame in _frames():
        module = str(frame.f_globals.get("__name__", ""))
        for library, (modules, end) in _LIBRARIES.items():
            if module.startswith(modules) and end(frame):
                return library
    return ""


def _end_lightning(frame: FrameType) -> bool:
    """Ends after this batch, unless the user wants a least number of epochs or steps."""
    trainer: Any = frame.f_locals.get("self")
    if type(trainer).__name__ != "Trainer" or not hasattr(trainer, "should_stop"):
        return False
    if trainer.min_epochs or trainer.min_steps:
        return False
    trainer.should_stop = True
    return True


def _end_keras(frame: FrameType) -> bool:
    """Only ``fit`` looks at it: a loop around ``train_on_batch`` would go on."""
    model: Any = frame.f_locals.get("self")
    if frame.f_code.co_name != "fit" or not hasattr(model, "stop_training"):
        return False
    model.stop_training = True
    return True


_LIBRARIES: dict[str, tuple[tuple[str, ...], Callable[[FrameType], bool]]] = {
    "Lightning": (("lightning.pytorch.trainer", "pytorch_lightning.trainer"), _end_lightning),
    "Keras": (("keras.src.backend", "keras.src.trainers"), _end_keras),
}


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return
        yield frame
        frame = frame.f_back
