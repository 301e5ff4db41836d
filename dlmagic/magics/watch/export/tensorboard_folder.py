"""A folder that TensorBoard shows, written without PyTorch and without TensorFlow."""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime
from functools import cache
from io import FileIO
from itertools import chain, count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dlmagic.errors import InputError, MissingPackageError
from dlmagic.magics.watch.export.bins import Histogram
from dlmagic.magics.watch.export.numbers import LOSS, PREFIX, Written
from dlmagic.magics.watch.export.records import record

EVENTS = "events.out.tfevents."


def open_folder(folder: str) -> TensorBoardFolder:
    """A new file of events in a folder.

    Args:
        folder: Where; empty for a new one in ``runs``.

    Raises:
        InputError: It cannot be written to.
        MissingPackageError: TensorBoard is not installed.
    """
    now = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    path = _unused(Path(folder).expanduser() if folder else Path("runs") / now)
    _messages()
    try:
        path.mkdir(parents=True, exist_ok=True)
        return TensorBoardFolder(path)
    except OSError as error:
        raise InputError(
            f"TensorBoard's folder {str(path)!r} cannot be written to: {error.strerror}.",
            "Choose another one: --to tensorboard:FOLDER",
        ) from None


class TensorBoardFolder:
    """Writes each step at once; what a full disk has cut off is taken back.

    Args:
        folder: It is there, and has no events of others: TensorBoard reads one file of a folder
            to its end before the next, and then never again.
    """

    name = "TensorBoard"

    def __init__(self, folder: Path) -> None:
        self.where = f"tensorboard --logdir {folder}"
        host = socket.gethostname()
        name = f"{EVENTS}{time.time():.0f}.{host}.{os.getpid()}.{PREFIX}"
        self._file = FileIO(str(folder / name), "xb")
        self._put(self._event(file_version="brain.Event:2"))

    def write(self, written: Written) -> None:
        """Write all numbers of one step."""
        event = self._event(step=written.step)
        for name, value in written.scalars.items():
            event.summary.value.add(tag=name, simple_value=value)
        for name, histogram in written.histograms.items():
            event.summary.value.add(tag=name, histo=_message(histogram))
        self._put(event)

    def write_loss(self, step: int, value: float) -> None:
        """Write the loss of one step."""
        event = self._event(step=step)
        event.summary.value.add(tag=LOSS, simple_value=value)
        self._put(event)

    def notes(self) -> tuple[str, ...]:
        """There is nothing to tell."""
        return ()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _event(self, **fields: object) -> Any:
        return _messages().Event(wall_time=time.time(), **fields)

    def _put(self, event: Any) -> None:
        whole = self._file.tell()
        try:
            self._require_file()
            self._put_all(record(event.SerializeToString()))
        except OSError:
            self._file.truncate(whole)
            self._file.close()
            raise

    def _require_file(self) -> None:
        if not os.fstat(self._file.fileno()).st_nlink:
            raise OSError("its file was deleted")

    def _put_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]


def _message(histogram: Histogram) -> object:
    """As TensorBoard takes it: with the upper edges of the bins."""
    counts = histogram.counts.tolist()
    total, mean = sum(counts), histogram.mean
    return _messages().HistogramProto(
        min=histogram.low,
        max=histogram.high,
        num=total,
        sum=mean * total,
        sum_squares=(histogram.std**2 + mean**2) * total,
        bucket_limit=histogram.edges[1:].tolist(),
        bucket=counts,
    )


def _unused(folder: Path) -> Path:
    """The folder, or one in it, where there are no events yet."""
    inside = (folder / (f"{PREFIX}-{k}" if k > 1 else PREFIX) for k in count(1))
    return next(each for each in chain([folder], inside) if not any(each.glob(f"{EVENTS}*")))


@cache
def _messages() -> SimpleNamespace:
    """TensorBoard's messages: importing them imports neither PyTorch nor TensorFlow."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import HistogramProto
    except ImportError:
        raise MissingPackageError("tensorboard", "--to tensorboard") from None
    return SimpleNamespace(Event=Event, HistogramProto=HistogramProto)
