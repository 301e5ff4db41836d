"""What ``--save`` and ``--against`` need from a benchmark, from before it runs to its end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from dlmagic.cell.flow import analyse
from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.errors import InputError, ResultFormatError
from dlmagic.finding import Finding
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench import baseline_file
from dlmagic.magics.bench.alternatives import Alternatives
from dlmagic.magics.bench.baseline import compare_with_baseline
from dlmagic.magics.bench.baseline_result import Provenance, TimedCode
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.conditions import listed
from dlmagic.magics.bench.counterparts import counterparts, timed
from dlmagic.magics.bench.inputs import describe
from dlmagic.magics.bench.request import Request
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.yardstick import burst

_AS_WRITTEN = ("plain", "python", "eager")
_SWITCHING = "keras"  # its eager mode is not the cell as it is written


@dataclass
class Bookkeeping:
    """The files of one benchmark; does nothing where neither option was given.

    Attributes:
        request: What was asked for.
        clock: Where time is read.
        target: The file to write, or None.
        saved: The baseline, or None.
        provenance: What is timed; None until that is known.
    """

    request: Request
    clock: Clock
    target: Path | None = None
    saved: BenchResult | None = None
    provenance: Provenance | None = field(default=None, init=False)

    @classmethod
    def opened(cls, request: Request, clock: Clock) -> Bookkeeping:
        """Read the baseline and look at the place for the result, before anything runs.

        Raises:
            InputError: A file cannot be used, or would be lost.
            ResultFormatError: The baseline is damaged or none.
        """
        if request.force and request.save is None:
            raise InputError("--force is for --save FILE: it lets a file be replaced.")
        saved = None if request.against is None else baseline_file.read(request.against)
        if saved is not None and not timed(saved):
            raise InputError(f"{request.against} holds no time: nothing in it could be timed.")
        target = None if request.save is None else baseline_file.check_target(request.save)
        books = cls(request, clock, target, saved)
        if target is not None and target.exists() and not request.force:
            books._require_same_cell(target)
        return books

    def look_at(self, alternatives: Alternatives, choices: Sequence[Choice]) -> None:
        """Describe what is about to be timed; the state is the one that it starts from.

        Raises:
            InputError: The baseline has nothing in common with it.
        """
        if self.target is None and self.saved is None:
            return
        self.provenance = provenance_of(self.request, alternatives, choices)
        if self.saved is not None:
            self._require_something_in_common(self.saved, self.provenance, choices)
        self.provenance = replace(self.provenance, yardstick=(burst(self.clock),))

    def told(self, result: BenchResult) -> BenchResult:
        """The result with what is known about its provenance and the baseline."""
        if self.provenance is None:
            return result
        bursts = self.provenance.yardstick
        with suppress(KeyboardInterrupt):  # by now there is a result to lose
            bursts = (*bursts, burst(self.clock))
        result = replace(result, provenance=replace(self.provenance, yardstick=bursts))
        if self.saved is None or self.request.against is None:
            return result
        found = compare_with_baseline(self.request.against, self.saved, result)
        return replace(result, baseline=found)

    def kept(self, result: BenchResult) -> BenchResult:
        """Write the file; a result that cannot be written says so and is not lost."""
        if self.target is None:
            return result
        why = _why_not_to_keep(result)
        if why is None:
            try:
                baseline_file.write(self.target, result)
            except OSError as problem:
                why = problem.strerror or str(problem)
        return result if why is None else _with_warning(result, str(self.request.save), why)

    def _require_same_cell(self, target: Path) -> None:
        """An existing file is replaced only by the same cell's."""
        name = self.request.save or str(target)
        hint = "Give --force to replace it, or name another file."
        try:
            existing = baseline_file.read(name, "--save")
        except ResultFormatError as problem:
            raise InputError(f"--save {name}: {problem.message}", hint) from None
        if _digest_of_saved_cell(existing) != digest(self.request.source.python):
            raise InputError(f"--save {name}: the file holds the result of another cell.", hint)

    def _require_something_in_common(
        self, saved: BenchResult, provenance: Provenance, choices: Sequence[Choice]
    ) -> None:
        modes = {choice.name: choice.mode for choice in choices}
        if counterparts(saved, provenance, modes):
            return
        there, here = (listed(list(names), 4) for names in (timed(saved), modes))
        raise InputError(
            f"{self.request.against} has nothing in common with this cell: "
            f"it holds {there}, and here is {here}.",
            "Give one alternative the same name or the same code.",
        )


def provenance_of(
    request: Request, alternatives: Alternatives, choices: Sequence[Choice]
) -> Provenance:
    """What is about to be timed."""
    setup = alternatives.setup and compile_cell(alternatives.setup, request.namespace)
    in_setup = read_by(setup) if setup else []
    arms = {
        choice.name: TimedCode(
            code=digest(alternatives.blocks[choice.subject.block].python),
            setup=digest(alternatives.setup.python) if alternatives.setup else "",
            way=_way(choice.mode, choice.framework),
            inputs=_in_namespace([*in_setup, *read_by(choice.subject.cell)], request),
        )
        for choice in choices
    }
    names = [name for arm in arms.values() for name in arm.inputs]
    frameworks = choices[0].subject.frameworks
    made = analyse(setup.layout.all_statements).writes if setup else ()
    inputs = describe(names, request.namespace, frameworks, made)
    return Provenance(cell=digest(request.source.python), arms=arms, inputs=inputs)


def _in_namespace(names: Sequence[str], request: Request) -> tuple[str, ...]:
    present = [n for n in names if n in request.namespace and n != "__builtins__"]
    return tuple(dict.fromkeys(present))


def read_by(cell: CellFunction) -> list[str]:
    """The names that a cell finds; not what it makes before it reads it."""
    names = analyse(cell.layout.all_statements)
    return [name for name in cell.reads if name not in names.writes or name in names.exposed]


def digest(text: str) -> str:
    """A digest of code, whatever blank lines stand around it and spaces at the end of lines."""
    lines = [line.rstrip() for line in text.splitlines()]
    return hashlib.sha256("\n".join(lines).strip("\n").encode("utf-8", "replace")).hexdigest()[:16]


def _way(mode: str, framework: Framework) -> str:
    as_written = mode in _AS_WRITTEN and framework.name != _SWITCHING
    return "as written" if as_written else mode


def _digest_of_saved_cell(result: BenchResult) -> str:
    if result.provenance is not None:
        return result.provenance.cell
    first, _, rest = result.cell.partition("\n")
    return digest(rest if first.startswith("%") else result.cell)


def _why_not_to_keep(result: BenchResult) -> str | None:
    if result.partial:
        return "the measurement was interrupted"
    return None if timed(result) else "nothing was timed"


def _with_warning(result: BenchResult, file: str, why: str) -> BenchResult:
    message = f"The result was not saved to {file}: {why}. result.to_json() has it."
    finding = Finding(kind="not-saved", level="warning", message=message)
    return replace(result, findings=(*result.findings, finding))
