"""What a benchmark keeps of what was timed, and how it compares with an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["faster", "slower", "same", "unclear"]
Interval = tuple[float, float]
LevelSource = Literal["re-run", "yardstick", "unknown"]


@dataclass(frozen=True)
class Input:
    """A value that the cell reads, as far as a later run must know it.

    Attributes:
        name: Its name in the notebook.
        kind: Its type, such as ``"Tensor"`` or ``"function"``.
        shape: Elements per axis of an array, the length of a container, or None.
        dtype: Of an array, else empty.
        device: Of an array, else empty.
        text: A number or a short text as it would be written, else empty.
        form: Digest of what it is: types, shapes, code; of everything that belongs to it.
        content: Digest of the values in it, as far as they are not too large to be read.
        from_setup: Whether the set-up of the cell makes it.
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    device: str = ""
    text: str = ""
    form: str = ""
    content: str = ""
    from_setup: bool = False


@dataclass(frozen=True)
class TimedCode:
    """What one arm ran.

    Attributes:
        code: Digest of its text.
        setup: Digest of the set-up's text; empty without one.
        way: How it was executed: the mode, or ``"as written"``.
        inputs: Names of the values that it and the set-up read.
    """

    code: str
    setup: str
    way: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """What was timed, so that a later run can tell whether it times the same.

    Attributes:
        cell: Digest of the cell's text without its magic line.
        arms: What each arm ran, by its name.
        inputs: The values that they read.
        yardstick: Seconds that a fixed piece of work took, in a burst before and one after.
        checksum: Of the saved result; empty where it was not saved to a file.
    """

    cell: str
    arms: dict[str, TimedCode] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    yardstick: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    checksum: str = ""


@dataclass(frozen=True)
class BaselineArm:
    """One arm compared with the baseline.

    Attributes:
        name: The arm.
        against: The arm of the baseline that it is compared with.
        saved_median: Seconds a call that the baseline's arm took then.
        speedup: Time of the baseline's arm divided by the time of this one. Side by side that
            is the time which the baseline's code takes now, otherwise the saved one.
        interval: 95 % interval of the speedup, widened by ``level``; None with too few samples.
        verdict: What the interval allows to say.
        side_by_side: Whether the baseline's code ran here too, in turn with this arm.
        same_code: Whether this arm is the baseline's code, with the same inputs.
        level: Factor by which the interval was widened on either side; 1 side by side, None
            where it is not known.
    """

    name: str
    against: str
    saved_median: float
    speedup: float
    interval: Interval | None
    verdict: Verdict
    side_by_side: bool = False
    same_code: bool = False
    level: float | None = None


@dataclass(frozen=True)
class Baseline:
    """How a benchmark compares with an earlier one.

    Attributes:
        file: Where that was saved.
        created: When, ISO 8601 in UTC; empty where that is not known.
        arms: The arms that have a counterpart there.
        level: How far two runs of one code may lie apart, as a factor of at least 1: what the
            baseline's code shows that ran again, or else the yardstick. None where unknown.
        level_source: Where the level is from.
        level_arms: The arms that it is from.
        machine: Time that the yardstick takes now divided by what it took then, or None.
        conditions: One sentence about another machine, other versions, threads or settings;
            empty where all are the same.
        inputs: One sentence about each input that is another one.
    """

    file: str
    created: str = ""
    arms: tuple[BaselineArm, ...] = ()
    level: float | None = None
    level_source: LevelSource = "unknown"
    level_arms: tuple[str, ...] = ()
    machine: float | None = None
    conditions: str = ""
    inputs: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> BaselineArm:
        """The comparison of the arm of that name.

        Raises:
            KeyError: That arm has no counterpart in the baseline.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        known = ", ".join(arm.name for arm in self.arms)
        raise KeyError(f"No arm {name!r} was compared with the baseline, only {known}.")
