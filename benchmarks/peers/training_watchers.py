"""What others write to see how a model trains, each attached to a training for a while."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmarks.watched_in_turns import Watched
from benchmarks.watched_models import Training


class WandbWatch:
    """``wandb.watch(log="all")`` in a run that keeps all on this machine.

    What it measures is kept with the user's next ``log``: one follows each step that is measured,
    and no other.
    """

    def __init__(self) -> None:
        os.environ["WANDB_ERROR_REPORTING"] = "false"  # nothing goes over the network
        import wandb

        self._wandb = wandb
        self._folder = tempfile.TemporaryDirectory()
        settings = wandb.Settings(console="off", silent=True)
        self.run = wandb.init(
            mode="offline", dir=self._folder.name, project="benchmark", settings=settings
        )

    @contextmanager
    def watching(self, training: Training, every: int) -> Iterator[Watched]:
        """One step in so many is measured, the last of each so many after the first."""
        steps = count()

        def step() -> None:
            training.step()
            number = next(steps)
            if number == 0:
                self._wandb.watch(training.model, log="all", log_freq=every)
            elif number % every == 0:
                self.run.log({})

        try:
            yield Watched(step)
        finally:
            self._wandb.unwatch(training.model)

    def close(self) -> None:
        """End the run."""
        self.run.finish()
        self._folder.cleanup()


class TensorBoardHistograms:
    """``SummaryWriter.add_histogram`` of every parameter and its gradient."""

    def __init__(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = tempfile.TemporaryDirectory()
        self._writer: Any = SummaryWriter(self._folder.name)

    @contextmanager
    def watching(self, training: Training, every: int) -> Iterator[Watched]:
        """One step in so many is measured, the last of each so many after the first."""
        steps = count()

        def step() -> None:
            training.step()
            number = next(steps)
            if number and number % every == 0:
                for name, parameter in training.model.named_parameters():
                    self._writer.add_histogram(f"parameters/{name}", parameter, number)
                    self._writer.add_histogram(f"gradients/{name}", parameter.grad, number)

        yield Watched(step)

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
        self._folder.cleanup()


@contextmanager
def torchlens_trace(training: Training) -> Iterator[Watched]:
    """TorchLens traces the batch once more after each step, all outputs kept."""
    import torchlens

    options = torchlens.options.CaptureOptions(unwrap_when_done=True)

    def step() -> None:
        training.step()
        torchlens.trace(training.model, training.inputs, capture=options)

    yield Watched(step)


@contextmanager
def torchlens_record(training: Training) -> Iterator[Watched]:
    """TorchLens records the outputs of layers once more after each step: its quickest way."""
    import torchlens

    def step() -> None:
        training.step()
        torchlens.fastlog.record(
            training.model, training.inputs, default_op=False, default_module=True
        )

    yield Watched(step)
