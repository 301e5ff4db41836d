"""Which rank is named when several have ended, from what each of them told."""

from __future__ import annotations

from typing import Any

import pytest

from dlmagic.cluster.blame import Blame, Ended
from dlmagic.errors import ModeError, RankError

HOSTS = ("a", "b", "c")
DIED = Ended("died", "EngineError")
FAILED = Ended("raised", "ValueError", "no such thing", traceback="its own")
WAITED = Ended("raised", "RuntimeError", "Connection closed by peer", waited=True)
HUNG = Ended("interrupted", "KeyboardInterrupt", traceback="time.sleep")
WAITING = Ended("interrupted", "KeyboardInterrupt", waited=True)


@pytest.mark.parametrize(
    ("ended", "stuck", "late", "rank", "said"),
    [
        ({0: WAITED, 1: DIED, 2: WAITED}, {}, None, 1, "Rank 1 of 3 on b ended while it worked."),
        ({0: WAITED, 2: FAILED}, {}, None, 2, "Rank 2 of 3 on c failed: ValueError: no such thing"),
        ({0: WAITED, 1: WAITING}, {}, None, 0, "Rank 0 of 3 on a failed: RuntimeError: Connection"),
        ({0: WAITING, 1: HUNG, 2: WAITING}, {}, 5.0, 1, "Rank 1 of 3 on b did not finish within 5"),
        ({0: WAITED, 2: WAITED}, {1: ""}, 5.0, 1, "its process is stopped or cut off"),
        ({0: WAITING}, {1: "deep in C++", 2: ""}, 5.0, 2, "its process is stopped or cut off"),
        ({0: HUNG, 1: WAITING, 2: HUNG}, {}, 5.0, 0, "Rank 0 of 3 on a did not finish"),
    ],
)
def test_the_likeliest_cause_is_named(
    ended: dict[int, Ended], stuck: dict[int, str], late: float | None, rank: int, said: str
) -> None:
    error = Blame(HOSTS, ended, stuck, late).error()
    assert isinstance(error, RankError)
    assert (error.rank, error.host) == (rank, HOSTS[rank])
    assert said in str(error)


def test_a_rank_that_an_error_names_is_blamed_and_not_the_one_that_noticed() -> None:
    noticed = Ended("raised", "RankError", "Rank 2 has not come", culprit=2)
    error = Blame(HOSTS, {0: noticed, 1: WAITING, 2: HUNG}, {}, None).error()
    assert isinstance(error, RankError)
    assert error.rank == 2
    assert error.traceback == "time.sleep"


def test_a_slip_of_the_users_stays_what_it_is() -> None:
    told: dict[str, Any] = {
        "kind": "ModeError",
        "message": "There is no mode fast.",
        "hint": "Did you mean trace?",
        "slip": True,
        "waited": False,
        "traceback": "",
        "rank": None,
    }
    error = Blame(HOSTS, {0: Ended.told(told), 1: WAITING}, {}, None).error()
    assert type(error) is ModeError
    assert str(error) == "There is no mode fast. Did you mean trace?"


def test_ipython_shows_the_line_and_below_it_the_engines_own_traceback() -> None:
    error = Blame(HOSTS, {1: FAILED}, {}, None).error()
    assert isinstance(error, RankError)
    assert error._render_traceback_() == [
        "RankError: Rank 1 of 3 on b failed: ValueError: no such thing",
        "its own",
    ]
