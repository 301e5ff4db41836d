"""What the user asked ``%watch`` for, in plain values."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dlmagic.errors import OptionError, nearest
from dlmagic.magics.watch.watcher import Rate

BUDGET = 0.01
"""Share of the training's time that measuring may take, where nothing else is said."""

STOPS = {"nan": "not-finite", "explode": "exploding-gradient"}
"""What a training can be ended on, and the kind of finding that says so."""

TARGETS = ("wandb", "tensorboard")
"""Where the figures can be written to."""

_SHARE = re.compile(r"\A\s*(\d+\.?\d*|\.\d+)\s*(%?)\s*\Z")


@dataclass(frozen=True)
class WatchRequest:
    """How a model is to be watched.

    Attributes:
        layers: Pattern of the layers to measure; an empty text means all.
        rate: How often.
        loss: Name of the loss in the user's code; empty for none.
        stop_on: What ends the training, of :data:`STOPS`.
        to: Where the figures go, too; empty for nowhere.
        dashes: Whether it was written as options of the magic; advice is written alike.
    """

    layers: str = ""
    rate: Rate = field(default_factory=Rate)
    loss: str = ""
    stop_on: tuple[str, ...] = ()
    to: str = ""
    dashes: bool = False

    @classmethod
    def of(
        cls,
        *,
        layers: str | None = None,
        every: str | int | None = None,
        budget: str | float | None = None,
        exact: bool = False,
        loss: str | None = None,
        stop_on: str | Sequence[str] | None = None,
        to: str | None = None,
        dashes: bool = False,
    ) -> WatchRequest:
        """The request that these words mean.

        Args:
            layers: Pattern.
            every: One step in so many is measured.
            budget: Share of the time, such as ``"1%"`` or ``0.01``.
            exact: Whether all values are looked at.
            loss: Name.
            stop_on: Such as ``"nan,explode"``.
            to: Target.
            dashes: Whether the words are options of the magic, and are called so.

        Raises:
            OptionError: A word that cannot be meant.
        """

        def name(option: str) -> str:
            return f"--{option}" if dashes else option.replace("-", "_")

        if every is not None and budget is not None:
            raise OptionError(
                f"Only one of {name('every')} and {name('budget')} can be kept to.",
                "Leave the other out.",
            )
        share = BUDGET if budget is None else _share(budget, name("budget"))
        count = None if every is None else _count(every, name("every"))
        return cls(
            layers=(layers or "").strip(),
            rate=Rate(share, count, exact, binding=budget is not None),
            loss="" if loss is None else _name(loss, name("loss")),
            stop_on=_stops(stop_on, name("stop-on")),
            to="" if to is None else _target(to, name("to")),
            dashes=dashes,
        )


def _share(value: str | float, name: str) -> float:
    written = _SHARE.match(value) if isinstance(value, str) else None
    number = float(written[1]) if written else value
    if isinstance(number, float | int) and not isinstance(number, bool):
        share = number / 100 if written and written[2] else float(number)
        if 0 < share <= 1:
            return share
    raise OptionError(f"{name} takes a share of the time, such as 1%, not {value!r}.")


def _count(value: str | int, name: str) -> int:
    number = float(value) if str(value).strip().isdigit() else math.nan
    if not number >= 1:
        raise OptionError(f"{name} takes a number of steps from 1 on, not {value!r}.")
    return int(number)


def _name(value: str, name: str) -> str:
    if not value.isidentifier() or keyword.iskeyword(value):
        raise OptionError(f"{name} takes the name of a variable, not {value!r}.")
    return value


def _stops(value: str | Sequence[str] | None, name: str) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else list(value or ())
    found = [word.strip() for word in words]
    for word in found:
        if word not in STOPS:
            raise OptionError(f"{name} does not take {word!r}.", nearest(word, STOPS))
    return tuple(dict.fromkeys(found))


def _target(value: str, name: str) -> str:
    target, colon, folder = value.partition(":")
    if target not in TARGETS:
        raise OptionError(f"{name} does not take {value!r}.", nearest(target, TARGETS))
    if colon and (target != "tensorboard" or not folder.strip()):
        raise OptionError(f"{name} takes wandb, tensorboard or tensorboard:FOLDER, not {value!r}.")
    return value
