"""Every result through nbconvert, JupyterLab's sanitiser and GitHub's filter: nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbconvert import HTMLExporter, MarkdownExporter, SlidesExporter

from dlmagic.display import html, text
from dlmagic.display.parts import Document, Fold, Part, Table
from tests.display.reading import visible
from tests.saved.made import Saved, without_shortened_folds
from tests.saved.sanitisers import github, jupyterlab

LARGEST = {"WatchResult": 150_000, "GraphReport": 300_000, "AutogradGraph": 300_000}
PICTURE = re.compile(r'<img\b[^>]*\bsrc="data:image/svg\+xml;base64,[^"]+"')
NAMED = re.compile(r'<img\b[^>]*\balt="[^"]+"')


def words(shown: str) -> list[str]:
    """Words and numbers, in order, without what only separates or marks them."""
    return re.findall(r"[^\s─:]+", shown.replace("`", ""))


def words_of(page: str) -> list[str]:
    return words(visible(page))


def sanitised_markdown(notebook: Any) -> str:
    """A notebook as Markdown, as GitHub shows it."""
    source, _ = MarkdownExporter().from_notebook_node(notebook)
    return github(MarkdownIt("gfm-like", {"linkify": False}).render(source))


def exported(exporter: Any) -> Callable[[Any], str]:
    return lambda notebook: exporter().from_notebook_node(notebook)[0]


def find(part: list[str], whole: list[str]) -> bool:
    """Whether words stand in a text one after the other."""
    ends = range(len(whole) - len(part) + 1)
    return any(whole[k : k + len(part)] == part for k in ends if whole[k] == part[0])


@pytest.mark.parametrize("exporter", [HTMLExporter, SlidesExporter, MarkdownExporter])
def test_exported_notebooks_hold_every_result(
    notebooks: list[Any], results: list[Saved], exporter: Any
) -> None:
    pages = [exported(exporter)(notebook) for notebook in notebooks]
    whole = [word for page in pages for word in words_of(page)]
    for each in results:
        assert find(words_of(each.output["text/html"]), whole), each.makes
    pictures = sum(len(PICTURE.findall(each.output["text/html"])) for each in results)
    assert sum(len(PICTURE.findall(page)) for page in pages) == pictures > 5


def test_markdown_on_github_holds_every_result(notebooks: list[Any], results: list[Saved]) -> None:
    pages = [sanitised_markdown(notebook) for notebook in notebooks]
    whole = [word for page in pages for word in words_of(page)]
    for each in results:
        assert find(words_of(each.output["text/html"]), whole), each.makes
    pictures = sum(len(NAMED.findall(each.output["text/html"])) for each in results)
    assert sum(len(NAMED.findall(page)) for page in pages) == pictures


@pytest.mark.parametrize("sanitise", [jupyterlab, github])
def test_a_sanitiser_takes_no_word_and_no_structure(
    results: list[Saved], sanitise: Callable[[str], str]
) -> None:
    for each in results:
        page = each.output["text/html"]
        left = sanitise(page)
        assert words_of(left) == words_of(page), each.makes
        for kept in ("<table", "<caption>", 'scope="row"', 'scope="col"', "<details", "<summary"):
            assert left.count(kept) == page.count(kept), (each.makes, kept)
        assert len(NAMED.findall(left)) == page.count("<img"), each.makes


def test_jupyterlab_keeps_the_pictures(results: list[Saved]) -> None:
    pages = [each.output["text/html"] for each in results]
    assert all(PICTURE.findall(jupyterlab(page)) == PICTURE.findall(page) for page in pages)


def test_the_sanitisers_take_what_is_dangerous() -> None:
    page = '<p class="a" onclick="b()">c<script>d</script><svg>e</svg><iframe>f</iframe></p>'
    assert [each(page) for each in (jupyterlab, github)] == ['<p class="a">cf</p>', "<p>cf</p>"]


def test_both_forms_say_the_same_in_the_same_order(results: list[Saved]) -> None:
    for each in results:
        document = with_unbroken_headings(without_shortened_folds(each.document))
        assert words_of(html.render(document)) == words(text.render(document, width=10_000))


def with_unbroken_headings(document: Document) -> Document:
    """Headings of several lines stand beside each other in a text."""
    return replace(document, parts=tuple(map(_unbroken, document.parts)))


def _unbroken(part: Part) -> Part:
    match part:
        case Table():
            columns = (
                replace(each, title=re.sub(r"[\s-]", "_", each.title)) for each in part.columns
            )
            return replace(part, columns=tuple(columns))
        case Fold():
            return replace(part, parts=tuple(map(_unbroken, part.parts)))
    return part


def test_notebooks_are_valid_small_and_hold_no_widget(notebooks: list[Any]) -> None:
    for notebook in notebooks:
        nbformat.validate(notebook)
        assert len(json.dumps(notebook)) < 1_000_000
        assert "widgets" not in notebook.metadata
        kinds = {kind for cell in notebook.cells for each in cell.outputs for kind in _kinds(each)}
        assert kinds <= {"text/plain", "text/html"}


def _kinds(output: Any) -> list[str]:
    return list(output.get("data", {}))


def test_each_output_is_within_its_budget(results: list[Saved]) -> None:
    for each in results:
        size = sum(len(shown.encode()) for shown in each.output.values())
        assert size <= LARGEST.get(each.makes, 50_000), each.makes
