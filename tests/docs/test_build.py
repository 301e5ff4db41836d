"""``make docs``: it builds without a warning, fetches nothing, and says what the code says."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

import dlmagic
from dlmagic.magics.overview.entries import ENTRIES
from tests.docs.pages import DOCS

ELSEWHERE = re.compile(r"^(?:https?:)?//")
FETCHED = r"""(?x)
    <(?:script|img|iframe|source|video|audio|embed)\b [^>]*? \ssrc="([^"]*)"
    | <link\b (?=[^>]*\brel="(?:stylesheet|preload|prefetch|preconnect|(?:shortcut\ )?icon)")
      [^>]*? \shref="([^"]*)"
"""
"""What a browser asks for without being asked to; a link that a reader may follow is none."""
FROM_STYLES = r"""url\(\s*["']?([^)"']+)|@import\s+["']([^"']+)"""
FROM_SCRIPTS = r"""(?:fetch|import|open|importScripts)\(\s*["'](https?:[^"']+)"""


def pages(built: Path) -> Iterator[tuple[Path, str]]:
    for page in sorted(built.rglob("*.html")):
        yield page, page.read_text(encoding="utf-8")


def test_every_page_is_built(built: Path) -> None:
    written = {page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")}
    assert written <= {page.relative_to(built) for page, _ in pages(built)}


def test_no_page_asks_for_anything_elsewhere(built: Path) -> None:
    asked = [
        (page.name, target)
        for page, text in pages(built)
        for groups in re.findall(FETCHED, text)
        for target in filter(None, groups)
    ]
    assert len(asked) > 50, "the patterns find nothing any more"
    assert not [each for each in asked if ELSEWHERE.match(each[1])]


@pytest.mark.parametrize(("ending", "pattern"), [("css", FROM_STYLES), ("js", FROM_SCRIPTS)])
def test_no_style_or_script_does(built: Path, ending: str, pattern: str) -> None:
    files = list(built.rglob(f"*.{ending}"))
    assert files
    texts = [(file.name, file.read_text(encoding="utf-8")) for file in files]
    texts += [(page.name, text) for page, text in pages(built)]
    found = [
        (name, target)
        for name, text in texts
        for groups in re.finditer(pattern, text)
        for target in groups.groups()
        if target and ELSEWHERE.match(target)
    ]
    assert not found


def test_every_link_between_the_pages_leads_somewhere(built: Path) -> None:
    names = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages(built)}
    broken = [
        (page.name, target)
        for page, text in pages(built)
        for target in map(html.unescape, re.findall(r'<a\b[^>]*?\shref="([^"]*)"', text))
        if not re.match(r"[a-z]+:", target) and not _arrives(page, unquote(target), names)
    ]
    assert not broken


def _arrives(page: Path, target: str, names: dict[Path, set[str]]) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if file.suffix != ".html":
        return file.exists()
    return file in names and (not anchor or anchor in names[file])


def test_the_reference_has_every_public_name(built: Path) -> None:
    text = (built / "reference" / "python.html").read_text(encoding="utf-8")
    assert {name for name in dlmagic.__all__ if f'id="dlmagic.{name}"' in text} == {
        *dlmagic.__all__
    }


def test_the_reference_has_every_magic_with_its_options(built: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (built / "reference" / "magics.html").read_text(encoding="utf-8"))
    assert all(f"%{entry.name}" in text for entry in ENTRIES)
    for said in ("--sweep NAME=V,V", "--min-free SIZE", "--stop-on WHAT", "explain_errors"):
        assert said in text
    assert "measuring budget for the whole cell" in html.unescape(text)


def test_tables_of_figures_stand_on_the_page_about_peers(built: Path) -> None:
    text = (built / "peers.html").read_text(encoding="utf-8")
    assert text.count("Made by") >= 6
    assert all(peer in text for peer in ("%timeit", "pyperf", "TensorSensor", "nvitop", "gpustat"))
