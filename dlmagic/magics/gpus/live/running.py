"""One live view: reads, shows itself, and leaves what it saw."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import resources
from types import TracebackType
from typing import Any, Self

from dlmagic.display.live.attention import Attention
from dlmagic.display.live.outlet import Bundle, News, NotebookOutlet, Outlet
from dlmagic.display.live.surroundings import heeds_cells, in_notebook, outlet_here
from dlmagic.display.live.widget import FrontEnd
from dlmagic.environment import Environment
from dlmagic.magics.gpus.live.history import History
from dlmagic.magics.gpus.live.measured import Moment
from dlmagic.magics.gpus.live.page import about
from dlmagic.magics.gpus.live.result import GpuHistory
from dlmagic.magics.gpus.live.sampler import Sampler, Source
from dlmagic.magics.gpus.live.terminal import watch

_FIRST = 3.0  # seconds to wait for the first reading before the view is shown without one


class LiveSession:
    """A live view: shows itself where a cell ends with it, and has the history so far.

    Args:
        source: What is read.
        period: Seconds between two readings.
        ended: Called with it when it has ended.
    """

    def __init__(
        self, source: Source, period: float, ended: Callable[[LiveSession], object]
    ) -> None:
        self._tell_end = ended
        self._history, self._ended = History(period), ""
        self._final: GpuHistory | None = None
        self._lock = threading.RLock()  # of the history
        self._ending = threading.Lock()
        self.heard = threading.Condition()
        """Notified after each reading, and at the end."""
        self._outlet: Outlet | None = None
        self._process = os.getpid()
        self._attention = Attention(lambda: self._sampler.wake())
        self._forget_cells = heeds_cells(self._attention)
        left = partial(self.stop, "nobody looked at it for a quarter of an hour")
        self._sampler = Sampler(source, self._attention, self._hear, left, period=period)
        atexit.register(self._at_exit)
        self._sampler.start()

    @property
    def running(self) -> bool:
        """Whether it still reads."""
        return not self._ended

    def result(self) -> GpuHistory:
        """What was seen so far."""
        if self._final is not None:
            return self._final
        with self._lock:
            return self._history.result(self._ended, environment=Environment.capture())

    def stop(self, why: str = "stopped") -> GpuHistory:
        """End it, and leave the static form where it was shown. Ending it again does nothing.

        Args:
            why: A word on the reason, for the result.
        """
        with self._ending:
            if not self._ended:
                self._ended = why
                self._end()
        return self.result()

    def _end(self) -> None:
        """Each step, also where one before it is interrupted."""
        with ExitStack() as steps:
            steps.callback(self._notify)
            steps.callback(self._leave_static_form)
            steps.callback(atexit.unregister, self._at_exit)
            steps.callback(self._forget_cells)
            steps.callback(self._tell_end, self)
            steps.callback(self._conclude)
            self._sampler.stop()

    def _conclude(self) -> None:
        self._final = self.result()

    def _leave_static_form(self) -> None:
        if self._outlet is not None:
            self._outlet.end(self._static())

    def _notify(self) -> None:
        with self.heard:
            self.heard.notify_all()

    def show(self) -> None:
        """Show it where the present cell has its output, or in the terminal until Ctrl-C."""
        with self.heard:
            self.heard.wait_for(lambda: self._history.readings or self._ended, _FIRST)
        if not in_notebook():
            watch(self)
        elif self._ended:
            NotebookOutlet(refreshed=False).show(self._static())
        else:
            with self._lock:
                if self._outlet is None:
                    self._outlet = outlet_here(self._front_end, self._attention, self.stop)
            self._outlet.show(self._static())

    def _ipython_display_(self) -> None:
        self.show()

    def __repr__(self) -> str:
        state = (
            f"ended: {self._ended}" if self._ended else "running; .show() shows it, .stop() ends it"
        )
        return f"<live view of the devices, {state}; .result() is what was seen>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _hear(self, at: float, moment: Moment) -> None:
        """A reading, in the thread of the sampler."""
        with self._lock:
            others = self._history.add(at, moment)
            news = dict(self._history.news[-1])
            outlet = self._outlet
            if others:
                news["about"] = about(self._history)
        if outlet is not None:
            outlet.tell(News(news, self._static))
        self._notify()

    def _static(self) -> Bundle:
        return self.result()._repr_mimebundle_()

    def _front_end(self) -> FrontEnd:
        folder = resources.files("dlmagic.magics.gpus.live")
        script = folder.joinpath("live.js").read_text("utf-8")
        return FrontEnd(script, "", self._about, self._recent)

    def _about(self) -> dict[str, Any]:
        with self._lock:
            return about(self._history)

    def _recent(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._history.news)

    def _at_exit(self) -> None:
        if os.getpid() == self._process:  # not in a fork of it
            self.stop("the kernel ended")
