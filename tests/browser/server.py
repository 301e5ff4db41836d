"""One JupyterLab, which serves Notebook 7 as well, with a folder for each test."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook

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


@dataclass(frozen=True)
class Workplace:
    """A test's own part of the server.

    Attributes:
        address: Of the server.
        folder: Where its notebooks lie.
        kernels: Where a kernel of its own is described, by the name of the folder.
    """

    address: str
    folder: Path
    kernels: Path

    def lab(self, name: str) -> str:
        """Where JupyterLab shows a notebook, and no other that had been open before."""
        own = self.folder.name
        return f"{self.address}/lab/workspaces/{own}-{Path(name).stem}/tree/{own}/{name}"

    def notebook_7(self, name: str) -> str:
        """Where Notebook 7 shows it."""
        return f"{self.address}/notebooks/{self.folder.name}/{name}"

    def write(self, name: str, *cells: str, kernel: str = "python3") -> Path:
        """Write a notebook with these cells."""
        spec = {"name": kernel, "display_name": "Python 3", "language": "python"}
        made = [new_code_cell(text) for text in cells]
        return self.put(name, new_notebook(cells=made, metadata={"kernelspec": spec}))

    def put(self, name: str, notebook: Any) -> Path:
        """Write a notebook as it is."""
        nbformat.write(nbformat.from_dict(notebook), self.folder / name)
        return self.folder / name

    def trust(self, name: str) -> None:
        """Sign the outputs of a notebook, as if this reader had made them."""
        notary = NotebookNotary(data_dir=str(self.kernels.parent))
        notary.sign(nbformat.read(self.folder / name, as_version=4))
        notary.store.close()

    def kernel_with(self, environment: Mapping[str, str]) -> str:
        """The name of a kernel that is started with these variables."""
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python 3",
            "language": "python",
            "env": dict(environment),
        }
        name = self.folder.name.lower()
        (self.kernels / name).mkdir(parents=True)
        (self.kernels / name / "kernel.json").write_text(json.dumps(spec))
        return name

    def sessions(self) -> list[dict[str, Any]]:
        """The notebooks of the test that have a kernel."""
        mine = f"{self.folder.name}/"
        return [each for each in self.ask("sessions") if each["path"].startswith(mine)]

    def end_kernels(self) -> None:
        """Shut down all that is left."""
        for session in self.sessions():
            self.ask(f"sessions/{session['id']}", "DELETE")
        assert self.sessions() == []

    def ask(self, path: str, method: str = "GET") -> Any:
        """What the server's REST API answers."""
        proof = {"Cookie": "_xsrf=own", "X-XSRFToken": "own"}  # that no other page asks
        request = urllib.request.Request(f"{self.address}/api/{path}", method=method, headers=proof)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The address of a server that shows ``home / "notebooks"``."""
    (home / "notebooks").mkdir()
    for name, settings in SETTINGS.items():
        file = home / "config" / "lab" / "user-settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command(home / "notebooks", port), env=environment(home), stdout=log, stderr=log
        )
        try:
            wait_for(f"{address}/api", server, home / "lab.log")
            yield address
        finally:
            server.terminate()
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
        # A kernel that is busy when its test has ended is not asked for long to end.
        "KernelManager.shutdown_wait_time": 1,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyter", "lab", *arguments]


def environment(home: Path) -> dict[str, str]:
    """The environment with no settings but those of the tests."""
    places = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTERLAB_SETTINGS_DIR": home / "config" / "lab" / "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "config" / "lab" / "workspaces",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
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
