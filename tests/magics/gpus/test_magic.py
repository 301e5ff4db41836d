"""``%gpus`` in a shell."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.gpus.magic import ACTIONS, ARGUMENTS
from dlmagic.magics.gpus.result import GpuReport
from dlmagic.shell.completion import offer_for_line
from tests.devices.double.boards import Board


def test_the_report_is_the_value(loaded: InteractiveShell, machine) -> None:
    machine(Board())
    found = loaded.run_line_magic("gpus", "")
    assert isinstance(found, GpuReport)
    assert found.gpus[0].free


def test_it_is_stored_and_silent_on_request(loaded: InteractiveShell, machine) -> None:
    machine(Board())
    assert loaded.run_line_magic("gpus", "-q -o found") is None
    assert len(loaded.user_ns["found"].gpus) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pick 0", r"%gpus pick takes a number of GPUs, 1 or more, not '0'\."),
        ("pick -1", "takes a number of GPUs"),
        ("pick two", "takes a number of GPUs"),
        ("pick --min-free 8 bananas", r"--min-free takes a size .*, such as 8GB .*, not '8'\."),
        ("pick --min-free '8 bananas'", "--min-free takes a size .* not '8 bananas'"),
        ("pick --wait 2", r"--wait takes a time with its unit, .* not '2'\."),
        ("pick --wait", "--wait needs a value: --wait TIME"),
        ("pick --max-util 200", r"--max-util takes a percentage from 0 to 100, not '200'\."),
        ("pick --as uid", "Did you mean uuid"),
        ("pick 2 3", "no use for '3'"),
        ("pikc", "no action pikc. Did you mean pick"),
        ("2", "no action 2. Did you mean %gpus pick 2"),
        ("everything", "Choose from: pick, release, live, check"),
        ("--min-fee 8GB", "Did you mean --min-free"),
        ("--min-free 8GB", "--min-free is for %gpus pick"),
        ("release --wait 2m", "--wait is for %gpus pick"),
        ("check --as uuid", "--as is for %gpus pick"),
        ("pick --every 2s", "--every is for %gpus live"),
        ("release 3", "%gpus release has no use for '3'"),
        ("live torch", "%gpus live has no use for 'torch'"),
    ],
)
def test_slips_get_one_line(loaded: InteractiveShell, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        loaded.run_line_magic("gpus", line)
    assert "\n" not in str(raised.value)


def test_actions_and_what_they_take_complete(loaded: InteractiveShell) -> None:
    assert set(ACTIONS) <= set(offer_for_line(loaded, "%gpus ").texts)
    assert offer_for_line(loaded, "%gpus re").texts == ("release",)
    assert offer_for_line(loaded, "%gpus check t").texts == ("torch", "tensorflow")
    assert offer_for_line(loaded, "%gpus live ").texts[0] == "stop"
    assert offer_for_line(loaded, "%gpus pick --as ").texts == ("index", "uuid")
    assert offer_for_line(loaded, "%gpus pick 2 --mi").texts == ("--min-free",)
    assert not {*ARGUMENTS["check"], *ACTIONS} & set(offer_for_line(loaded, "%gpus pick ").texts)
    assert offer_for_line(loaded, "%gpus check torch x").texts == ()


def test_help_shows_two_examples(loaded: InteractiveShell, capsys) -> None:
    assert loaded.run_line_magic("gpus", "-h") is None
    shown = capsys.readouterr().out
    for text in (*ACTIONS, "--min-free SIZE", "%gpus pick 2 --min-free 8GB --wait 10m"):
        assert text in shown.replace("<", "").replace(">", "")
