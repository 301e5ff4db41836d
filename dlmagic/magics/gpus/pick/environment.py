"""Variables of this process's environment that a pick sets, and puts back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """Variables that were set.

    Attributes:
        before: What each was; None where it was not set.
        values: What each is since.
    """

    before: Mapping[str, str | None]
    values: Mapping[str, str]

    def inherited(self) -> dict[str, str]:
        """The environment of this process as it would be without them."""
        found = dict(os.environ)
        for name in self._unchanged():
            found.pop(name, None)
            before = self.before[name]
            if before is not None:
                found[name] = before
        return found

    def put_back(self) -> tuple[str, ...]:
        """Let them be as they were, but for those that somebody has changed since.

        Returns:
            The names of the latter.
        """
        unchanged = self._unchanged()
        for name in unchanged:
            before = self.before[name]
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before
        return tuple(name for name in self.values if name not in unchanged)

    def _unchanged(self) -> list[str]:
        return [name for name, value in self.values.items() if os.environ.get(name) == value]


def write(values: Mapping[str, str]) -> Written:
    """Set variables; all of them, or none where an interrupt comes between."""
    written = Written({name: os.environ.get(name) for name in values}, dict(values))
    try:
        os.environ.update(values)
    except BaseException:
        written.put_back()
        raise
    return written
