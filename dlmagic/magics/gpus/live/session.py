"""The live view of this process, from its beginning to its end; there is one at most.

It begins to read at once. A page that shows it says whether it is visible, and nothing is read
while no page is (:mod:`dlmagic.display.live.attention`); a handle that is kept without being
shown records until it is stopped. It ends by the page's Stop button, by ``%gpus live stop``, by
the next ``%gpus live``, with the kernel or the extension, or when nobody has looked for a
quarter of an hour in which no cell ran.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dlmagic.errors import InputError
from dlmagic.magics.gpus.live.devices import Devices
from dlmagic.magics.gpus.live.request import period_of
from dlmagic.magics.gpus.live.result import GpuHistory
from dlmagic.magics.gpus.live.running import LiveSession
from dlmagic.magics.gpus.live.sampler import Source

_current: LiveSession | None = None
_turn = threading.RLock()  # of who begins or ends a session


def live(every: str | float = 2.0, *, source: Callable[[], Source] = Devices) -> LiveSession:
    """Begin to read; whatever live view there was ends.

    Args:
        every: Seconds between two readings, such as ``2`` or ``"2s"``.
        source: Makes what is read.

    Raises:
        InputError: That is no time, or one that is too short or too long.
    """
    global _current
    period = period_of(every)
    with _turn:
        end("another live view was opened")
        _current = LiveSession(source(), period, _forget)
        return _current


def stop() -> GpuHistory:
    """End the live view; what it saw.

    Raises:
        InputError: There is none.
    """
    session = _current
    if session is None:
        raise InputError("No live view is open.", "%gpus live opens one.")
    return session.stop()


def end(why: str) -> None:
    """End the live view if there is one, for a reason that its result names."""
    if _current is not None:
        _current.stop(why)


def _forget(session: LiveSession) -> None:
    global _current
    if _current is session:
        _current = None
