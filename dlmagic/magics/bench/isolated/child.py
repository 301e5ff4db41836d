"""What runs in a fresh process: unpack, set the frameworks as they were, measure one arm.

The process ends when its parent does: standard input stays open as long as that lives.
"""

from __future__ import annotations

import importlib
import json
import linecache
import os
import pickle
import sys
import threading
from types import ModuleType
from typing import Any, BinaryIO

from dlmagic.errors import DLMagicError
from dlmagic.magics.bench.isolated.task import Answer


def main() -> None:
    """Read a task from standard input, answer on what was standard output."""
    answer_to = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), 1)
    sys.modules["__main__"] = ModuleType("__main__")
    header, settings, values = _received(os.fdopen(os.dup(0), "rb", buffering=0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer_to.write(_answer(header, settings, values).to_line())
    answer_to.close()


def _received(source: BinaryIO) -> tuple[dict[str, Any], dict[str, bytes], bytes]:
    header = json.loads(source.readline())
    settings = {name: _exactly(source, size) for name, size in header["settings"].items()}
    return header, settings, _exactly(source, header["values"])


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = source.read(min(size - len(data), 1 << 24))
        if not piece:
            raise SystemExit("the parent process is gone")
        data += piece
    return bytes(data)


def _end_with_parent() -> None:
    """Wait until standard input ends; it does only when the parent is gone."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _answer(header: dict[str, Any], settings: dict[str, bytes], values: bytes) -> Answer:
    try:
        return _measured(header, settings, values)
    except KeyboardInterrupt:
        raise
    except DLMagicError as error:
        return Answer(reason=str(error))
    except BaseException as error:  # a cell may raise anything, SystemExit too
        text = " ".join(str(error).split())[:200]
        kind = type(error).__name__
        line = _line_of(error, header["source"]["filename"])
        return Answer(reason=f"{kind}: {text}" if text else kind, line=line)


def _measured(header: dict[str, Any], settings: dict[str, bytes], values: bytes) -> Answer:
    from dlmagic.cell.output import StreamOutput
    from dlmagic.cell.source import CellSource
    from dlmagic.magics.bench.engine import bench_cell
    from dlmagic.magics.bench.request import Request, Surroundings

    source = CellSource(**header["source"])
    for name, text in {source.filename: source.text, **header["sources"]}.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    for name, data in settings.items():
        _take_over(name, pickle.loads(data))
    namespace = vars(sys.modules["__main__"])
    namespace.update(pickle.loads(values))
    options = {**header["options"], "modes": tuple(header["options"]["modes"])}
    request = Request(source, namespace, **options, alone=True)
    return Answer(bench_cell(request, Surroundings(StreamOutput())))


def _take_over(name: str, settings: dict[str, object]) -> None:
    """Set a framework as it is set in the notebook; it is imported here for that."""
    if name != "plain":
        importlib.import_module(name)
    importlib.import_module(f"dlmagic.frameworks.{name}.portable").take_over(settings)


def _line_of(error: BaseException, filename: str) -> int | None:
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            return trace.tb_lineno
        trace = trace.tb_next
    return None
