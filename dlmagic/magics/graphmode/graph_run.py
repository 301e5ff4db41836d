"""The cell compiled and called: once from where it started, and once more as a loop would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlmagic.cell.snapshot import Snapshot
from dlmagic.cell.subject import Subject
from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.graphmode.call import Call
from dlmagic.magics.graphmode.called_code import key_of
from dlmagic.magics.graphmode.capture import (
    BindsObjects,
    Captured,
    CompiledCell,
    LooksAtValues,
)
from dlmagic.magics.graphmode.closer_look import look_closer
from dlmagic.magics.graphmode.inspection import Inspection, subject_of
from dlmagic.magics.graphmode.made_ready import made_ready
from dlmagic.magics.graphmode.modes import compiler_of
from dlmagic.magics.graphmode.request import Request, Surroundings

_ONLY_ONCE = (
    "The cell takes long, so it ran as a graph only once: recompilations, gradients and fixes were "
    "not looked at."
)


@dataclass
class GraphRun:
    """All calls of one cell in one mode.

    Attributes:
        inspection: Where they are noted.
        framework: Whose mode it is.
        mode: The mode's name.
        request: What the user asked for.
        surroundings: Where it happens.
        returned: What the plain run has returned.
        compiled_from: The file name of the cell that was compiled: of this run of it, or an
            earlier one.
    """

    inspection: Inspection
    framework: Framework
    mode: str
    request: Request
    surroundings: Surroundings
    returned: tuple[object, ...]
    compiled_from: str = ""

    def run(
        self, first: Call, after: Snapshot, values: list[object], *, long: bool = False
    ) -> None:
        """Call the cell as a graph, from where the plain run started and from where it ended.

        Args:
            first: The plain run that has been made already.
            after: The state that it left.
            values: What the user's name is bound to in further calls, instead of the second.
            long: Whether the cell takes so long that one call must do.

        Raises:
            ModeUnavailable: This machine or this cell cannot run the mode at all.
        """
        if not long:
            first = self._with_all_made(first, after)
        try:
            compiled = self._compiled(first.subject)
        except ModeUnavailable:
            raise
        except Exception as error:  # what a compiler raises when it looks at the cell
            self.inspection.failed(first, error)
            return
        self.surroundings.tell(f"running the cell in mode {self.mode}")
        first.captured.repeat(compiled.known)
        self.inspection.call_as_graph(first, compiled)
        if first.error is not None:
            return
        if long and not values:
            self.inspection.notes.append(_ONLY_ONCE)
            return
        self._call_again(values, first, after, compiled)
        compiled.known = _together(self.inspection.calls)
        look_closer(first, compiled, self.inspection, self.mode, self.surroundings.tell)

    def _call_again(
        self, values: list[object], first: Call, after: Snapshot, compiled: CompiledCell
    ) -> None:
        """Call it with the user's values, or once more as a loop would."""
        if values:
            self._call_with(values, first, compiled)
        elif first.subject.snapshot is after:
            self.inspection.call_as_graph(first.once_more(), compiled)
        else:
            self._call_from_where_it_ended(first, after, compiled)

    def _with_all_made(self, first: Call, after: Snapshot) -> Call:
        """The first call; where it makes what graphs keep hold of, the call after it.

        An optimiser makes its variables in its first step. A graph of that step would make its
        own, which nobody could find again.
        """
        compiler, before = compiler_of(self.framework, self.mode), first.subject.snapshot
        known = {id(item.value) for item in before.reached}
        made = [item.value for item in after.reached if id(item.value) not in known]
        if not isinstance(compiler, BindsObjects) or not any(map(compiler.binds, made)):
            return first
        try:
            return self._call_after(first, after)
        except Exception:  # what the cell uses up, it cannot find again
            before.restore()
            return first

    def _call_after(self, first: Call, after: Snapshot) -> Call:
        """A plain call from where the first one ended.

        Raises:
            Exception: What the cell raises there.
        """
        subject = first.subject
        after.restore()
        arguments = dict(zip(subject.cell.parameters, subject.cell.arguments(), strict=True))
        return self.inspection.call_plainly(subject_of(subject, after, arguments))

    def _compiled(self, subject: Subject) -> CompiledCell:
        """The cell in its mode, compiled now or when a cell of the same text ran before.

        The same text alone is not enough: the functions that it calls must be the same, too.
        """
        kept = self.surroundings.kept
        key = key_of(self.mode, self.request.source.text, subject.cell)
        compiled = kept.find(key)
        reached = [item.value for item in subject.snapshot.reached]
        if compiled is None or not compiled.fits(reached):
            compiled = self._compile(subject)
            kept.keep(key, compiled)
        self.compiled_from = compiled.cell.source.filename
        return compiled

    def _compile(self, subject: Subject) -> CompiledCell:
        self.surroundings.tell(f"preparing the mode {self.mode}")
        compiler = compiler_of(self.framework, self.mode)
        if isinstance(compiler, LooksAtValues):
            compiler.known = self.returned
        return made_ready(subject, compiler, self.framework, self.inspection)

    def _call_with(self, values: list[object], first: Call, compiled: CompiledCell) -> None:
        """Call it with each value that the user has named."""
        assert self.request.calls is not None
        name, start = self.request.calls.name, first.subject.snapshot
        for value in values:
            self.surroundings.tell(f"calling it with another {name}")
            subject = subject_of(first.subject, start, {**first.subject.arguments, name: value})
            self.inspection.call_as_graph(self.inspection.call_plainly(subject), compiled)

    def _call_from_where_it_ended(
        self, first: Call, after: Snapshot, compiled: CompiledCell
    ) -> None:
        """The next call of a loop: it finds what the last one has left, if it can run so."""
        self.surroundings.tell("running it once more")
        subject = first.subject
        try:
            call = self._call_after(first, after)
        except Exception:
            # What the cell uses up, it cannot find again: then it starts where it started.
            subject.snapshot.restore()
            again = subject_of(subject, subject.snapshot, subject.arguments)
            call = self.inspection.call_plainly(again)
        self.inspection.call_as_graph(call, compiled)


def _together(calls: Sequence[Call]) -> Captured:
    """What the compiler has said in all calls, for when the cell is run again."""
    known = Captured()
    for call in calls:
        known.repeat(call.captured)
    return known
