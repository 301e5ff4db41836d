"""The run of wandb that is open: numbers go with the user's own calls of ``wandb.log``.

A run has one row of history that is open, and a count of rows. To end a row of our own would raise
that count, and wandb leaves out what a user logs with ``step=`` below it. So we only add to the row
that is open, as ``wandb.watch`` does, and the user's next call ends it: one sample a row. Our
numbers have an axis of their own, ``dlmagic/step``. A user who never logs anything gets rows of our
own when watching ends.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dlmagic.errors import DLMagicError, InputError, MissingPackageError
from dlmagic.magics.watch.export.bins import Histogram
from dlmagic.magics.watch.export.numbers import LOSS, PREFIX, STEP, Written

WAITING = 16
"""So many samples wait for a row at most; of more, every second one goes."""


def open_run() -> WandbRun:
    """The run that is open.

    Raises:
        InputError: None is.
        MissingPackageError: wandb is not installed.
    """
    wandb = sys.modules.get("wandb")
    if wandb is None and find_spec("wandb") is None:
        raise MissingPackageError("wandb", "--to wandb")
    if wandb is None or wandb.run is None:
        raise InputError(
            "No run of wandb is open.",
            'Open one before: wandb.init(), or without an account wandb.init(mode="offline").',
        )
    return WandbRun(wandb, wandb.run)


class WandbRun:
    """Adds to the rows of a run.

    Args:
        wandb: The module.
        run: That is open.
    """

    name = "wandb"

    def __init__(self, wandb: Any, run: Any) -> None:
        self.where = _where(run)
        self._wandb, self._run = wandb, run
        self._first_row = run.step
        self._taken_row: int | None = None
        self._waiting: list[dict[str, object]] = []
        self._losses: dict[str, object] = {}
        run.define_metric(STEP, hidden=True)
        run.define_metric(f"{PREFIX}*", step_metric=STEP)

    def write(self, written: Written) -> None:
        """Add the numbers of a step to the row that is open, or keep them for one that will be."""
        self._check()
        self._waiting.append(self._row(written))
        if self._run.step != self._taken_row:
            self._add(self._waiting.pop())
            self._waiting.clear()
        elif len(self._waiting) > WAITING:
            del self._waiting[1::2]

    def write_loss(self, step: int, value: float) -> None:  # noqa: ARG002 - a row has one step
        """The last loss stands in the row of the next sample."""
        self._losses = {LOSS: value}

    def notes(self) -> tuple[str, ...]:
        """What becomes of what is not yet written."""
        if len(self._waiting) < 2 or self._taken_row != self._first_row:
            return ()
        return ("wandb shows a sample with each wandb.log() of yours; there was none so far.",)

    def close(self) -> None:
        """Add what still waits."""
        self._check()
        if self._run.step != self._first_row:
            del self._waiting[:-1]
        elif self._waiting:
            self._run.log({}, commit=True)
        for number, row in enumerate(self._waiting, 1):
            self._run.log(row, commit=number < len(self._waiting))
        self._waiting.clear()

    def _add(self, row: dict[str, object]) -> None:
        self._taken_row = self._run.step
        self._run.log(row, commit=False)

    def _row(self, written: Written) -> dict[str, object]:
        histograms = {name: self._histogram(each) for name, each in written.histograms.items()}
        return {STEP: written.step, **written.scalars, **histograms, **self._losses}

    def _histogram(self, histogram: Histogram) -> object:
        return self._wandb.Histogram(np_histogram=(histogram.counts, histogram.edges))

    def _check(self) -> None:
        if self._wandb.run is not self._run:
            raise DLMagicError("its run has ended")


def _where(run: Any) -> str:
    """Where to look at a run: its page, or how to send there what was kept on this machine."""
    return str(run.url) if run.url else f"wandb sync {Path(run.dir).parent}"
