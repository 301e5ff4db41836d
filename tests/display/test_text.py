from __future__ import annotations

import pytest

from dlmagic.display import text
from dlmagic.display.parts import Code, Column, Document, Fold, Notice, Span, Table, sentence, spans

TABLE = Table(
    "Times",
    (Column("arm"), Column("median", numeric=True), Column("answers")),
    (
        (Span("compile:reduce-overhead", "strong"), Span("1.2 ms"), Span("agree")),
        (Span("eager"), Span("12.3 ms"), Span("not compared")),
    ),
)


def shown(*parts: object, **options: object) -> str:
    return text.render(Document(parts), **options)  # type: ignore[arg-type]


def test_numbers_are_set_to_the_right_and_words_to_the_left() -> None:
    assert shown(TABLE) == (
        "Times\n"
        "arm                       median  answers\n"
        "──────────────────────────────────────────────\n"
        "compile:reduce-overhead   1.2 ms  agree\n"
        "eager                    12.3 ms  not compared"
    )


def test_a_narrow_table_breaks_names_at_their_seams() -> None:
    assert shown(TABLE, width=40) == (
        "Times\n"
        "arm               median  answers\n"
        "──────────────────────────────────────\n"
        "compile:          1.2 ms  agree\n"
        "reduce-overhead\n"
        "eager            12.3 ms  not compared"
    )


def test_a_name_is_broken_only_where_its_column_becomes_narrower_by_it() -> None:
    columns = (Column("layer"), Column("type"), Column("size", numeric=True))
    words = (("lm_head", "Linear"), ("    embeddings", "MultiheadAttention"))
    rows = tuple((Span(name), Span(kind), Span("12,345")) for name, kind in words)
    lines = shown(Table("Layers", columns, rows), width=38).splitlines()
    assert any(line.startswith("lm_head ") for line in lines)
    assert max(map(len, lines)) <= 38


def test_a_table_with_too_many_columns_goes_on_below() -> None:
    columns = (Column("arm"), *(Column(f"quantity{k}", numeric=True) for k in range(12)))
    row = (Span("eager"), *(Span(f"{k}.123456") for k in range(12)))
    lines = shown(Table("Much", columns, (row,))).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("eager") for line in lines) == 2
    assert all(f"{k}.123456" in " ".join(lines).split() for k in range(12))


@pytest.mark.parametrize("name", ["x" * 200, "層" * 60, "a b " * 50])
def test_no_line_is_longer_than_the_page(name: str) -> None:
    table = Table("Times", TABLE.columns, ((Span(name), Span("1.2 ms"), Span("agree")),))
    parts = (sentence(name), table, Notice("hint", "muted", spans(name), spans(name)))
    assert all(len(line) <= 80 for line in shown(*parts).splitlines())


def test_an_empty_table_is_its_heading() -> None:
    assert shown(Table("Nothing", (Column("arm"),), ())).startswith("Nothing\narm")


def test_advice_and_code_stand_below_what_they_are_about() -> None:
    part = Notice("warning", "bad", spans("x waits"), spans("move it"), "a = 1\nb = 2")
    assert shown(part) == "warning: x waits\n  move it\n      a = 1\n      b = 2"


def test_a_fold_is_open() -> None:
    assert shown(Fold("More", (sentence("inside"), Code("x = 1")))) == "More\n  inside\n      x = 1"


def test_colour_only_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    part = sentence(Span("compile is faster", "good"))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert shown(part) == "compile is faster"
    assert "\x1b[1;32mcompile" in shown(part, colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(part, colour=True) == "compile is faster"
