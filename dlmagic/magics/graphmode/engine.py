"""A cell run plainly and as a graph: from the cell to the report, its own state kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dlmagic.cell.build import MISSING
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.memory import Memory
from dlmagic.cell.output import unheard
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.subject import Subject
from dlmagic.environment import Environment
from dlmagic.errors import ModeUnavailable, StateError
from dlmagic.frameworks.protocol import Framework
from dlmagic.frameworks.registry import loaded_frameworks, repeating
from dlmagic.magics.graphmode.capture import CompiledCell
from dlmagic.magics.graphmode.effects import Effects, recording
from dlmagic.magics.graphmode.inspection import Inspection, subject_of
from dlmagic.magics.graphmode.modes import choose_mode, compiler_of
from dlmagic.magics.graphmode.outside import OutsideAction, saving_calls, watching_outside
from dlmagic.magics.graphmode.places import Places
from dlmagic.magics.graphmode.report import plain_report, report_of
from dlmagic.magics.graphmode.request import Request, Surroundings
from dlmagic.magics.graphmode.result import GraphReport


@dataclass(frozen=True)
class Ran:
    """What running a cell gives: the report, and what the cell itself has to show.

    Attributes:
        report: The report.
        last: The value of the cell's last expression, or None.
    """

    report: GraphReport
    last: object


def graphmode_cell(request: Request, surroundings: Surroundings) -> Ran:
    """Run a cell as a plain run does, and as a graph beside it; leave what the plain run leaves.

    Raises:
        SyntaxError: At the user's line.
        InputError: The cell or an option cannot be used; nothing has run.
        ModeUnavailable: Only with ``strict``: the cell cannot run in that mode.
        BaseException: What the cell raises when it runs as it is.
    """
    started = surroundings.now()
    cell = compile_cell(request.source, request.namespace)
    framework, mode = choose_mode(cell, request.mode)
    values = []
    if request.calls is not None:
        request.calls.require_read(cell.reads)
        values = request.calls.values(request.namespace)
    bound = dict(request.namespace)
    cell.define()
    with repeating(cell.attributes):
        ran = _inspect(cell, bound, framework, mode, values, request, surroundings)
    seconds = surroundings.now() - started
    return replace(ran, report=replace(ran.report, seconds=seconds))


def _inspect(
    cell: CellFunction,
    bound: dict[str, object],
    framework: Framework,
    mode: str,
    values: list[object],
    request: Request,
    surroundings: Surroundings,
) -> Ran:
    inspection = Inspection(surroundings.output, surroundings.now)
    surroundings.tell("running the cell")
    try:
        before = _snapshot(cell, surroundings)
    except StateError as reason:
        last, _, _ = _run_plainly(cell, bound, None, surroundings)
        return _plainly_only(cell, mode, last, str(reason), request)
    arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
    memory = Memory(surroundings.free_memory)
    subject = Subject(None, cell, arguments, before, before, before.frameworks, memory)
    last, effects, outside = _run_plainly(cell, bound, before, surroundings)
    inspection.runs += 1
    if outside:
        line, what = outside[0].frame.line, outside[0].what
        return _plainly_only(cell, mode, last, f"Not checked because line {line} {what}.", request)
    with _state_after(cell, before) as after:
        returned = (last, *(cell.namespace.get(name, MISSING) for name in cell.outputs))
        first = inspection.called_plainly(subject, returned, effects)
        try:
            compiled = _compiled(subject, framework, mode, request, surroundings)
        except ModeUnavailable as reason:
            return _plainly_only(cell, mode, last, str(reason), request)
        with loaded_frameworks()[-1].counting():
            surroundings.tell(f"running the cell in mode {mode}")
            inspection.call_as_graph(first, compiled)
            if first.error is None:
                _call_again(inspection, compiled, after, values, request, surroundings)
    places = Places(request.source.filename, surroundings.name_of_cell)
    report = report_of(inspection, mode, framework, request, places)
    if request.strict and report.ran == "eager":
        raise ModeUnavailable(report.reason)
    return Ran(report, last)


def _snapshot(cell: CellFunction, surroundings: Surroundings) -> Snapshot:
    return take_snapshot(
        cell.namespace,
        cell.reads,
        frameworks=loaded_frameworks(),
        cell_text=cell.source.python,
        memory=Memory(surroundings.free_memory),
    )


def _run_plainly(
    cell: CellFunction,
    bound: dict[str, object],
    before: Snapshot | None,
    surroundings: Surroundings,
) -> tuple[object, Effects, list[OutsideAction]]:
    """The cell as if there were no magic above it: its last value, what it said and did."""
    filename = cell.source.filename
    with (
        surroundings.output.shown(),
        recording(filename) as effects,
        watching_outside(filename) as outside,
    ):
        if before is None:
            last = cell.commit_defined(bound)
        else:
            with before.copying_first_writes():
                last = cell.commit_defined(bound)
    return last, effects, [*outside.found, *saving_calls(cell.layout.body, filename)]


@contextmanager
def _state_after(cell: CellFunction, before: Snapshot) -> Iterator[Snapshot]:
    """Keep the state that the plain run has left, and put it back at the end."""
    after = take_snapshot(cell.namespace, cell.reads, frameworks=before.frameworks, earlier=before)
    after.copy_what_was_written(before)
    try:
        yield after
    finally:
        try:
            after.restore()
        except KeyboardInterrupt:
            after.restore()
            raise


def _compiled(
    subject: Subject,
    framework: Framework,
    mode: str,
    request: Request,
    surroundings: Surroundings,
) -> CompiledCell:
    """The cell in its mode, compiled now or when a cell of the same text ran before."""
    key = (mode, request.source.text, subject.cell.parameters)
    compiled = surroundings.kept.find(key)
    if compiled is None or compiled.prepared.replacements:  # made for other values of its names
        surroundings.tell(f"preparing the mode {mode}")
        compiler = compiler_of(framework, mode)
        with unheard(surroundings.output):
            prepared = compiler.prepare(subject.cell, subject.arguments, subject.run_once)
        compiled = CompiledCell(subject.cell, compiler, prepared, framework)
        surroundings.kept.keep(key, compiled)
    return compiled


def _call_again(
    inspection: Inspection,
    compiled: CompiledCell,
    after: Snapshot,
    values: list[object],
    request: Request,
    surroundings: Surroundings,
) -> None:
    """Call it with each value that the user named; without any, once more from where it ended."""
    first = inspection.calls[0]
    if not values:
        surroundings.tell("running it once more")
        _call_from_where_it_ended(inspection, compiled, after)
    for value in values:
        assert request.calls is not None
        surroundings.tell(f"calling it with another {request.calls.name}")
        arguments = {**first.subject.arguments, request.calls.name: value}
        subject = subject_of(first.subject, first.subject.snapshot, arguments)
        inspection.call_as_graph(inspection.call_plainly(subject), compiled)


def _call_from_where_it_ended(
    inspection: Inspection, compiled: CompiledCell, after: Snapshot
) -> None:
    """The next call of a loop: it finds what the last one has left, if it can run so."""
    first = inspection.calls[0]
    after.restore()
    try:
        arguments = dict(zip(first.subject.cell.parameters, compiled.cell.arguments(), strict=True))
        call = inspection.call_plainly(subject_of(first.subject, after, arguments))
    except Exception:
        # What the cell uses up, it cannot find again: then it starts where it started.
        first.subject.snapshot.restore()
        again = subject_of(first.subject, first.subject.snapshot, first.subject.arguments)
        call = inspection.call_plainly(again)
    inspection.call_as_graph(call, compiled)


def _plainly_only(
    cell: CellFunction, mode: str, last: object, reason: str, request: Request
) -> Ran:
    if request.strict:
        raise ModeUnavailable(reason)
    return Ran(plain_report(mode, cell.source.text, reason, Environment.capture()), last)


def shows_its_value(source: str) -> bool:
    """Whether a plain run would show the value of the last expression: not after a semicolon."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    code = [line.partition("#")[0].rstrip() for line in source.splitlines()]
    last = next((line for line in reversed(code) if line), "")
    return not last.endswith(";")
