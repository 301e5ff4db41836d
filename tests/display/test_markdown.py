from __future__ import annotations

import pytest
from nbconvert.filters import markdown2html

from dlmagic.display import markdown
from dlmagic.display.parts import Column, Document, Notice, Picture, Span, Table, sentence, spans

TABLE = Table(
    "Times",
    (Column("arm"), Column("median", numeric=True)),
    ((Span("a|b", "code"), Span("1.2 ms", "strong")),),
)


def test_a_table_becomes_a_table() -> None:
    text = markdown.render(Document((sentence("compile:x is 3.1x faster (2.8 to 3.3)."), TABLE)))
    assert text.splitlines()[2:] == [
        "| arm | median |",
        "| --- | ---: |",
        "| `a\\|b` | **1.2 ms** |",
    ]
    assert "3.1x faster" in text


def test_advice_and_code_are_kept_and_pictures_are_not() -> None:
    part = Notice("warning", "bad", spans("x waits"), spans("move it"), "x = '```'")
    text = markdown.render(Document((Picture("<svg/>", "alt", 1, 1), part)))
    assert text == "**warning**: x waits\n\nmove it\n\n````python\nx = '```'\n````\n"


@pytest.mark.parametrize(
    "name",
    [
        "<script>x</script>",
        "*a*",
        "[a](javascript:x)",
        "![a](b)",
        "a_b_c",
        "# a",
        "- a",
        "1. a",
        "`x",
    ],
)
def test_a_users_string_is_inert(name: str) -> None:
    parts = (sentence("arm ", name), sentence(name), TABLE)
    shown = markdown2html(markdown.render(Document(parts)))
    for tag in ("<script", "<em", "<a ", "<img", "<h1", "<li", "<h2"):
        assert tag not in shown
