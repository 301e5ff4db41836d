"""What Dynamo says about a compilation, read from the records of its structured trace.

PyTorch writes one record for every graph break, also for those that its log shows only once,
and for every recompilation (``torch.__trace``, the source of ``TORCH_TRACE`` and of
``draft_export``). Their form is private: what cannot be read here is left out, and the reader
says so by :attr:`DynamoRecords.complete`. Where there is no such trace, the log that
``TORCH_LOGS="graph_breaks"`` shows is read: the breaks are the same, recompilations stay unknown.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dlmagic.frameworks.captured import Frame, GraphBreak, Recompilation
from dlmagic.frameworks.torch import _compat as compat

_PLACE = re.compile(
    r"^Graph break (?:\(.*\) )?in user code at (?P<file>.*):(?P<line>\d+)$", re.MULTILINE
)
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+), in (?P<name>.*)$', re.MULTILINE)
_RESUMED = re.compile(r"^torch_dynamo_resume_in_(?P<name>.*)_at_\d+$")
_NUMBER = re.compile(r"^\s*(-\s*)?\d+/\d+:\s*")
_COMMENT = re.compile(r"\s{2,}#.*$")
_SKIPPED = "Skipping the function and falling back to eager"
_STACK = "User code traceback:"
_LABEL = "Graph Break Reason: "
_Compilation = tuple[object, object]
"""Numbers of the frame and of its compilation, as the records have them."""
_STRUCTURED_TRACE = compat.structured_trace()


@dataclass
class DynamoRecords:
    """All that was said while it listened.

    Attributes:
        breaks: Every graph break, in the order in which Dynamo met them.
        complete: Whether every record could be read.
    """

    breaks: list[GraphBreak] = field(default_factory=list)
    complete: bool = True
    _reasons: list[tuple[_Compilation, str]] = field(default_factory=list)
    _begun: dict[_Compilation, tuple[Frame, ...]] = field(default_factory=dict)

    @property
    def recompilations(self) -> list[Recompilation]:
        """Every recompilation; where it began is told only after its reasons."""
        return [parse_recompilation(text, self._begun.get(key, ())) for key, text in self._reasons]

    def read(self, record: logging.LogRecord) -> None:
        """Take in one record of the structured trace; those of no interest change nothing."""
        metadata: Mapping[str, Any] = getattr(record, "metadata", {})
        compilation = (metadata.get("frame_id"), metadata.get("frame_compile_id"))
        if "dynamo_start" in metadata:
            stack = compat.stack_of_start(metadata["dynamo_start"])
            self._begun[compilation] = tuple(_frame(*step) for step in stack)
        artifact = metadata.get("artifact")
        if not isinstance(artifact, Mapping):
            return
        payload = str(getattr(record, "payload", ""))
        if artifact.get("name") == "dynamo_graph_break_reason":
            self.breaks.append(parse_break(payload))
        elif artifact.get("name") == "recompile_reasons":
            self._reasons.append((compilation, payload))

    def read_log(self, record: logging.LogRecord) -> None:
        """Take in one record of the log of graph breaks, which has the same text."""
        self.breaks.append(parse_break(record.getMessage()))


@contextmanager
def listening(trace: logging.Logger | None = _STRUCTURED_TRACE) -> Iterator[DynamoRecords]:
    """While active, records are read; the logger is left as it was.

    Args:
        trace: PyTorch's structured trace; None where it has none.
    """
    records = DynamoRecords(complete=trace is not None)
    logger = compat.log_of_graph_breaks() if trace is None else trace
    handler = _Reader(records, records.read_log if trace is None else records.read)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    if trace is None:
        logger.setLevel(logging.DEBUG)
        logger.propagate = False  # nobody has asked to see it
    try:
        yield records
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


class _Reader(logging.Handler):
    """Reads each record at once; one that it cannot read costs itself alone."""

    def __init__(self, records: DynamoRecords, read: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.DEBUG)
        self._records = records
        self._read = read

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._read(record)
        except Exception:
            self._records.complete = False


def parse_break(text: str) -> GraphBreak:
    """The graph break that a record's text describes.

    Raises:
        ValueError: The text has another form.
    """
    place = _PLACE.search(text)
    if place is None:
        raise ValueError("no place in the record of a graph break")
    reason, _, stack = text[place.end() :].partition(_STACK)
    cause, explanation = _cause_and_explanation(reason)
    stack = stack.partition("\nTraceback ")[0]
    frames = tuple(_frame(**found.groupdict()) for found in _FRAME.finditer(stack))
    return GraphBreak(
        cause=cause,
        explanation=explanation,
        hints=tuple(" ".join(hint.split()) for hint in _parts(reason, "Hint")),
        context=" ".join(" ".join(_parts(reason, "Developer debug context")).split()),
        frames=frames or (Frame(place["file"], int(place["line"]), ""),),
        skipped=_SKIPPED in reason,
    )


def parse_recompilation(text: str, begun: tuple[Frame, ...]) -> Recompilation:
    """The recompilation that a record's text describes.

    Of everything that was compiled before, the text says why it does not fit, the last first.

    Args:
        text: One reason, or a list of them as JSON: ``"0/1: n == 1   # y = x * n  # a.py:1 in
        f"``, the lines of code that need it below.
        begun: The stack that Dynamo told when it began to compile.
    """
    reasons = json.loads(text) if text.lstrip().startswith("[") else [text]
    reason, _, stack = str(reasons[0] if reasons else "").partition("\nUser stack trace:")
    condition = _NUMBER.sub("", reason.partition("\n")[0])
    frames = tuple(_frame(**found.groupdict()) for found in _FRAME.finditer(stack))
    return Recompilation(_COMMENT.sub("", condition).strip(), (*begun, *frames))


def _cause_and_explanation(reason: str) -> tuple[str, str]:
    """The last line above the explanation names the cause; lines before it say how it was met."""
    head, _, rest = reason.partition("\n  Explanation: ")
    lines = [line.strip() for line in head.removeprefix("\n").splitlines() if line.strip()]
    cause = lines[-1].removeprefix(_LABEL) if lines else ""
    explanation = rest.partition("\n")[0] if rest else ""
    return cause, " ".join(explanation.split())


def _parts(reason: str, label: str) -> list[str]:
    """The texts behind a label; each goes on until the next one or an empty line."""
    found = re.findall(
        rf"^  {label}: (.*?)(?=^  \w[\w ]*: |^\s*$|\Z)", reason, re.MULTILINE | re.DOTALL
    )
    return [str(text) for text in found]


def _frame(file: str, line: str | int, name: str) -> Frame:
    resumed = _RESUMED.match(name)
    return Frame(file, int(line), resumed["name"] if resumed else name)
