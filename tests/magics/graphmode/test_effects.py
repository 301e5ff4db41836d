"""What a run says and does, with the line that led to it."""

from __future__ import annotations

import ast
import logging
import sys
import warnings
from collections import Counter
from pathlib import Path

import pytest

from dlmagic.magics.graphmode.effects import recording
from dlmagic.magics.graphmode.outside import unheard_calls, watching_outside
from dlmagic.magics.graphmode.said import said_alike, said_instead

FILE = "<cell of a test>"


def run(text: str, **names: object) -> None:
    exec(compile(text, FILE, "exec"), {"__name__": "__main__", **names})


def said(text: str, **names: object) -> list[tuple[str, str, int | None]]:
    with recording(FILE) as effects:
        run(text, **names)
    return [(e.kind, e.text, e.frame.line if e.frame else None) for e in effects.found]


def test_a_print_is_one_text_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said("a = 1\nprint('x', a)\nprint()") == [("print", "x 1\n", 2), ("print", "\n", 3)]
    assert capsys.readouterr().out == "x 1\n\n"


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("loss -4.7768144607\n", "loss -4.7768149375\n", True),
        ("loss 1e-9", "loss 2e-9", True),
        ("loss 0.25", "loss 0.26", False),
        ("step 3", "step 4", False),
        ("x 1.0", "y 1.0", False),
    ],
)
def test_rounding_is_not_something_else(first: str, second: str, alike: bool) -> None:
    assert said_alike(Counter([first]), Counter([second])) is alike


def test_what_is_said_instead_is_told() -> None:
    assert said_instead(Counter(["step 3\n"]), Counter(["step 4\n"])) == "step 4 instead of step 3"


def test_the_line_is_the_innermost_of_the_cell() -> None:
    text = "def f():\n    print(1)\nfor _ in range(2):\n    f()"
    assert said(text) == [("print", "1\n", 2)] * 2


def test_the_stream_is_otherwise_the_one_that_was_there() -> None:
    before = sys.stdout
    with recording(FILE):
        assert sys.stdout.encoding == before.encoding
        assert sys.stdout.errors == before.errors
        assert sys.stdout.isatty() == before.isatty()
        assert sys.stdout.mode == before.mode  # type: ignore[attr-defined]


def test_standard_error_and_log_records_count() -> None:
    text = "import sys\nprint('e', file=sys.stderr)\nlog.warning('%s left', 3)"
    log = logging.getLogger("dlmagic.test")
    assert said(text, log=log) == [("print", "e\n", 2), ("log", "WARNING: 3 left", 3)]


def test_warnings_are_no_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import sys\nwarnings.warn('hello')\nprint('e', file=sys.stderr)"
    monkeypatch.setattr(warnings, "showwarning", lambda *told: sys.stderr.write(f"{told[0]}\n"))
    monkeypatch.setattr(warnings, "filters", [("always", None, Warning, None, 0)])
    assert said(text, warnings=warnings) == [("print", "e\n", 3)]
    logging.captureWarnings(capture=True)
    try:
        assert said(text, warnings=warnings) == [("print", "e\n", 3)]
    finally:
        logging.captureWarnings(capture=False)


def test_what_others_log_is_not_the_cells() -> None:
    with recording(FILE) as effects:
        logging.getLogger("other").error("of a library")
    assert effects.found == []


def test_streams_and_handlers_are_put_back() -> None:
    before = sys.stdout, sys.stderr, list(logging.root.handlers)
    with pytest.raises(ZeroDivisionError), recording(FILE):
        run("1 / 0")
    assert (sys.stdout, sys.stderr, list(logging.root.handlers)) == before


def test_unheard_log_records_are_noted_and_reach_nobody(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("dlmagic.test")
    logging.disable(logging.CRITICAL)
    try:
        with recording(FILE, heard=False) as effects:
            run("log.warning('low')", log=log)
        assert [effect.text for effect in effects.found] == ["WARNING: low"]
        assert logging.root.manager.disable == logging.CRITICAL
    finally:
        logging.disable(logging.NOTSET)
    assert caplog.records == []
    log.warning("heard again")
    assert [record.getMessage() for record in caplog.records] == ["heard again"]


def test_nothing_is_noted_while_paused() -> None:
    with recording(FILE) as effects:
        with effects.not_noted():
            run("print(1)")
        run("print(2)")
    assert [effect.text for effect in effects.found] == ["2\n"]


def outside(text: str, **names: object) -> list[tuple[str, int]]:
    with watching_outside(FILE) as actions:
        run(text, **names)
    return [(action.what, action.frame.line) for action in actions.found]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a = 1\nopen(path, 'w').close()", "writes a file"),
        ("a = 1\nopen(path, 'ab').close()", "writes a file"),
        ("a = 1\npath.write_text('x')", "writes a file"),
        ("import os\nos.mkdir(path)", "makes a folder"),
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])", "starts a program"),
        ("import os\nos.system('true')", "starts a program"),
        ("import sqlite3\nsqlite3.connect(':memory:').close()", "opens a database"),
    ],
)
def test_what_reaches_outside_is_seen(text: str, what: str, tmp_path: Path) -> None:
    assert (what, 2) in outside(text, path=tmp_path / "there")


def test_a_server_that_is_talked_to_is_seen() -> None:
    text = "import socket\nwith socket.socket() as it:\n    it.connect_ex(('127.0.0.1', 1))"
    assert outside(text) == [("talks to a server", 3)]


def test_reading_imports_and_the_null_device_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    (tmp_path / "a_module_of_a_test.py").write_text("value = 1")
    text = (
        "path.read_text()\nopen('/dev/null', 'w').close()\n"
        "import sys\nsys.path.insert(0, str(path.parent))\nimport a_module_of_a_test"
    )
    try:
        assert outside(text, path=tmp_path / "there") == []
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("a_module_of_a_test", None)


def test_nothing_is_heard_after_the_end(tmp_path: Path) -> None:
    with watching_outside(FILE) as actions:
        pass
    run("open(path, 'w').close()", path=tmp_path / "there")
    assert actions.found == []


def test_calls_that_write_from_other_languages_are_known_by_name() -> None:
    tree = ast.parse("a = 1\ntorch.save(model, 'm.pt')\nsave(a)\nname = input('? ')")
    found = unheard_calls(tree.body, FILE)
    assert [(each.what, each.frame.line) for each in found] == [
        ("may write a file", 2),
        ("asks for input", 4),
    ]
