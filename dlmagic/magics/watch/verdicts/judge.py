"""Says what is wrong with a run, once for each kind of mistake."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.sample_result import Culprit, Sample
from dlmagic.magics.watch.verdicts.constant import Constant
from dlmagic.magics.watch.verdicts.culprit import finding_of
from dlmagic.magics.watch.verdicts.dead import Dead
from dlmagic.magics.watch.verdicts.exploding import Exploding
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.not_finite import NotFinite, is_sound, loss_not_finite
from dlmagic.magics.watch.verdicts.saturation import Saturation
from dlmagic.magics.watch.verdicts.symptom import Symptom, and_others
from dlmagic.magics.watch.verdicts.table import Key, Outline, Table
from dlmagic.magics.watch.verdicts.updates import Updates
from dlmagic.magics.watch.verdicts.vanishing import Vanishing

_FOLLOWS = {
    "dead-units": {"constant-output"},
    "vanishing-gradient": {"constant-output", "dead-units", "saturation"},
    "update-too-small": {"constant-output", "dead-units", "saturation", "vanishing-gradient"},
}
"""What is said only where none of its causes has been: who mends those has mended it, too."""


@dataclass
class _Group:
    """One kind of mistake: the layer that showed it first, and those that followed.

    Attributes:
        first: The first layer that showed it.
        says: What is seen of that layer.
        layers: All of them, in the order in which they showed it; the values mean nothing.
        step: The last step in which it was seen.
        sample: The number of that sample.
    """

    first: Symptom
    says: str
    layers: dict[str, None] = field(default_factory=dict)
    step: int = 0
    sample: int = 0

    def finding(self, *, is_over: bool = False) -> Finding:
        """What is said of it; where it is over, it is only odd that it was so."""
        first, others = self.first, list(self.layers)[1:]
        message = f"At step {first.step}, {self.says}{and_others(others)}"
        if is_over:
            message += f" After step {self.step} it was not so any more."
        return Finding(
            first.kind,
            "hint" if is_over else first.level,
            message,
            operands=tuple(self.layers),
            fix=Fix(first.advice),
        )


class Judge:
    """Looks at samples as they come; from any thread, one sample at a time.

    Args:
        limits: From where on something is said.
        framework: That of the model, as its watcher names it, for what is advised.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  # frozen
        framework: str = "torch",
    ) -> None:
        self._limits, self._framework = limits, framework
        self._known: dict[Key, int] = {}
        self._outline = Outline((), limits, self._known)
        self._lock = threading.Lock()
        self._not_finite = NotFinite()
        self._looks = (
            self._not_finite,
            Exploding(limits, framework),
            Constant(limits),
            Dead(limits),
            Saturation(limits),
            Vanishing(limits),
            Updates(limits),
        )
        self._groups: dict[str, _Group] = {}
        self._culprit: Finding | None = None
        self._not_finite_from = math.inf  # the step
        self._samples = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All so far, one for each kind, with all layers that have shown it by now."""
        with self._lock:
            told = [group.finding(is_over=self._is_over(group)) for group in self._groups.values()]
        return (*([self._culprit] if self._culprit else []), *told)

    def look(self, sample: Sample) -> tuple[Finding, ...]:
        """What is wrong in a sample, of the kinds that nothing has been said about."""
        with self._lock:
            if self._outline.rows is not sample.rows:
                self._outline = Outline(sample.rows, self._limits, self._known)
            table = Table(sample, self._outline)
            if sample.step >= self._not_finite_from and not is_sound(table):
                return ()
            self._samples += 1
            before = set(self._groups)
            for symptom in self._symptoms(table):
                self._add(symptom)
            if "not-finite" in self._groups.keys() - before:
                self._leave_out_from(sample.step)
            new = [group for kind, group in self._groups.items() if kind not in before]
        return tuple(group.finding() for group in new)

    def look_at_loss(self, name: str, step: int, value: float) -> tuple[Finding, ...]:
        """What is wrong with a loss that is not finite, unless that has been told."""
        with self._lock:
            if self._culprit is not None or "not-finite" in self._groups:
                return ()
            symptom = loss_not_finite(name, step, value)
            self._add(symptom)
            self._leave_out_from(step)
            return (self._groups[symptom.kind].finding(),)

    def look_at_culprit(self, culprit: Culprit) -> Finding:
        """The finding about who made the first value that is not finite."""
        finding = finding_of(culprit, self._framework)
        with self._lock:
            self._not_finite.is_told = True
            self._groups.pop("not-finite", None)
            self._culprit = self._culprit or finding
            self._leave_out_from(culprit.step)
        return finding

    def conclude(self) -> None:
        """All has arrived: nobody is waited for any more who may name a culprit."""
        with self._lock:
            symptom = self._not_finite.waiting
            if symptom is not None and "not-finite" not in self._groups:
                self._add(symptom)
                self._leave_out_from(symptom.step)

    def _symptoms(self, table: Table) -> Iterator[Symptom]:
        for each in self._looks:
            yield from each.look(table)

    def _add(self, symptom: Symptom) -> None:
        group = self._groups.get(symptom.kind)
        if group is None:
            if self._groups.keys() & _FOLLOWS.get(symptom.kind, ()):
                return
            group = self._groups[symptom.kind] = _Group(symptom, symptom.says())
        elif group.first.level == "hint" and symptom.level != "hint":
            # What is graver goes first; what was only odd stands behind it.
            group.first, group.says = symptom, symptom.says()
            group.layers = dict.fromkeys([*symptom.layers, *group.layers])
        group.layers.update(dict.fromkeys(symptom.layers))
        group.step, group.sample = symptom.step, self._samples

    def _leave_out_from(self, step: int) -> None:
        """What begins when values are not finite follows from that; what began before does not."""
        self._not_finite_from = min(self._not_finite_from, step)
        for kind, group in list(self._groups.items()):
            if kind != "not-finite" and group.first.step >= step:
                del self._groups[kind]

    def _is_over(self, group: _Group) -> bool:
        """Whether none of the last samples showed it: dead units, for one, may come back."""
        unseen = self._samples - group.sample
        return group.first.lasts and unseen >= 2 * self._limits.patience
