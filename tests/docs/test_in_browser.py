"""The built pages in a real browser: nothing is asked for beyond them, and scripts do not fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import browser, open_page, page, started_chromium

__all__ = ["browser", "open_page", "page", "started_chromium"]

pytestmark = pytest.mark.browser


def test_pages_ask_for_their_own_files_alone(built: Path, page: Any) -> None:
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for name in ("index", "tour", "peers", "reference/magics", "reference/python", "search"):
            page.goto((built / f"{name}.html").as_uri())
    assert len(asked) > 20
    assert not [url for url in asked if not url.startswith(built.as_uri())]
    assert not errors


def test_a_narrow_page_does_not_scroll_sideways(built: Path, page: Any) -> None:
    page.set_viewport_size({"width": 600, "height": 800})
    for name in ("index", "tour", "peers", "conventions", "reference/magics"):
        page.goto((built / f"{name}.html").as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 600, name
