"""A view as an anywidget: it is told what is new also while a cell runs, and says who looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dlmagic.display.live.attention import HEARTBEAT, Attention
from dlmagic.display.live.outlet import Bundle, News, NotebookOutlet


@dataclass(frozen=True)
class FrontEnd:
    """What a page needs to show a view.

    Attributes:
        script: An ES module below :file:`front_end.js`, whose names it may use; it exports
            ``liveView({...})``.
        style: CSS for it, below that of all results.
        about: Tells what is shown, as plain data: its ``title``, and seconds between two news as
            ``period``, where they come in a rhythm. News may bring another one, as their
            ``about``.
        recent: Tells the newest news, for a page that opens later; each may have ``buffers``.
        hear: Called with whatever else a page says, by any thread; its answer goes to that page.
    """

    script: str
    style: str
    about: Callable[[], dict[str, Any]]
    recent: Callable[[], list[Any]]
    hear: Callable[[dict[str, Any]], str] = lambda _: ""


class WidgetOutlet(NotebookOutlet):
    """An anywidget in a notebook, with the static form beside it for who cannot show widgets.

    Args:
        front_end: What the page needs.
        attention: Is told who looks.
        stop: Called when the reader presses Stop.

    Raises:
        ImportError: anywidget is not installed.
    """

    def __init__(
        self, front_end: FrontEnd, attention: Attention, stop: Callable[[], object]
    ) -> None:
        super().__init__(refreshed=False)
        self._attention, self._stop, self._others = attention, stop, front_end.hear
        self._lock = threading.RLock()  # the widget is told and closed by different threads
        self._widget: Any = _live_widget()(front_end)
        self._widget.on_msg(self._hear)
        _hear_while_a_cell_runs(self._widget.comm)

    def show(self, static: Bundle) -> None:
        """Show the widget."""
        self._shown = True
        self._attention.await_page()
        shown = self._widget._repr_mimebundle_()
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        self._publish({**data, **static}, metadata)

    def tell(self, news: News) -> None:
        """Send the news to all pages."""
        self._send({"kind": "news", "news": news.plain}, news.buffers)

    def end(self, static: Bundle) -> None:
        """Replace the widget, and take it out of the notebook's state."""
        super().end(static)
        with self._lock:
            widget, self._widget = self._widget, None
        if widget is not None:
            layout = widget.layout
            widget.close()
            layout.close()  # a widget of its own

    def _hear(self, _: object, message: Any, __: object) -> None:
        kind, answer = message.get("kind"), ""
        if kind == "here":
            page, visible = str(message.get("page")), bool(message.get("visible"))
            self._attention.hear(page, visible)
            self._send({"kind": "heard", "page": page})
        elif kind == "stop":
            self._stop()
        else:
            answer = self._others(message)
        if "id" in message:
            self._send({"kind": "answer", "to": message["id"], "text": answer})

    def _send(self, message: dict[str, Any], buffers: Iterable[bytes] = ()) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.send(message, list(buffers))


def _hear_while_a_cell_runs(comm: Any) -> None:
    """Leave to the page in which subshell it is heard.

    ipykernel 7.4 hands what a page says to whoever spoke to it last. That is a cell, which is
    busy, while the page's own subshell has time.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None


@cache
def _live_widget() -> Callable[[FrontEnd], Any]:
    """The class, which is made when it is first needed: to import widgets takes long."""
    import anywidget
    import traitlets

    class LiveWidget(anywidget.AnyWidget):
        """What the page knows of a view."""

        _esm = traitlets.Unicode().tag(sync=True)
        _css = traitlets.Unicode().tag(sync=True)
        heartbeat = traitlets.Float(HEARTBEAT).tag(sync=True)
        # Told when a page asks, without being sent each time.
        about: Any = traitlets.Dict().tag(
            sync=True, to_json=lambda _, widget: widget.front_end.about()
        )
        recent: Any = traitlets.List().tag(
            sync=True, to_json=lambda _, widget: widget.front_end.recent()
        )

        def __init__(self, front_end: FrontEnd) -> None:
            self.front_end = front_end
            script, style = joined_script(front_end.script), joined_style(front_end.style)
            super().__init__(_esm=script, _css=style)

    return LiveWidget


def joined_script(own: str) -> str:
    """A view's own module below what all views share."""
    return _joined(["display/live/front_end.js"], own)


def joined_style(own: str) -> str:
    """A view's own CSS below that of all results and all views."""
    return _joined(["display/theme.css", "display/live/live.css"], own)


def _joined(files: Iterable[str], last: str) -> str:
    """What all views share, and the view's own below it."""
    package = resources.files("dlmagic")
    return "\n".join([*(package.joinpath(file).read_text("utf-8") for file in files), last])
