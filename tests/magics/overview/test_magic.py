"""``%dlmagic`` in a shell."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.overview.result import Demos, EnvironmentReport, Overview
from dlmagic.shell.completion import offer_for_line
from dlmagic.shell.ownership import belongs_to_dlmagic


def test_every_magic_is_in_the_overview_as_it_is_written(loaded: InteractiveShell) -> None:
    overview = loaded.run_line_magic("dlmagic", "")
    assert isinstance(overview, Overview)
    tables = loaded.magics_manager.magics
    ours = {
        name
        for table in tables.values()
        for name, function in table.items()
        if belongs_to_dlmagic(getattr(function, "__self__", None))
    }
    assert {each.name for each in overview.entries} == ours
    for each in overview.entries:
        assert each.name in tables["cell" if each.written.startswith("%%") else "line"]
        assert each.example.startswith(each.written)


def test_the_overview_fits_one_screen(loaded: InteractiveShell) -> None:
    text = repr(loaded.run_line_magic("dlmagic", ""))
    assert len(text.splitlines()) <= 32
    assert max(map(len, text.splitlines())) <= 80


def test_the_environment_is_reported(loaded: InteractiveShell) -> None:
    report = loaded.run_line_magic("dlmagic", "env")
    assert isinstance(report, EnvironmentReport)
    assert report.packages["ipython"]


def test_a_demo_is_copied_to_the_working_directory(
    loaded: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = loaded.run_line_magic("dlmagic", "demo quickstart")
    assert isinstance(found, Demos)
    assert [each.name for each in tmp_path.iterdir()] == [found.copied] == ["quickstart.ipynb"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("demos", "no action demos. Did you mean demo"),
        ("env x", "%dlmagic env has no use for 'x'"),
        ("demo quikstart", "no demo notebook quikstart. Did you mean quickstart"),
        ("demo watch gpus", "no use for 'gpus'"),
    ],
)
def test_slips_get_one_line(loaded: InteractiveShell, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        loaded.run_line_magic("dlmagic", line)
    assert "\n" not in str(raised.value)


def test_actions_and_names_of_notebooks_complete(loaded: InteractiveShell) -> None:
    assert {"env", "demo"} <= set(offer_for_line(loaded, "%dlmagic ").texts)
    assert offer_for_line(loaded, "%dlmagic demo qu").texts == ("quickstart",)
    assert offer_for_line(loaded, "%dlmagic env qu").texts == ()
