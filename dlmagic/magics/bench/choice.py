"""Which modes a cell is timed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlmagic.cell.function import CellFunction
from dlmagic.cell.subject import Subject
from dlmagic.errors import ModeError
from dlmagic.frameworks.choosing import framework_for, framework_of_mode
from dlmagic.frameworks.plain.adapter import PLAIN_MODE
from dlmagic.frameworks.protocol import Framework


@dataclass(frozen=True)
class Choice:
    """One alternative in one mode.

    Attributes:
        name: What the user calls it in the result.
        subject: The alternative.
        mode: The mode's name.
        framework: Whose mode it is.
    """

    name: str
    subject: Subject
    mode: str
    framework: Framework


def choose(subjects: Sequence[Subject], modes: tuple[str, ...] | None) -> list[Choice]:
    """Every alternative in every mode, the reference first.

    Args:
        subjects: The alternatives of the cell.
        modes: What the user named; None for the framework's default modes, or the cell as it
            is written where it has alternatives.

    Raises:
        ModeError: A mode that does not exist, is named twice, or does not fit the cell.
        MissingPackageError: A mode whose framework is not installed.
    """
    doubled = [mode for mode in modes or () if (modes or ()).count(mode) > 1]
    if doubled:
        raise ModeError(f"The mode {doubled[0]} is named twice.", "Name each mode once.")
    choices = []
    for subject in subjects:
        named = modes or modes_of_cell(subject.cell, blocks=subject.block is not None)
        for mode in named:
            framework = framework_of_mode(mode, subject.values, subject.attributes)
            name = _name(subject, mode, several=len(named) > 1)
            choices.append(Choice(name, subject, mode, framework))
    return choices


def why_only_plain(subjects: Sequence[Subject], modes: tuple[str, ...] | None) -> str | None:
    """Why a cell is timed only as it is written though nobody asked for that, or None."""
    if modes is not None or len(subjects) > 1 or subjects[0].block is not None:
        return None
    return framework_for(subjects[0].values, subjects[0].attributes)[1] or None


def modes_of_cell(cell: CellFunction, *, blocks: bool) -> tuple[str, ...]:
    """The modes of a cell that nobody named any for.

    Args:
        cell: The cell, or one of its alternatives.
        blocks: Whether it is one of alternatives.
    """
    if blocks:
        return (PLAIN_MODE,)
    values = [cell.namespace[name] for name in cell.reads if name in cell.namespace]
    framework, _ = framework_for(values, cell.attributes)
    if framework is None:
        return (PLAIN_MODE,)
    return tuple(mode.name for mode in framework.modes if mode.default)


def _name(subject: Subject, mode: str, *, several: bool) -> str:
    if subject.block is None:
        return mode
    return f"{subject.block}/{mode}" if several else subject.block
