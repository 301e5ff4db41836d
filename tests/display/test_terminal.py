from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import sys
import termios
from collections.abc import Callable, Iterator

import pytest

from dlmagic.display import text
from dlmagic.display.parts import Code, Column, Document, Span, Table, sentence
from dlmagic.display.terminal import WIDTH, Alphabet, page_width, spelled

TABLE = Table(
    "Times",
    (Column("arm"), Column("median", numeric=True)),
    ((Span("compile…"), Span("1.2 µs ± 3 %")), (Span("層"), Span("≤ 40 °C"))),
)


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], io.TextIOWrapper]]:
    """Lets the standard output have an encoding."""

    def encoded(encoding: str) -> io.TextIOWrapper:
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    yield encoded
    monkeypatch.undo()  # before anybody looks whether the output is as it was


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Lets the standard output be a terminal of so many columns."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:

        def columns(count: int) -> None:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, count, 0, 0))
            monkeypatch.setattr(sys, "stdout", stream)

        yield columns
        monkeypatch.undo()
    os.close(ours)


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "latin-1", "utf-8", "utf-16"])
def test_whatever_the_encoding_a_result_can_be_printed(output, encoding: str) -> None:
    stream = output(encoding)
    shown = text.render(Document((sentence("1 × 2 – …"), TABLE, Code("x = 'é' # \x1b\ud800"))))
    print(shown, file=stream, flush=True)
    assert all(word in shown for word in ("Times", "compile", "1.2", "40"))


def test_what_an_encoding_lacks_is_written_in_other_letters(output) -> None:
    output("ascii")
    assert text.render(Document((TABLE,))).splitlines() == [
        "Times",
        "arm                 median",
        "--------------------------",
        "compile...  1.2 us +/- 3 %",
        "??             <= 40 deg C",
    ]


def test_what_it_has_stays(output) -> None:
    output("latin-1")
    assert spelled("1 µs ± 2 – ×", Alphabet()) == "1 µs ± 2 - ×"
    assert spelled(TABLE, Alphabet("utf-8")) == TABLE


def test_a_page_is_no_wider_than_the_terminal(terminal) -> None:
    long = Document((sentence("word " * 50),))
    for columns, expected in ((200, WIDTH), (60, 60), (20, 40), (0, WIDTH)):
        terminal(columns)
        assert page_width() == expected
        assert expected - 5 < max(map(len, text.render(long).splitlines())) <= expected


def test_what_goes_to_a_file_is_as_wide_everywhere(output, monkeypatch) -> None:
    output("utf-8")
    monkeypatch.setenv("COLUMNS", "50")
    assert page_width() == WIDTH
