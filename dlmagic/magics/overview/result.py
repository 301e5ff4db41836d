"""What ``%dlmagic`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.result import Result


@dataclass(frozen=True)
class Entry:
    """A magic in the overview.

    Attributes:
        name: Its name, without a percent sign.
        purpose: What it answers, in one sentence.
        example: A line that can be pasted.
        above_cells: Whether it is mainly written above a cell.
    """

    name: str
    purpose: str
    example: str
    above_cells: bool = False

    @property
    def written(self) -> str:
        """Its name as it is written."""
        return f"%%{self.name}" if self.above_cells else f"%{self.name}"


@dataclass(frozen=True, repr=False, kw_only=True)
class Overview(Result):
    """The magics of dlmagic.

    Attributes:
        version: Of dlmagic.
        entries: A line for each.
    """

    view: ClassVar[str] = "dlmagic.magics.overview.view"

    version: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, repr=False, kw_only=True)
class EnvironmentReport(Result):
    """What dlmagic runs on, as a report of a bug needs it; no names of users, hosts or folders.

    Attributes:
        packages: Version by name: frameworks, and what draws in the notebook.
        missing: Frameworks that are not installed.
        imported: Frameworks that this process has imported.
        variables: Values of those environment variables that change what frameworks do.
    """

    view: ClassVar[str] = "dlmagic.magics.overview.environment_view"

    packages: dict[str, str]
    missing: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    variables: dict[str, str]

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What is reported, line by line: its name and its value."""
        found = [("dlmagic", ""), ("Python", ""), ("system", ""), ("processor", "")]
        if (where := self.environment) is not None:
            memory = f"{where.memory_bytes / 1e9:.0f} GB"
            found = [
                ("dlmagic", where.dlmagic),
                ("Python", where.python),
                ("system", where.platform),
                ("processor", f"{where.processor}, {where.cores} cores, {memory}"),
                ("accelerators in use", ", ".join(where.devices) or "none"),
            ]
        found += [(name, self._version(name)) for name in self.packages]
        found += [(name, "not installed") for name in self.missing]
        return (*found, *self.variables.items())

    def to_markdown(self) -> str:
        """The report as a table for an issue."""
        lines = [f"| {name} | {_in_a_cell(value)} |" for name, value in self.rows()]
        return "\n".join(["| what | value |", "|---|---|", *lines])

    def _version(self, name: str) -> str:
        return f"{self.packages[name]}{', imported' if name in self.imported else ''}"


def _in_a_cell(value: str) -> str:
    return value.replace("|", "\\|")


@dataclass(frozen=True)
class Demo:
    """A notebook to begin with.

    Attributes:
        name: As it is asked for.
        title: Its heading.
    """

    name: str
    title: str


@dataclass(frozen=True, repr=False, kw_only=True)
class Demos(Result):
    """Notebooks to begin with.

    Attributes:
        demos: All there are.
        copied: File that one was copied to, as seen from the working directory; None if none was.
        present: Whether that file was there already, and is what would have been copied.
    """

    view: ClassVar[str] = "dlmagic.magics.overview.demos_view"

    demos: tuple[Demo, ...] = ()
    copied: str | None = None
    present: bool = False
