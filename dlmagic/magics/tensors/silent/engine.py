"""A cell run under watch: every event goes to every rule, and the rules say what they saw."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.cell.warned import warnings_name_users_lines
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.frameworks.entries import JAX, PYTORCH, TENSORFLOW, Entry, is_loaded
from dlmagic.frameworks.operations import Event
from dlmagic.frameworks.training import Training
from dlmagic.magics.tensors.silencing import SILENCED
from dlmagic.magics.tensors.silent.catalogue import fresh_rules
from dlmagic.magics.tensors.silent.hearing import Hearing
from dlmagic.magics.tensors.silent.result import SilentMistakes
from dlmagic.magics.tensors.silent.rule import After, Mistake, Rule, finding_of

_HEARD = (PYTORCH, TENSORFLOW, JAX)
NameOfCell = Callable[[str], str | None]


@dataclass(frozen=True)
class Watched:
    """What running a cell under watch gives.

    Attributes:
        mistakes: What was seen.
        last: The value of the cell's last expression, or None.
    """

    mistakes: SilentMistakes
    last: object


def watch_cell(
    source: CellSource, namespace: dict[str, object], name_of_cell: NameOfCell, *, hints: bool
) -> Watched:
    """Run a cell once, as it is, and say what went wrong without raising.

    Args:
        source: The cell.
        namespace: The notebook's names.
        name_of_cell: What the user calls the code of a file; None for code of others.
        hints: Whether likely mistakes are told of, too.

    Raises:
        SyntaxError: At the user's line.
        BaseException: What the cell raises.
    """
    # As module code: the modules that the cell makes have their names while it runs.
    cell = compile_cell(source, namespace, as_module=True)
    training = _training(namespace)
    hearing = Hearing(fresh_rules())
    before = _loaded()
    with _recording(source.filename, namespace, hearing) as recorders:
        last = cell.commit()
    recorder = next((each for each in recorders if hasattr(each, "copies")), None)  # PyTorch's
    after = left_by(source.python, namespace, training, recorder)
    found = [
        (rule, finding)
        for rule, mistake in hearing.mistakes(after)
        if (finding := told_of(rule, mistake, source, name_of_cell)) is not None
    ]
    if recorder is not None:
        recorder.seen.forget()
    told = tuple(finding for rule, finding in found if hints or rule.sure == "certain")
    mistakes = SilentMistakes(
        environment=Environment.capture(),
        findings=tuple(sorted(told, key=lambda each: each.line or 0)),
        steps=sum(each.steps for each in recorders),
        operations=sum(each.operations for each in recorders),
        complete=all(each.complete for each in recorders),
        hints=len(found) - len(told),
        imported=tuple(entry.name for entry in _loaded() if entry not in before),
        failed=(
            *hearing.failed,
            *(each for one in recorders for each in getattr(one, "failed", ())),
        ),
    )
    return Watched(mistakes, last)


def _training(namespace: Mapping[str, object]) -> Training:
    """What PyTorch can tell of the notebook, where the user has imported it."""
    if "torch" not in sys.modules:
        return Training()
    made: Training = import_module("dlmagic.frameworks.torch.training").TorchTraining(namespace)
    return made


def left_by(
    python: str,
    namespace: dict[str, object],
    training: Training | None = None,
    recorder: Any = None,
) -> After:
    """What the cell has left, with what the imported frameworks can tell of it."""
    after = After(ast.parse(python), namespace, python, training or _training(namespace))
    if recorder is not None:
        naming = import_module("dlmagic.frameworks.torch.named_tensors")
        names = naming.NamedTensors(namespace, recorder.seen.number_of)
        after = replace(
            after,
            name_of=names.name_of,
            names_of=names.names_of,
            columns_with_nan=names.columns_with_nan,
            time_of_copy=recorder.copies.time_of,
        )
    if "keras" in sys.modules:
        after = replace(
            after,
            problem_of_model=_of_keras("loss_and_output").problem_of,
            problem_of_labels=_of_keras("labels_and_loss").problem_of_labels,
            problem_of_metrics=_of_keras("metrics_and_output").problem_of_metrics,
        )
    return after


def _of_keras(module: str) -> Any:
    return import_module(f"dlmagic.frameworks.keras.{module}")


def told_of(
    rule: Rule, mistake: Mistake, source: CellSource, name_of_cell: NameOfCell
) -> Finding | None:
    """A mistake as the user reads of it; None where the line is silenced."""
    frame = mistake.frame
    if frame is not None and frame.file != source.filename:
        return finding_of(rule, mistake, name_of_cell(frame.file), None)
    line = frame.line if frame else mistake.line
    text = source.line(line).strip() if line else ""
    if SILENCED in text:
        return None
    return finding_of(rule, mistake, None, text or None)


@contextmanager
def _recording(
    filename: str, namespace: dict[str, object], hearing: Hearing
) -> Iterator[list[Any]]:
    """Tell the rules of what the frameworks compute that the user has imported."""
    with ExitStack() as stack:
        stack.enter_context(warnings_name_users_lines())
        recorders = _recorders(filename, namespace, hearing.tell)
        yield [stack.enter_context(each) for each in recorders]


def _loaded() -> list[Entry]:
    """The frameworks that are there to be heard."""
    return [entry for entry in _HEARD if is_loaded(entry)]


def _recorders(
    filename: str, namespace: dict[str, object], tell: Callable[[Event], None]
) -> Iterator[Any]:
    for entry in _loaded():
        module = import_module(f"dlmagic.frameworks.{entry.root}.operation_recorder")
        of_notebook = (namespace,) if entry is PYTORCH else ()
        yield module.OperationRecorder(filename, tell, *of_notebook)
