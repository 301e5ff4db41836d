"""What a reader does: open a notebook, run it, choose light or dark, save."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 180
"""For a whole notebook on a busy machine; it takes a quarter of that."""
END = "print('all cells', 'have run')"
"""The last cell of a notebook that is run as a whole."""
TENSORFLOW_IS_LOADED = re.compile("absl::InitializeLog|port.cc|cpu_feature_guard")
"""What TensorFlow writes when it is imported, before anybody could keep it from doing so."""
KERNEL_IS_READY = """() => {
    const panel = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden)");
    const said = (part) => panel?.querySelector(part)?.textContent ?? "";
    const name = said(".jp-Toolbar-kernelName").trim();
    const status = said(".jp-Notebook-ExecutionIndicator-tooltip");
    return name !== "" && name !== "No Kernel" && status.includes("Kernel status: Idle");
}"""
"""Before that, running a cell would do nothing, or ask which kernel to use."""
RESULTS = ".jp-OutputArea-output .dlm"


def open_notebook(page: Any, address: str, *, kernel: bool = True) -> None:
    """Open a notebook in JupyterLab or Notebook 7, and wait for its kernel if it has one."""
    page.set_default_timeout(60_000)
    page.emulate_media(color_scheme="light")
    page.goto(address)
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    if kernel:
        page.wait_for_function(KERNEL_IS_READY)


def run_cell(page: Any, number: int) -> None:
    """Run a cell of the notebook in front that has not been run yet."""
    cell = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    cell.locator(".cm-content:focus").wait_for()
    page.keyboard.press("Shift+Enter")
    cell.locator(".jp-InputPrompt").filter(has_not_text="[ ]").wait_for()


def run_all_cells(page: Any) -> None:
    """Run a notebook that ends with :data:`END`; nothing in it may go wrong."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = page.get_by_text("all cells have run", exact=True)
    end.or_(trouble(page)).first.wait_for(timeout=SECONDS * 1000)
    assert not trouble(page).all_inner_texts()


def trouble(page: Any) -> Any:
    """Errors and warnings in the outputs."""
    kinds = ("error", "stderr")
    shown = page.locator(
        ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in kinds)
    )
    return shown.filter(has_not_text=TENSORFLOW_IS_LOADED)


def show_in(page: Any, scheme: str) -> None:
    """Let the reader's system ask for light or dark colours."""
    page.emulate_media(color_scheme=scheme)
    light = str(scheme == "light").lower()
    page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def saved(page: Any, file: Path) -> Any:
    """The notebook as JupyterLab saves it now."""
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    wait_for(page, lambda: file.stat().st_mtime_ns != before and is_whole(file))
    return json.loads(file.read_text())


def is_whole(file: Path) -> bool:
    """Whether it is not just being written."""
    try:
        json.loads(file.read_text())
    except ValueError:
        return False
    return True


def wait_for(page: Any, happened: Callable[[], object]) -> None:
    """Wait for something that the page itself does not know, while its events are heard."""
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        page.wait_for_timeout(50)
