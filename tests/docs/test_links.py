"""No link within the repository leads nowhere, neither on GitHub nor in what is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import DOCS, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "benchmarks" / "README.md"])


def links(page: Path) -> Iterator[str]:
    """All that lead to a place in the repository."""
    for token in inline(page):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if target and not re.match(r"[a-z]+:", target):
            yield target


@cache
def inline(page: Path) -> tuple[Token, ...]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    return tuple(child for token in tokens for child in token.children or ())


@cache
def anchors(page: Path) -> frozenset[str]:
    """What GitHub, and MyST like it, calls the headings of a page."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    headings = [
        "".join(part.content for part in tokens[number + 1].children or ())
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    return frozenset(re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings)


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = unquote(target).partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in anchors(file))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not [target for target in links(page) if not leads_somewhere(page, target)]


def test_a_broken_link_would_be_noticed() -> None:
    page = DOCS / "tour.md"
    assert "how-to/which-gpu.md" in set(links(page))
    assert not leads_somewhere(page, "nowhere.md")
    assert not leads_somewhere(page, "gpus.md#no-such-heading")
    assert leads_somewhere(page, "gpus.md#when-is-a-gpu-free")


def test_every_page_stands_in_the_table_of_contents_once() -> None:
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    parts = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for part in parts for line in part.splitlines()]
    entries = [line for line in lines if line and not line.startswith(":")]
    written = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}
    assert len(entries) == len(set(entries))
    assert set(entries) == written - {"index"}


def test_each_picture_is_shown_somewhere() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert set((DOCS / "images").iterdir()) <= shown
