"""One JupyterLab and one browser for all tests of a process, and in both a place for each test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium, server
from tests.browser.server import Workplace
from tests.notebooks.executed import execute, executed_graphmode, executed_quickstart

__all__ = ["execute", "executed_graphmode", "executed_quickstart"]

SIZE = {"width": 1200, "height": 1100}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the server, and the folder with all that is its own."""
    home = tmp_path_factory.mktemp("jupyter")
    with server.running(home) as address:
        yield address, home


@pytest.fixture
def lab(served: tuple[str, Path], request: pytest.FixtureRequest) -> Iterator[Workplace]:
    """A folder on the server; kernels of its notebooks end with the test."""
    address, home = served
    own = re.sub(r"\W+", "-", request.node.name).strip("-")
    folder = home / "notebooks" / own
    folder.mkdir()
    workplace = Workplace(address, folder, home / "data" / "kernels")
    yield workplace
    workplace.end_kernels()


@pytest.fixture(scope="session")
def started_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the browser takes orders."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with chromium.running(program, tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture(scope="module")
def browser(started_chromium: str) -> Iterator[Any]:
    """The browser for the tests of one file.

    Playwright keeps an event loop running while it is there, which other tests may not find.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as browsers:
        yield browsers.chromium.connect_over_cdp(started_chromium)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens empty pages; none of them may ask another machine, or let an error escape."""
    traffic = chromium.Traffic()
    contexts: list[Any] = []

    def open_page(**settings: Any) -> Any:
        context = browser.new_context(**{"viewport": SIZE, **settings})
        contexts.append(context)
        traffic.watch(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not traffic.elsewhere, "a page asked another machine"
    assert not traffic.errors


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """An empty page."""
    return open_page()
