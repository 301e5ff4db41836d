"""A real kernel, and what a notebook would save of the messages that it sends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import start_new_kernel


@dataclass
class Kernel:
    """A kernel that runs one cell after the other.

    Attributes:
        client: The connection.
        pid: Its process.
        messages: What it sent for the last cell.
        interrupt_at: A text that, when the kernel shows it, is answered by an interrupt, once.
        after: Seconds between the two.
    """

    client: Any
    pid: int
    messages: list[dict[str, Any]] = field(default_factory=list)
    interrupt_at: str | None = None
    after: float = 0.0

    def run(
        self, cell: str, *, interrupt_at: str | None = None, after: float = 0.0
    ) -> dict[str, Any]:
        """Run a cell; what the kernel replies."""
        self.messages.clear()
        self.interrupt_at, self.after = interrupt_at, after
        reply = self.client.execute_interactive(
            cell, timeout=60, output_hook=self._hear, stop_on_error=False
        )
        return dict(reply["content"])

    def _hear(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if self.interrupt_at is not None and self.interrupt_at in _said(message):
            self.interrupt_at = None
            time.sleep(self.after)
            os.kill(self.pid, signal.SIGINT)

    def text(self, kind: str) -> str:
        """All that messages of one kind said."""
        return "".join(_said(each) for each in self.messages if each["msg_type"] == kind)

    def outputs(self) -> list[tuple[str, str]]:
        """Kind and text of what the notebook would save, in its order."""
        saved: list[tuple[str, str]] = []
        for message in self.messages:
            kind, text = message["msg_type"], _said(message)
            if kind == "clear_output":
                saved.clear()
            elif kind == "stream" and saved and saved[-1][0] == "stream":
                saved[-1] = (kind, saved[-1][1] + text)
            elif kind in ("stream", "display_data", "execute_result", "error"):
                saved.append((kind, text))
        return saved

    def progress(self) -> list[str]:
        """What the line of progress said."""
        shown = [m for m in self.messages if m["content"].get("transient", {}).get("display_id")]
        return [_said(message) for message in shown]


def _said(message: dict[str, Any]) -> str:
    """The text of a message, whatever its kind."""
    content = message["content"]
    shown = content.get("data") or {}
    return str(
        content.get("text")
        or "\n".join(content.get("traceback", ()))
        or (shown.get("text/plain", "") if isinstance(shown, dict) else "")
    )


@contextmanager
def started_kernel() -> Iterator[Kernel]:
    """A kernel without colours, ended afterwards."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        kernel = Kernel(client, manager.provisioner.pid)
        kernel.run("%colors nocolor")
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
