"""A warning that a framework gives under a recorder of ours names the user's line."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from dlmagic.cell import warned
from dlmagic.cell.warned import warnings_name_users_lines

RECORDER = str(Path(warned.__file__).with_name("a_recorder.py"))


def under_a_recorder(category: type[Warning] = UserWarning) -> None:
    """As a framework does that is called by a file of ours: it warns of its caller."""
    code = "def call(function):\n    function()"
    names: dict[str, object] = {}
    exec(compile(code, RECORDER, "exec"), names)
    names["call"](lambda: warnings.warn("slow", category, stacklevel=2))


def test_a_line_of_ours_becomes_the_users() -> None:
    with pytest.warns(UserWarning, match="slow") as heard, warnings_name_users_lines():
        under_a_recorder()
    assert [Path(each.filename) for each in heard] == [Path(__file__)]
    assert heard[0].lineno == under_a_recorder.__code__.co_firstlineno + 5


def test_others_stay_as_they_are() -> None:
    with pytest.warns(UserWarning, match="theirs") as heard, warnings_name_users_lines():
        warnings.warn_explicit("theirs", UserWarning, "theirs.py", 7)
    assert [(each.filename, each.lineno) for each in heard] == [("theirs.py", 7)]


def test_what_was_there_is_put_back_also_after_an_error() -> None:
    before = warnings.showwarning
    with pytest.raises(ValueError, match="x"), warnings_name_users_lines():
        raise ValueError("x")
    assert warnings.showwarning is before


def test_who_takes_over_meanwhile_stays() -> None:
    before = warnings.showwarning
    try:
        with warnings_name_users_lines():
            warnings.showwarning = theirs = lambda *_: None
        assert warnings.showwarning is theirs
    finally:
        warnings.showwarning = before
