"""Readers of HTML for tests: the visible words, and what a sanitiser leaves of a page."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

VOID = {"img", "wbr", "br"}

# What JupyterLab keeps of an output that is not trusted, and GitHub of a notebook: these
# tags and attributes. Both drop <style> with its content.
KEPT = {
    "div": {"class"},
    "p": {"class"},
    "strong": {"class"},
    "span": {"class"},
    "code": {"class"},
    "pre": {"class"},
    "table": {"class"},
    "caption": {"class"},
    "thead": {"class"},
    "tbody": {"class"},
    "tr": {"class"},
    "th": {"class", "scope"},
    "td": {"class"},
    "details": {"open"},
    "summary": set(),
    "img": {"class", "src", "alt", "width", "height"},
    "wbr": set(),
}
DROPPED_WITH_CONTENT = {"style", "script", "svg"}


class Sanitiser(HTMLParser):
    """Keeps what is on the list and notes what is not."""

    def __init__(self, kept: dict[str, set[str]]) -> None:
        super().__init__(convert_charrefs=True)
        self.kept = kept
        self.left: list[str] = []
        self.dropped: set[str] = set()
        self.inside_dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WITH_CONTENT:
            self.inside_dropped += 1
        if tag not in self.kept:
            self.dropped.add(tag)
            return
        self.dropped |= {f"{tag} {name}" for name, _ in attrs if name not in self.kept[tag]}
        kept = "".join(
            f' {name}="{html.escape(value or "")}"'
            for name, value in attrs
            if name in self.kept[tag]
        )
        self.left.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED_WITH_CONTENT:
            self.inside_dropped -= 1
        if tag in self.kept and tag not in VOID:
            self.left.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.inside_dropped:
            self.left.append(html.escape(data))


def sanitised(page: str, kept: dict[str, set[str]] = KEPT) -> str:
    """What is left of a page."""
    reader = Sanitiser(kept)
    reader.feed(page)
    return "".join(reader.left)


EXTRAS = {"style", "div tabindex", "div role", "div aria-label"}
"""What only makes a result better to look at, or a wide table one that keys can scroll."""


def dropped(page: str) -> set[str]:
    """Tags, and ``"tag attribute"``, that a sanitiser takes away."""
    reader = Sanitiser(KEPT)
    reader.feed(page)
    return reader.dropped


def visible(page: str) -> str:
    """The text that a reader sees, blocks and cells apart."""
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    text = re.sub(r"<wbr\s*/?>|</?(strong|span|code)[^>]*>", "", text)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def words(text: str) -> list[str]:
    """Words and numbers in alphabetical order, without what only separates or marks them."""
    return sorted(re.findall(r"[^\s`─–/:_,;.()-]+", text))
