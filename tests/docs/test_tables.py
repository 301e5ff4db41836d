"""Tables on the pages are made of the figures that were measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.tables import watch
from benchmarks.tables.places import ROOT, SOURCES, filled, pages, with_text
from benchmarks.watch_proofs import Figure, Measured


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_what_was_measured(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "python -m benchmarks.tables renews it"


def test_every_table_has_a_place_and_every_place_a_table() -> None:
    texts = [page.read_text(encoding="utf-8") for page in pages()]
    assert all(any(f"<!-- {name} -->\n" in text for text in texts) for name in SOURCES)
    files = [f"benchmarks/{each.module.replace('.', '/')}.py" for each in SOURCES.values()]
    assert all((ROOT / file).exists() for file in files)


def test_a_stale_table_would_be_noticed() -> None:
    page = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8")
    assert filled(with_text(page, "side by side", "| old |")) == page


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place called 'listing'"):
        with_text("text", "listing", "table")


def test_the_table_of_watching_can_be_made_before_and_after_saving() -> None:
    figure = Figure(1.01, (1.0, 1.02))
    found = Measured(
        "small",
        plain=0.02,
        every=50,
        ratios={"watched": figure},
        added={
            1: {"dlmagic": Figure(0.001, (0.001, 0.002)), "wandb.watch": Figure(0.2, (0.1, 0.3))}
        },
        times={1: {"wandb.watch": Figure(200.0, (100.0, 300.0))}},
        writing={"wandb": 0.03},
    )
    document = {"models": [asdict(found)]}
    table = watch.overhead(document)
    assert table == watch.overhead(json.loads(json.dumps(document)))
    assert "| watched, over a plain step | 1.010x (1.000 to 1.020) |" in table
    assert (
        "| added to a step by wandb.watch, every step | 200 ms, 200 times as much (100 to 300) |"
        in table
    )
