"""No type of result is left out, and what was saved shows itself as it did before."""

from __future__ import annotations

from tests.saved.made import Saved, homes
from tests.saved.programs import FRAMEWORKS, GPUS

MADE = {cell.makes for cell in (*FRAMEWORKS, *GPUS)} - {""}


def test_every_type_of_result_is_made() -> None:
    """A new type needs a cell in ``tests/saved/programs.py`` that makes one."""
    assert len(homes()) > 20
    assert set(homes()) == MADE


def test_each_cell_shows_its_type(results: list[Saved]) -> None:
    assert {each.makes for each in results} == MADE
    assert all(type(each.result).__name__ == each.makes for each in results)


def test_what_was_saved_shows_itself_as_it_did(results: list[Saved]) -> None:
    for each in results:
        assert each.output["text/plain"] == repr(each.result), each.makes
        assert each.output["text/html"] == each.result._repr_html_form(), each.makes
