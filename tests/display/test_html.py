from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.display import html, text
from dlmagic.display.chart import Strip, strip_chart
from dlmagic.display.parts import (
    Code,
    Column,
    Document,
    Fold,
    Notice,
    Picture,
    Span,
    Table,
    sentence,
    spans,
)
from tests.display.reading import EXTRAS, dropped, sanitised, visible, words

PICTURE = strip_chart(
    [Strip("compile", (2.9, 3.1, 3.3), 3.1, (2.9, 3.3), "3.1x")],
    title="Each dot is one round",
    axis_title="times as fast",
    tick=lambda value: f"{value:g}x",
)


def page_of(name: str) -> Document:
    """A document with every part, in which a user's name occurs everywhere."""
    table = Table(
        f"All of {name}",
        (Column("arm"), Column(f"median of {name}", numeric=True)),
        ((Span(name, "strong"), Span("1.2 ms")), (Span("eager"), Span(name, "muted"))),
    )
    return Document(
        (
            sentence(Span(name, "good"), " is faster", role="answer"),
            sentence("take care of ", Span(name, "bad"), role="alert"),
            table,
            Picture(PICTURE.svg, f"Chart of {name}", PICTURE.width, PICTURE.height),
            Notice("warning", "bad", spans(Span(name, "code"), " waits"), spans("do that"), name),
            Fold(f"More of {name}", (sentence(name, role="note"), Code(name))),
        )
    )


PLAIN = page_of("compile:max-autotune")


def test_text_and_html_say_the_same() -> None:
    assert words(visible(html.render(PLAIN))) == words(text.render(PLAIN, width=200))


def test_the_words_survive_a_sanitiser_and_so_do_tables_and_pictures() -> None:
    page = html.render(PLAIN)
    left = sanitised(page)
    assert dropped(page) == EXTRAS
    assert words(visible(left)) == words(visible(page))
    assert '<th scope="row">' in left
    assert "<caption>" in left
    assert 'src="data:image/svg+xml;base64,' in left
    assert "<details><summary>" in left


def test_without_classes_and_pictures_the_words_are_still_there() -> None:
    bare = {tag: {"scope"} for tag in ("p", "table", "caption", "tr", "th", "td", "pre", "code")}
    page = html.render(PLAIN)
    assert words(visible(sanitised(page, bare))) == words(visible(page))


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style><b>",
        "</table></div>",
        "&lt;b&gt;",
        "'\"`{}",
        "\x1b[31mred\x00",
        "\ud800",
        "\u202egnp",
        "[bold]rich[/bold] :smile:",
    ],
)
def test_a_users_string_is_shown_and_never_acts(name: str) -> None:
    page, plain = html.render(page_of(name)), text.render(page_of(name), width=200)
    assert dropped(page) == EXTRAS
    assert words(visible(page)) == words(plain)
    assert page.count("<td") == 2
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", page + plain)
    page.encode()
    plain.encode()


@given(st.text(max_size=30))
def test_any_text_keeps_the_page_well_formed(name: str) -> None:
    page = re.sub(r"<style>.*?</style>", "", html.render(page_of(name)), count=1, flags=re.DOTALL)
    closed = re.sub(r"<(wbr|img[^>]*)>", "", page)
    ElementTree.fromstring(closed)


def test_empty_lines_of_code_do_not_end_the_page_in_markdown() -> None:
    page = html.render(Document((Code("a = 1\n\n  \n\nb = 2\n"), sentence("one\n\ntwo"))))
    assert not re.search(r"\n[ \t]*\n", page)
    assert visible(page).split() == ["a", "=", "1", "b", "=", "2", "one", "two"]
    assert "1\n\n  \n\nb" in visible(page)


def test_two_copies_on_a_page_do_not_get_into_each_others_way() -> None:
    page = html.render(PLAIN)
    assert not re.findall(r'\sid="', page)
    assert re.findall(r'class="(?!dlm)[^"]+"', page) == []


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = html.render(PLAIN) + PICTURE.svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|//|url\(|@import|<script|javascript:", page.replace("</", "<"))


def test_a_picture_that_is_too_large_is_left_out_and_that_is_said() -> None:
    huge = Picture("<svg>" + " " * 60_000 + "</svg>", "Chart", 10, 10)
    page = html.render(Document((sentence("the answer"), huge)))
    assert len(page) < 5_000
    assert "the answer" in page
    assert "The picture is left out" in page


def test_sentences_in_a_table_take_as_many_lines_as_they_need() -> None:
    why = "9.7 GB are in use by nobody who can be seen from here"
    columns = (Column("GPU"), Column("memory", numeric=True), Column("free"), Column("why"))
    rows = ((Span("1"), Span("9.7 GB"), Span("no"), Span(why)),)
    shown = html.render(Document((Table("GPUs", columns, rows),)))
    assert re.findall(r'<td class="dlm-sentence">(.*?)</td>', shown) == [why]
