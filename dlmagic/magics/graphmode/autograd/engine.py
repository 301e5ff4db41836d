"""From a tensor, or from a cell that makes one, to the graph behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.cell.warned import warnings_name_users_lines
from dlmagic.errors import InputError, nearest, what_it_is
from dlmagic.frameworks.entries import JAX, PYTORCH, TENSORFLOW, is_loaded, where_none_is_installed
from dlmagic.magics.graphmode.autograd.graph import graph_of, said_of
from dlmagic.magics.graphmode.autograd.recording import Assigned, Autograd, Recording, Target
from dlmagic.magics.graphmode.autograd.result import AutogradGraph
from dlmagic.magics.graphmode.places import Places

NameOfCell = Callable[[str], str | None]
_CLASSES = {PYTORCH: "TorchAutograd", TENSORFLOW: "TensorFlowAutograd", JAX: "JaxAutograd"}


@dataclass(frozen=True)
class Drawn:
    """The graph of a cell, and the value of its last expression.

    Attributes:
        graph: The graph.
        last: The value, or None.
    """

    graph: AutogradGraph
    last: object


def graph_of_name(
    name: str, namespace: Mapping[str, object], name_of_cell: NameOfCell
) -> AutogradGraph:
    """The graph behind a tensor that exists already.

    Raises:
        InputError: There is no such name, or no graph behind it; the reason is said.
    """
    if name not in namespace:
        tensors = [each for each, value in namespace.items() if hasattr(value, "grad_fn")]
        raise InputError(f"There is no {name}.", nearest(name, tensors))
    value = namespace[name]
    owner = _owner_of(value)
    if owner is None:
        raise InputError(
            f"{name} is {what_it_is(value)}, not a tensor.",
            "%tensors lists those there are.",
        )
    backward = owner.existing(Target(name, value), namespace)
    return graph_of(name, backward, Places("", name_of_cell))


def is_tensor(value: object) -> bool:
    """Whether a value is a tensor of an imported framework, with a graph or without."""
    return _owner_of(value) is not None


def graph_of_cell(
    source: CellSource, namespace: dict[str, object], name_of_cell: NameOfCell
) -> Drawn:
    """Run a cell and draw the graph behind what it computes.

    That is its last value, or the last tensor that it assigns; or what it takes gradients of
    itself, with a tape of TensorFlow's or with ``jax.grad``.

    Raises:
        SyntaxError: At the user's line.
        InputError: The cell makes no tensor with a graph; which cut is to blame is said.
        BaseException: What the cell raises.
    """
    cell, before = compile_cell(source, namespace), dict(namespace)
    cell.define()  # the imports too: what the cell imports itself is recorded as well
    found: list[tuple[Autograd, Recording]] = []
    with ExitStack() as afterwards:
        with ExitStack() as running:
            running.enter_context(warnings_name_users_lines())
            for framework in _imported():
                recording = running.enter_context(framework.recording(source.filename, namespace))
                afterwards.callback(recording.close)
                found.append((framework, recording))
            last = cell.commit_defined(before)
        assigned = [(name, namespace[name]) for name in cell.outputs if name in namespace]
        recordings = _in_order(found, assigned, last)
        places = Places(source.filename, name_of_cell)
        return Drawn(_first_graph(recordings, assigned, last, places), last)


def _first_graph(
    recordings: Sequence[Recording],
    assigned: Assigned,
    last: object,
    places: Places,
) -> AutogradGraph:
    for recording in recordings:
        target = recording.target(assigned, last)
        if target is not None:
            return graph_of(target.name, recording.read(target), places)
    why = _why_none(recordings, places)
    raise InputError("The cell has run, and makes no tensor with a graph.", why)


def _why_none(recordings: Sequence[Recording], places: Places) -> str:
    """Which cut left a cell without a graph."""
    for recording in recordings:
        if recording.cuts:
            cut = recording.cuts[-1]
            line = places.of(cut.frames).line
            return f"Line {line}: {said_of(cut)}" if line else said_of(cut)
    return recordings[0].advice


def _in_order(
    found: Sequence[tuple[Autograd, Recording]], assigned: Assigned, last: object
) -> list[Recording]:
    """The recording of the framework that made the last value first."""
    values = [last, *(value for _, value in reversed(assigned))]

    def rank(entry: tuple[Autograd, Recording]) -> int:
        owned = (place for place, value in enumerate(values) if entry[0].owns(value))
        return next(owned, len(values))

    return [recording for _, recording in sorted(found, key=rank)]


def _owner_of(value: object) -> Autograd | None:
    return next((framework for framework in _imported() if framework.owns(value)), None)


def _imported() -> list[Autograd]:
    """The frameworks' parts of this room; of those that the user has imported.

    Raises:
        InputError: None of them is imported, so there can be no graph.
    """
    loaded = [entry for entry in _CLASSES if is_loaded(entry)]
    if not loaded:
        names = " or ".join(entry.name for entry in _CLASSES)
        raise InputError(
            f"autograd draws graphs of {names}, and none of them is imported.",
            where_none_is_installed(*_CLASSES) or "Import the one that you compute with first.",
        )
    return [
        getattr(import_module(f"dlmagic.magics.graphmode.autograd.{entry.root}"), made)()
        for entry, made in _CLASSES.items()
        if entry in loaded
    ]
