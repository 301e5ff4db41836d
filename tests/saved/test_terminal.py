"""Every result in a terminal: narrow, without colours, without more letters than ASCII has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from wcwidth import wcswidth

from dlmagic.display import text
from tests.saved.made import Saved, homes

ESCAPE = "\x1b"
# A path, or a flag as long as those of XLA, which are among the settings that a report shows.
PATH = re.compile(r"\S*/\S*/\S*|--\w{20,}\S*")
# Longer than a column of 80 letters has room for; how long they are is the machine's own matter.
LONG_PATH = re.compile(rf"(?=\S{{40}})(?:{PATH.pattern})")
OPEN_ALL = """
import json, sys
from importlib import import_module
for kind, home, saved in json.load(open(sys.argv[1], encoding="utf-8")):
    print(kind)
    print(getattr(import_module(home), kind).from_json(saved))
"""


def pieces(shown: str) -> set[str]:
    """What cannot be broken at a seam: names without their signs, numbers, signs."""
    return set(re.findall(r"[^\W_]+|[±×–°%]", shown))


@pytest.mark.parametrize("width", [80, 60, 40])
def test_lines_fit_and_nothing_is_left_out(results: list[Saved], width: int) -> None:
    for each in results:
        shown = text.render(each.document, width=width)
        assert all(wcswidth(line) <= width for line in shown.splitlines()), each.makes
        whole = LONG_PATH.sub("", text.render(each.document, width=5000))
        lost = pieces(whole if width == 80 else PATH.sub("", whole)) - pieces(shown)
        # Only a path, a flag or a long name is broken where a column is narrower than it is.
        assert not [piece for piece in lost if width == 80 or len(piece) < 7], each.makes


def test_colours_are_asked_for_and_never_in_what_is_kept(
    results: list[Saved], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert any(ESCAPE in text.render(each.document, colour=True) for each in results)
    assert not any(ESCAPE in repr(each.result) for each in results)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any(ESCAPE in text.render(each.document, colour=True) for each in results)


@pytest.fixture(scope="module")
def saved(results: list[Saved], scratch: Path) -> Path:
    """A file with all results."""
    where = homes()
    file = scratch / "results.json"
    file.write_text(
        json.dumps([(each.makes, where[each.makes], each.result.to_json()) for each in results])
    )
    return file


def printed(saved: Path, **variables: str) -> bytes:
    """What a script prints that opens all of them."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, str(saved)],
        env={**os.environ, "PYTHONUTF8": "0", **variables},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr
    return done.stdout


def test_an_encoding_with_few_letters_is_enough(saved: Path, results: list[Saved]) -> None:
    shown = printed(saved, PYTHONIOENCODING="ascii", TERM="dumb", NO_COLOR="1").decode("ascii")
    whole = printed(saved, PYTHONIOENCODING="utf-8", TERM="dumb", NO_COLOR="1").decode()
    assert ESCAPE not in shown + whole
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "could not be shown" not in shown
    # Nothing is unreadable but what is no letter of ours.
    assert "?" not in {*shown} - {*whole}
    numbers = re.compile(r"\d+(?:\.\d+)?")
    assert set(numbers.findall(shown)) == set(numbers.findall(whole))


def test_a_larger_encoding_keeps_the_letters_that_it_has(saved: Path) -> None:
    shown = printed(saved, PYTHONIOENCODING="latin-1").decode("latin-1")
    assert "µs" in shown
    assert "─" not in shown
