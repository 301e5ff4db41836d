"""The benchmark from the cell to the result, with all state put back at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dlmagic.cell.function import compile_cell
from dlmagic.cell.memory import Footprint, Memory
from dlmagic.cell.names_in_namespace import SavedNamespace
from dlmagic.cell.output import unheard
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.subject import Subject, prepare_subject
from dlmagic.errors import OptionError, nearest
from dlmagic.frameworks.registry import loaded_frameworks, repeating
from dlmagic.magics.bench.alternatives import Alternatives, divide
from dlmagic.magics.bench.bookkeeping import Bookkeeping
from dlmagic.magics.bench.choice import Choice, choose, why_only_plain
from dlmagic.magics.bench.isolated.parcel import pack
from dlmagic.magics.bench.isolated.stage import run_isolated
from dlmagic.magics.bench.ranks.engine import bench_on_engines
from dlmagic.magics.bench.report import result_of
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.stages import first_runs, run_all
from dlmagic.magics.bench.sweep.engine import sweep_cell


def bench_cell(request: Request, surroundings: Surroundings) -> BenchResult:
    """Time a cell in several modes, or its alternatives against each other, or both at each value.

    Raises:
        SyntaxError: At the user's line.
        RankError: Of several engines one failed, ended or did not answer.
        InputError: The cell, a mode or an option cannot be used; nothing has run.
        BaseException: What the cell raises when it runs as it is; nothing is timed.
    """
    if request.on is not None:
        return bench_on_engines(request, surroundings)
    if request.sweep is not None:
        return sweep_cell(request, surroundings, bench_cell)
    started = surroundings.clock.now()
    alternatives = divide(request.source)
    books = Bookkeeping.opened(request, surroundings.clock)
    with _state_put_back(alternatives, request, surroundings) as before:
        with surroundings.output.shown():  # definitions and imports may have something to say
            subjects = _subjects(alternatives, request, before, surroundings)
        choices = choose(subjects, request.modes)
        for subject in subjects:
            subject.frameworks = loaded_frameworks()  # a mode may have loaded its framework
        reference = _reference(choices, request.reference)
        books.look_at(alternatives, choices)
        parcel = pack(choices, request.namespace) if request.isolate else None
        notes = _notes(subjects, request)
        with loaded_frameworks()[-1].counting():
            checks = first_runs(subjects, reference.subject, request, surroundings)
            if parcel is None:
                run = run_all(choices, reference, checks, request, surroundings)
        if parcel is None:
            seconds = surroundings.clock.now() - started
            compared_with = "" if request.alone else reference.name
            result = result_of(request, compared_with, run, seconds, notes)
        else:
            result = run_isolated(choices, reference, checks, parcel, request, surroundings, notes)
            result = replace(result, seconds=surroundings.clock.now() - started)
        result = books.told(result)
    if request.keep:
        with unheard(surroundings.output):  # the first run has shown it
            _commit(alternatives, reference.subject.block, request)
    return books.kept(result)


@contextmanager
def _state_put_back(
    alternatives: Alternatives, request: Request, surroundings: Surroundings
) -> Iterator[Snapshot]:
    """Run the set-up; leave everything that the cell reaches as it was, whatever happens."""
    setup = alternatives.setup
    parts = [*([setup] if setup else []), *alternatives.blocks.values()]
    cells = [compile_cell(part, request.namespace) for part in parts]
    names = [name for cell in cells for name in cell.needs]
    attributes = frozenset().union(*(cell.attributes for cell in cells))
    with repeating(attributes), _saved(names, request, surroundings) as before:
        if setup:
            surroundings.tell("running the set-up")
            with surroundings.output.shown(), before.copying_first_writes():
                cells[0].commit()
        yield before


@contextmanager
def _saved(
    names: Sequence[str], request: Request, surroundings: Surroundings
) -> Iterator[Snapshot]:
    """Save what the cell reaches; put it back at the end."""
    surroundings.tell("reading what the cell uses")
    before = take_snapshot(
        request.namespace,
        names,
        frameworks=loaded_frameworks(),
        cell_text=request.source.python,
        memory=Memory(surroundings.free_memory, lambda footprint: _tell(footprint, surroundings)),
    )
    try:
        yield before
    finally:
        restore_surely(before)


def _tell(footprint: Footprint, surroundings: Surroundings) -> None:
    """Say how much there is to read where that may take a while."""
    if footprint.note():
        surroundings.tell(f"reading {footprint} that the cell uses")


def restore_surely(snapshot: Snapshot) -> None:
    """Restore, and once more from the start if the user interrupts it."""
    try:
        snapshot.restore()
    except KeyboardInterrupt:
        snapshot.restore()
        raise


def _subjects(
    alternatives: Alternatives, request: Request, before: Snapshot, surroundings: Surroundings
) -> list[Subject]:
    """Each alternative, none of which sees the definitions of another."""
    start = SavedNamespace(request.namespace)
    memory = Memory(surroundings.free_memory)
    subjects = []
    for block, source in alternatives.blocks.items():
        subjects.append(prepare_subject(block, source, request.namespace, before, memory))
        start.restore()
    return subjects


def _notes(subjects: Sequence[Subject], request: Request) -> tuple[str, ...]:
    """What reading the cell's values takes, and why no mode fits it: where worth a line."""
    notes = [
        why_only_plain(subjects, request.modes),
        *(subject.start.footprint.note() for subject in subjects),
    ]
    return tuple(dict.fromkeys(note for note in notes if note is not None))


def _reference(choices: Sequence[Choice], name: str | None) -> Choice:
    names = [choice.name for choice in choices]
    if name is None:
        return choices[0]
    if name not in names:
        raise OptionError(
            f"--reference {name} is not a mode or alternative of this cell.", nearest(name, names)
        )
    return choices[names.index(name)]


def _commit(alternatives: Alternatives, block: str | None, request: Request) -> None:
    for source in (alternatives.setup, alternatives.blocks[block]):
        if source is not None:
            compile_cell(source, request.namespace).commit()
