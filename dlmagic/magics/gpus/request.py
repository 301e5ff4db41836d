"""What the user asked ``%gpus`` for, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from dlmagic.errors import OptionError, nearest
from dlmagic.magics.gpus.amounts import bytes_of, count_of, percent_of, seconds_of

Form = Literal["index", "uuid"]
FORMS = ("index", "uuid")
"""How GPUs can be named in ``CUDA_VISIBLE_DEVICES``."""


@dataclass(frozen=True)
class PickRequest:
    """Which GPUs are wanted.

    Attributes:
        count: How many.
        min_free: Bytes that must be free on each; None for any.
        max_utilization: Percent that each may be busy; None for any.
        wait: Seconds to wait for them; 0 not to wait, infinite for as long as it takes.
        form: One of :data:`FORMS`; None for what is safe.
        dashes: Whether it was written as options of the magic; advice is written alike.
    """

    count: int = 1
    min_free: int | None = None
    max_utilization: float | None = None
    wait: float = 0.0
    form: Form | None = None
    dashes: bool = False

    @classmethod
    def of(
        cls,
        count: str | int | None = None,
        *,
        min_free: str | float | None = None,
        max_util: str | float | None = None,
        wait: str | float | None = None,
        form: str | None = None,
        dashes: bool = False,
    ) -> PickRequest:
        """The request that these words mean.

        Args:
            count: How many; None for one.
            min_free: Such as ``"8GB"``.
            max_util: Percent.
            wait: Such as ``"10m"``; a number counts seconds.
            form: ``"index"`` or ``"uuid"``.
            dashes: Whether the words are options of the magic, and are called so.

        Raises:
            OptionError: A word that cannot be meant.
        """

        def name(option: str) -> str:
            return f"--{option}" if dashes else option.replace("-", "_")

        if form is not None and form not in FORMS:
            hint = nearest(form, FORMS)
            raise OptionError(f"{name('as')} does not take {form!r}.", hint)
        what = "%gpus pick" if dashes else "pick_gpus"
        return cls(
            min_free=None if min_free is None else bytes_of(min_free, name("min-free")),
            max_utilization=None if max_util is None else percent_of(max_util, name("max-util")),
            wait=0.0 if wait is None else seconds_of(wait, name("wait")),
            form=cast("Form | None", form),
            dashes=dashes,
            # Last: in "--min-free 8 bananas" it is the size that is wrong.
            count=1 if count is None else count_of(count, what),
        )
