"""What a function that runs on an engine knows about its place among the others."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dlmagic.cluster.there.attention import Attention


@dataclass(frozen=True)
class Here:
    """One engine during one task.

    Attributes:
        rank: Its place in the view, from 0.
        size: How many engines work on the task.
        namespace: The names of the engine, as ``%%px`` fills them.
        tell: Sends plain data to the notebook. It may be kept and called after the task has
            ended, from any thread, for as long as the notebook listens.
        attention: How it takes interrupts.
    """

    rank: int
    size: int
    namespace: dict[str, object] = field(repr=False)
    tell: Callable[[object], object] = field(repr=False, default=lambda _data: None)
    attention: Attention = field(repr=False, default_factory=Attention)

    @property
    def is_first(self) -> bool:
        """Whether it decides for all."""
        return self.rank == 0


def namespace_of_engine() -> dict[str, object]:
    """The names of the engine's user."""
    return vars(sys.modules["__main__"])


def channel(namespace: dict[str, object]) -> Callable[[object], None]:
    """A function that sends data to whoever asked for the task that runs now.

    Every message has a number of its own, for the notebook takes them from a dictionary.
    """
    shell: Any = namespace["get_ipython"]()  # type: ignore[operator]
    kernel, common = shell.kernel, shell.data_pub
    publisher: Any = type(common)(session=kernel.session, pub_socket=kernel.iopub_socket)
    publisher.set_parent(kernel.get_parent("shell"))
    numbers = itertools.count()

    def tell(data: object) -> None:
        publisher.publish_data({str(next(numbers)): json.dumps(data, allow_nan=False)})

    return tell
