"""What is called in place of a step function that is watched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from typing import Any

from dlmagic.errors import InputError
from dlmagic.magics.watch.jax.watcher import JaxWatcher


class WatchedStep:
    """A step function that is watched: called as it was, with the same results.

    Args:
        step: The user's function.
        watcher: Makes its steps.
        begin: Makes the session, at the first call: only then are the layers known.
    """

    def __init__(
        self, step: Callable[..., Any], watcher: JaxWatcher, begin: Callable[[JaxWatcher], Any]
    ) -> None:
        update_wrapper(self, step)
        self._watcher, self._begin, self._works = watcher, begin, False
        self.session: Any = None
        """What is known of its steps; None before the first call."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step."""
        if self.session is None and (self._watcher.prepare(*args, **kwargs) or self._works):
            self.session = self._begin(self._watcher)
        result = self._watcher.call(*args, **kwargs)  # if the call is wrong, it says so by itself
        self._works = True
        if self.session is None:
            with suppress(InputError):  # the next call raises it, and takes no result away
                self.session = self._begin(self._watcher)
        return result
