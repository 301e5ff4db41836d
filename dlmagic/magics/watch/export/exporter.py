"""Samples go to a run of wandb or a folder of TensorBoard; training never hears of a failure.

What goes wrong on the way, such as a full disk, ends the writing and becomes one note.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import thread_time
from typing import Protocol

from dlmagic.errors import InputError, nearest
from dlmagic.magics.watch.export.numbers import Numbers, Written
from dlmagic.magics.watch.sample_result import Sample

TARGETS = ("wandb", "tensorboard")


class Destination(Protocol):
    """A place to write to. What it raises, :class:`Exporter` turns into a note.

    Attributes:
        name: As its users know it.
        where: How to look at what was written, a command or an address.
    """

    name: str
    where: str

    def write(self, written: Written) -> None:
        """Write all numbers of one step."""

    def write_loss(self, step: int, value: float) -> None:
        """Write the loss of one step."""

    def notes(self) -> tuple[str, ...]:
        """What the user should know, one sentence each."""

    def close(self) -> None:
        """Write what is left, and let go."""


class Exporter:
    """Writes samples until something fails; then there is a note, and nothing more is written.

    Args:
        destination: Where to.

    Attributes:
        seconds: Processor time that writing has taken so far, in the threads that wrote.
        written: How many samples were written.
    """

    def __init__(self, destination: Destination) -> None:
        self.seconds = 0.0
        self.written = 0
        self._destination = destination
        self._numbers = Numbers()
        self._failure = ""
        self._closed = False
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Where the numbers go, as its users know it."""
        return self._destination.name

    @property
    def where(self) -> str:
        """How to look at them, a command or an address."""
        return self._destination.where

    def write(self, sample: Sample) -> None:
        """Write what was measured in one step; any thread."""
        self._try(lambda: self._write(sample))

    def write_loss(self, step: int, value: float) -> None:
        """Write the loss of a step; any thread."""
        self._try(lambda: self._destination.write_loss(step, value))

    def close(self) -> None:
        """Write what is left. Closing again does nothing."""
        self._try(self._destination.close)
        self._closed = True

    def notes(self) -> tuple[str, ...]:
        """What the user should know, one sentence each: at most one of them tells of a failure."""
        failure = (self._failure,) if self._failure else ()
        return (*self._numbers.notes(), *self._destination.notes(), *failure)

    def _write(self, sample: Sample) -> None:
        self._destination.write(self._numbers.of(sample))
        self.written += 1

    def _try(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._failure or self._closed:
                return
            begun = thread_time()
            try:
                work()
            except Exception as error:
                self._failure = f"Nothing more is written to {self.name}: {_why(error)}."
            self.seconds += thread_time() - begun


def exporter(target: str) -> Exporter:
    """The exporter that a user asks for.

    Args:
        target: ``"wandb"`` for the run that is open, ``"tensorboard"`` for a new folder in
            ``runs``, or ``"tensorboard:FOLDER"``.

    Raises:
        InputError: There is no such target, no run is open, or the folder cannot be written to.
        MissingPackageError: The package is not installed.
    """
    name, colon, rest = target.partition(":")
    if name not in TARGETS:
        raise InputError(f"There is no {name!r} to write to.", nearest(name, TARGETS))
    if name == "wandb":
        return Exporter(_wandb_run(rest or colon))
    if colon and not rest:
        raise InputError("There is no folder after the colon.", "Write: tensorboard:FOLDER")
    from dlmagic.magics.watch.export.tensorboard_folder import open_folder

    return Exporter(open_folder(rest))


def _wandb_run(rest: str) -> Destination:
    if rest:
        raise InputError(
            "wandb takes nothing after its name: the run that is open is written to.",
            "Write: wandb",
        )
    from dlmagic.magics.watch.export.wandb_run import open_run

    return open_run()


def _why(error: Exception) -> str:
    """What an error says, as part of a sentence."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join((text or type(error).__name__).split()).rstrip(".")
