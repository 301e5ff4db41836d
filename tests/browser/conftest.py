"""A JupyterLab of its own on this machine, and a browser in front of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.executed import execute, executed_quickstart

__all__ = ["execute", "executed_quickstart"]

START_SECONDS = 60
SETTINGS = {
    # The page's own light or dark decides, which a test can change while it is open.
    "@jupyterlab/apputils-extension/themes.jupyterlab-settings": {"adaptive-theme": True},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # All cells are part of the page, those too that are out of sight.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab that shows ``tmp_path / "notebooks"``."""
    (tmp_path / "notebooks").mkdir()
    for name, settings in SETTINGS.items():
        file = tmp_path / "config" / "lab" / "user-settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command(tmp_path / "notebooks", port), env=environment(tmp_path), stdout=log, stderr=log
        )
        try:
            wait_for(f"{address}/api", server, tmp_path / "lab.log")
            yield address
        finally:
            server.terminate()  # ends its kernels, too
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:  # now and then it waits for a page that is gone
                server.kill()
                server.wait()


def command(folder: Path, port: int) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
        "LabApp.collaborative": False,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyter", "lab", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """The environment with no settings but those of the test."""
    places = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTERLAB_SETTINGS_DIR": folder / "config" / "lab" / "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "config" / "lab" / "workspaces",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "IPYTHONDIR": folder / "ipython",
    }
    one_thread = {"OMP_NUM_THREADS": "1"}  # which a busy machine disturbs less
    return {**os.environ, **one_thread, **{name: str(place) for name, place in places.items()}}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page() -> Iterator[Any]:
    """An empty page of Debian's chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser.new_page(viewport={"width": 1200, "height": 1100})
        finally:
            browser.close()
