"""A cell run plainly and as a graph: from the cell to the report, its own state kept."""

from __future__ import annotations

import builtins
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from dlmagic.cell.build import MISSING
from dlmagic.cell.flow import analyse
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.memory import Memory
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.subject import Subject
from dlmagic.errors import ModeError, ModeUnavailable, StateError
from dlmagic.frameworks.protocol import Framework
from dlmagic.frameworks.registry import loaded_frameworks, repeating
from dlmagic.magics.graphmode.effects import Effects, recording
from dlmagic.magics.graphmode.graph_run import GraphRun
from dlmagic.magics.graphmode.inspection import Inspection
from dlmagic.magics.graphmode.iterators import iterator_findings
from dlmagic.magics.graphmode.modes import choose_mode
from dlmagic.magics.graphmode.outside import OutsideAction, unheard_calls, watching_outside
from dlmagic.magics.graphmode.places import Places
from dlmagic.magics.graphmode.report import plain_report, report_of
from dlmagic.magics.graphmode.request import Request, Surroundings
from dlmagic.magics.graphmode.result import GraphReport
from dlmagic.magics.graphmode.state_after import state_after
from dlmagic.magics.graphmode.trial import MOST_TRIALS, Trials

LONG = 20.0
"""Seconds of a plain run from which on the cell runs as a graph only once, and is not tried out."""


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
    try:
        framework, mode = choose_mode(cell, request.mode)
    except ModeError as misfit:
        return _without_mode(cell, misfit, request, surroundings)
    values: list[object] = []
    if request.calls is not None:
        request.calls.require_read(cell.reads, request.namespace)
        values = request.calls.values(request.namespace)
    plain = _PlainRun(cell, dict(request.namespace), surroundings)
    cell.define()
    with repeating(cell.attributes):
        ran = _inspected(plain, framework, mode, values, request, surroundings)
    if request.strict and ran.report.ran == "eager":
        raise ModeUnavailable(ran.report.reason)
    seconds = surroundings.now() - started
    return replace(ran, report=replace(ran.report, seconds=seconds))


def _without_mode(
    cell: CellFunction, misfit: ModeError, request: Request, surroundings: Surroundings
) -> Ran:
    """A cell that no mode fits since a name is missing in it: that is what the user must hear.

    Raises:
        ModeError: Nothing is missing.
        BaseException: What the cell raises.
    """
    names = analyse(cell.layout.all_statements)
    needed = names.exposed | (names.lazy.loads - names.writes.keys())
    if needed <= {*request.namespace, *dir(builtins)}:
        raise misfit
    plain = _PlainRun(cell, dict(request.namespace), surroundings)
    cell.define()
    plain.run()
    return Ran(plain_report(request.mode or "", request.source.text, str(misfit)), plain.last)


@dataclass
class _PlainRun:
    """The cell as if there were no magic above it.

    Attributes:
        cell: The cell.
        bound: The namespace before the cell's definitions.
        surroundings: Where its output goes.
        last: The value of its last expression, once it has run.
        effects: What it said.
        outside: What it did outside the process.
        seconds: What it took.
    """

    cell: CellFunction
    bound: dict[str, object]
    surroundings: Surroundings
    last: object = None
    effects: Effects = field(default_factory=Effects)
    outside: tuple[OutsideAction, ...] = ()
    seconds: float = 0.0

    def run(self) -> None:
        """Run it, and leave the namespace as a plain run does, also where it fails.

        Raises:
            BaseException: What the cell raises.
        """
        filename = self.cell.source.filename
        self.surroundings.tell("running the cell")
        with (
            self.surroundings.output.shown(),
            recording(filename) as self.effects,
            watching_outside(filename) as actions,
        ):
            started = self.surroundings.now()
            self.last = self.cell.commit_defined(self.bound)
            self.seconds = self.surroundings.now() - started
        self.outside = (*actions.found, *unheard_calls(self.cell.layout.body, filename))

    @property
    def returned(self) -> tuple[object, ...]:
        """What the cell's function has returned."""
        namespace = self.cell.namespace
        return (self.last, *(namespace.get(name, MISSING) for name in self.cell.outputs))


def _inspected(
    plain: _PlainRun,
    framework: Framework,
    mode: str,
    values: list[object],
    request: Request,
    surroundings: Surroundings,
) -> Ran:
    cell = plain.cell
    try:
        before = _snapshot(cell, surroundings)
    except StateError as reason:
        places = Places(request.source.filename, surroundings.name_of_cell)
        used_up = iterator_findings(cell, places)
        plain.run()
        return Ran(plain_report(mode, cell.source.text, str(reason), used_up), plain.last)
    arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
    memory = Memory(surroundings.free_memory)
    subject = Subject(None, cell, arguments, before, before, before.frameworks, memory)
    # Of some random numbers only a count of the draws tells, from the first run on.
    with before.copying_first_writes(), loaded_frameworks()[-1].counting():
        plain.run()
    if plain.outside:
        line, what = plain.outside[0].frame.line, plain.outside[0].what
        told = f"Not checked because line {line} {what}."
        return Ran(plain_report(mode, cell.source.text, told), plain.last)
    inspection = Inspection(surroundings.output, surroundings.now, runs=1)
    places = Places(request.source.filename, surroundings.name_of_cell)
    with ExitStack() as stack:
        try:
            after = stack.enter_context(state_after(cell, before))
        except StateError as reason:  # it has left something that nobody can save
            return Ran(plain_report(mode, cell.source.text, str(reason)), plain.last)
        returned = plain.returned  # names are bound as before the cell from the next line on
        first = inspection.called_plainly(subject, returned, plain.effects)
        graph_run = GraphRun(inspection, framework, mode, request, surroundings, returned)
        long = plain.seconds > LONG
        try:
            with loaded_frameworks()[-1].counting():
                graph_run.run(first, after, values, long=long)
                places = replace(places, compiled=graph_run.compiled_from)
                report = report_of(inspection, mode, framework, request, places)
                surroundings.tell("trying fixes")
                trials = Trials(graph_run, first, places, left=0 if long else MOST_TRIALS)
                findings = trials.mended(report.findings)
        except ModeUnavailable as reason:
            return Ran(plain_report(mode, cell.source.text, str(reason)), plain.last)
    report = replace(report, findings=tuple(findings), runs=inspection.runs)
    return Ran(report, plain.last)


def _snapshot(cell: CellFunction, surroundings: Surroundings) -> Snapshot:
    return take_snapshot(
        cell.namespace,
        cell.needs,
        frameworks=loaded_frameworks(),
        cell_text=cell.source.python,
        memory=Memory(surroundings.free_memory),
    )
