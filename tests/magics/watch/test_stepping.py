"""When a step has ended, from what optimisers do."""

from __future__ import annotations

from dlmagic.magics.watch.stepping import Stepping


def told(events):
    """Steps that had ended after each event: a letter is an optimiser's step, a dot a pass."""
    stepping, ended, found = Stepping(), 0, []
    for event in events:
        if event == ".":
            ended += stepping.passes()
        else:
            ended += stepping.closes(ord(event))
            stepping.begins(ord(event))
            ended += stepping.ends(ord(event))
        found.append(ended)
    assert stepping.steps in (ended, ended + 1)
    return found


def test_one_optimiser():
    assert told(".a.a.a") == [0, 1, 1, 2, 2, 3]


def test_one_optimiser_without_passes():
    assert told("aaa") == [1, 2, 3]


def test_passes_that_come_to_nothing():
    assert told("...a..a") == [0, 0, 0, 1, 1, 1, 2]


def test_two_optimisers_share_a_step_from_the_second_on_to_its_end():
    assert told(".ab.ab.ab") == [0, 1, 1, 1, 1, 2, 2, 2, 3]


def test_two_optimisers_with_a_pass_between_are_two_steps():
    assert told(".a.b.a.b") == [0, 1, 1, 2, 2, 3, 3, 4]


def test_an_optimiser_that_stays_away_is_not_waited_for_twice():
    assert told(".ab.ab.a.a.a")[-4:] == [3, 4, 4, 5] or told(".ab.ab.a.a.a")[-1] == 5
