"""What a cell prints: shown, or dropped."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path

import pytest

from dlmagic.cell.output import (
    NullWriter,
    StreamOutput,
    descriptors_dropped,
    heard_again,
    streams_dropped,
    unheard,
)
from tests.interrupting import interrupted_in


def test_dropped_output_goes_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    with StreamOutput().dropped():
        print("one")  # noqa: T201
        print("two", file=sys.stderr)  # noqa: T201
        sys.stdout.flush()
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_shown_output_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with StreamOutput().shown():
        print("one")  # noqa: T201
    assert capsys.readouterr().out == "one\n"


def test_streams_and_logging_come_back_after_an_error() -> None:
    before = sys.stdout, sys.stderr, logging.root.manager.disable
    with pytest.raises(ZeroDivisionError), streams_dropped():
        1 / 0  # noqa: B018
    assert (sys.stdout, sys.stderr, logging.root.manager.disable) == before


def test_log_records_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with streams_dropped():
        logging.getLogger("user").error("dropped")
    logging.getLogger("user").error("kept")
    assert caplog.messages == ["kept"]


def test_nested_dropping_ends_outside() -> None:
    before = sys.stdout
    with streams_dropped():
        with streams_dropped():
            pass
        assert isinstance(sys.stdout, NullWriter)
    assert sys.stdout is before


def test_an_interrupt_between_any_two_steps_of_dropping_leaves_all_to_be_heard() -> None:
    before = sys.stdout, sys.stderr, logging.root.manager.disable, os.fstat(1), os.fstat(2)
    interrupts, ended = 0, False
    while not ended:
        try:
            with heard_again(1, 2):
                with interrupted_in(interrupts + 1, "/cell/output.py"), unheard(StreamOutput()):
                    pass
                ended = True
        except KeyboardInterrupt:
            interrupts += 1
        after = sys.stdout, sys.stderr, logging.root.manager.disable, os.fstat(1), os.fstat(2)
        assert after[:3] == before[:3], interrupts
        assert all(map(os.path.samestat, after[3:], before[3:])), interrupts
    assert interrupts > 20


def test_writing_nowhere_counts_characters() -> None:
    writer = NullWriter()
    assert writer.write("abc") == 3
    assert writer.writable()
    assert not writer.isatty()


def test_warnings_are_not_turned_into_errors_by_dropping() -> None:
    with streams_dropped(), pytest.warns(UserWarning, match="kept"):
        warnings.warn("kept", stacklevel=1)


def test_what_goes_past_python_is_dropped_and_heard_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    os.write(2, b"before ")
    with unheard(StreamOutput()):
        os.write(1, b"a library's line")
        os.write(2, b"a library's warning")
        print("the cell's line")  # noqa: T201
    os.write(2, b"after")
    heard = capfd.readouterr()
    assert heard.err == "before after"
    assert heard.out == ""


def test_descriptors_come_back_after_an_error_and_may_be_closed() -> None:
    descriptors = Path("/proc/self/fd")
    opened = len(list(descriptors.iterdir())) if descriptors.exists() else 0
    with pytest.raises(KeyboardInterrupt), descriptors_dropped(2):
        raise KeyboardInterrupt
    if opened:
        assert len(list(descriptors.iterdir())) == opened
    with descriptors_dropped(9_999):  # there is none
        pass
