"""A cell run under watch: every event goes to every rule, and the rules say what they saw."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.frameworks.operations import Event
from dlmagic.magics.tensors.silent.catalogue import fresh_rules
from dlmagic.magics.tensors.silent.result import SilentMistakes
from dlmagic.magics.tensors.silent.rule import After, Mistake, Rule, finding_of

_SILENCED = "# dlmagic: ok"
NameOfCell = Callable[[str], str | None]
Untrained = Callable[[Collection[int]], tuple[str, ...]]


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
    rules = fresh_rules()
    cell = compile_cell(source, namespace)
    untrained = _untrained(namespace)
    with _recording(source.filename, namespace, rules) as recorder:
        last = cell.commit()
    after = _after(ast.parse(source.python), namespace, untrained, recorder)
    found = [
        (rule, finding)
        for rule in rules
        for mistake in rule.mistakes(after)
        if (finding := _finding(rule, mistake, source, name_of_cell)) is not None
    ]
    if recorder is not None:
        recorder.seen.forget()
    told = tuple(finding for rule, finding in found if hints or rule.sure == "certain")
    mistakes = SilentMistakes(
        environment=Environment.capture(),
        findings=tuple(sorted(told, key=lambda each: each.line or 0)),
        steps=getattr(recorder, "steps", 0),
        operations=getattr(recorder, "operations", 0),
        complete=getattr(recorder, "complete", True),
        hints=len(found) - len(told),
    )
    return Watched(mistakes, last)


def _untrained(namespace: dict[str, object]) -> Untrained:
    """Asked before the cell, what will tell which parameters it leaves untrained."""
    if "torch" not in sys.modules:
        return lambda _held: ()
    of_torch = import_module("dlmagic.frameworks.torch.untrained")
    before = of_torch.gradients(namespace)
    return lambda held: tuple(of_torch.untrained(namespace, held, before))


def _after(
    tree: ast.Module, namespace: dict[str, object], untrained: Untrained, recorder: Any
) -> After:
    """What the cell has left, with what the imported frameworks can tell of it."""
    after = After(tree, namespace, untrained)
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
        of_keras = import_module("dlmagic.frameworks.keras.loss_and_output")
        after = replace(after, problem_of_model=of_keras.problem_of)
    return after


def _finding(
    rule: Rule, mistake: Mistake, source: CellSource, name_of_cell: NameOfCell
) -> Finding | None:
    """None where the user has silenced the line."""
    frame = mistake.frame
    if frame is not None and frame.file != source.filename:
        return finding_of(rule, mistake, name_of_cell(frame.file), None)
    line = frame.line if frame else mistake.line
    text = source.line(line).strip() if line else ""
    if _SILENCED in text:
        return None
    return finding_of(rule, mistake, None, text or None)


@contextmanager
def _recording(filename: str, namespace: dict[str, object], rules: Sequence[Rule]) -> Iterator[Any]:
    """Tell the rules of what PyTorch computes, where the user has imported it."""
    if "torch" not in sys.modules:
        yield None
        return

    def tell(event: Event) -> None:
        for rule in rules:
            rule.hear(event)

    module = import_module("dlmagic.frameworks.torch.operation_recorder")
    evaluating = import_module("dlmagic.frameworks.torch.evaluating")
    recorder = module.OperationRecorder(
        filename, tell, lambda parameters: evaluating.with_dropout(parameters, namespace)
    )
    with recorder:
        yield recorder
