"""Debian's chromium, and pages that may ask this machine alone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 60
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--password-store=basic",
    "--remote-debugging-port=0",
    # Nothing else has an address, whoever asks.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextmanager
def running(program: str, home: Path) -> Iterator[str]:
    """The address at which a browser of its own takes orders."""
    command = [program, *ARGUMENTS, f"--user-data-dir={home}", "about:blank"]
    with (home / "chromium.log").open("w") as log:
        browser = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port(browser, home / 'DevToolsActivePort')}"
        finally:
            browser.terminate()
            browser.wait(timeout=20)


def port(browser: subprocess.Popen[bytes], file: Path) -> int:
    """The port it has chosen, once it is there."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and browser.poll() is None:
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.05)
    raise AssertionError("chromium did not start")


class Traffic:
    """What the pages of a test ask for, and what goes wrong in our own scripts."""

    def __init__(self) -> None:
        self.elsewhere: list[str] = []
        self.errors: list[str] = []

    def watch(self, context: Any) -> None:
        """Listen to all pages of a context, those too that are opened later."""
        context.on("request", lambda request: self.note(request.url))
        context.on("weberror", lambda error: self.note_error(error.error))
        context.on("page", lambda page: page.on("websocket", lambda it: self.note(it.url)))

    def note(self, address: str) -> None:
        parts = urlsplit(address)
        network = parts.scheme in ("http", "https", "ws", "wss")
        if network and parts.hostname not in ("127.0.0.1", "localhost"):
            self.elsewhere.append(address)

    def note_error(self, error: Any) -> None:
        """A front end's own errors are its own; the script of a live view comes as a blob."""
        if "blob:" in (error.stack or ""):
            self.errors.append(error.stack)
