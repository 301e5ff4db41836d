"""What a run of wandb has kept on this machine, read from its file.

The file is a log as LevelDB writes it (blocks of 32 kB, records in parts), of protocol buffers.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK, HEAD = 32768, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def history(folder: Path) -> list[dict[str, Any]]:
    """The rows of the only run in a folder."""
    records = _all_records(folder)
    found = [each.history.item for each in records if each.WhichOneof("record_type") == "history"]
    return [_row(items) for items in found]


def axes(folder: Path) -> dict[str, str]:
    """Names or patterns of names, and the axis that is defined for them."""
    found = {}
    for record in _all_records(folder):
        if record.WhichOneof("record_type") == "metric":
            metric = record.metric
            found[metric.name or metric.glob_name] = metric.step_metric
    return found


def _row(items: Any) -> dict[str, Any]:
    """A dictionary in a row is kept value by value, under all of its keys."""
    row: dict[str, Any] = {}
    for item in items:
        *outer, last = list(item.nested_key) or [item.key]
        inner = row
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = json.loads(item.value_json)
    return row


def _all_records(folder: Path, patience: float = 30) -> list[Any]:
    """Those up to the last: a run that has ended may still be writing them."""
    end = monotonic() + patience
    while monotonic() < end:
        found = list(_records(folder))
        if found and found[-1].WhichOneof("record_type") == "exit":
            return found
        sleep(0.05)
    raise AssertionError("The run has no end.")


def _records(folder: Path) -> Iterator[Any]:
    (file,) = folder.glob("wandb/offline-run-*/*.wandb")
    for data in _logged(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        yield record


def _logged(data: bytes) -> Iterator[bytes]:
    place, parts = HEAD, b""  # the file has a head of its own, as long as that of a record
    while place + HEAD <= len(data):
        if BLOCK - place % BLOCK < HEAD:
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        if place + HEAD + length > len(data):
            return  # it is only just being written
        place += HEAD + length
        parts += data[place - length : place]
        if kind in (FULL, LAST):
            yield parts
            parts = b""
