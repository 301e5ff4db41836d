"""The remarks of all values, each once."""

from __future__ import annotations

from dataclasses import replace

from dlmagic.finding import Finding
from dlmagic.magics.bench.sweep.notes import findings_together, notes_together

SHORT = "Only 3 rounds fitted into 0.5 s; a surer answer needs about {0} s (--time {0})."


def test_what_all_values_say_alike_is_said_once() -> None:
    assert notes_together("n", [("1", ("so",)), ("2", ("so",))]) == ("so",)


def test_what_some_say_is_said_with_their_values() -> None:
    notes = [("1", ("so",)), ("2", ()), ("3", ("so", "and so"))]
    assert notes_together("n", notes) == ("n = 1 and 3: so", "n = 3: and so")


def test_of_several_times_to_give_the_longest_is_advised() -> None:
    notes = [("1", (SHORT.format(9),)), ("2", (SHORT.format(120),)), ("3", (SHORT.format(60),))]
    assert notes_together("n", notes) == (f"n = 1, 2 and 3: {SHORT.format(120)}",)


def test_two_kinds_of_advice_on_time_are_one() -> None:
    none = "Too little time: at least 9 s needed; a surer answer needs about 90 s (--time 90)."
    notes = [("1", (SHORT.format(9), "so")), ("2", (none,)), ("3", (none,))]
    assert notes_together("n", notes) == ("n = 1: so", f"n = 2 and 3: {none}")


def test_findings_that_differ_in_numbers_are_one() -> None:
    first, second = (
        Finding("noise", "warning", f"Others kept {busy} of 2 cores busy.") for busy in (1.3, 1.6)
    )
    elsewhere = replace(first, line=3)
    assert findings_together([first, second, elsewhere]) == (second, elsewhere)


def test_nothing_to_say() -> None:
    assert notes_together("n", [("1", ()), ("2", ())]) == ()
