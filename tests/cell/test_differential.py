"""A cell leaves behind, prints, shows and raises the same through the machinery as plainly."""

from __future__ import annotations

import importlib.util

import pytest

from tests.cell import worlds
from tests.cell.corpus import CORPUS
from tests.cell.corpus.cell import CorpusCell
from tests.cell.describe import differences


def cells(*themes: CorpusCell) -> list[object]:
    return [pytest.param(cell, id=cell.name) for cell in themes]


def require(cell: CorpusCell) -> None:
    for package in cell.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def test_the_corpus_has_at_least_160_cells_with_names_of_their_own() -> None:
    names = [cell.name for cell in CORPUS]
    assert len(names) >= 160
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("cell", cells(*CORPUS))
def test_like_a_plain_run(cell: CorpusCell) -> None:
    require(cell)
    plain = worlds.plain(cell.setup, cell.text, cell.after)
    through = worlds.machinery(cell.setup, cell.text, cell.after)
    found = list(differences(plain, through))
    assert not found, "\n".join(found)
