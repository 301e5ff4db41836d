"""What a reader sees of every kind of benchmark, compared with the texts in ``snapshots/``.

After a change that is meant, write them anew and read the difference::

    python -m tests.magics.bench.test_view
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dlmagic.display import html, text
from dlmagic.display.parts import Picture, Sentence
from dlmagic.magics.bench import table, view
from tests.display.reading import EXTRAS, dropped, sanitised, visible, words
from tests.magics.bench.examples import (
    EXAMPLES,
    HINT,
    RECOMPILED,
    arm,
    failed,
    faster,
    largest,
    reference,
    result,
    slower,
    unclear,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"
TOLD_IN_FULL = sorted(set(EXAMPLES) - {"largest"})


def snapshot(name: str) -> Path:
    return SNAPSHOTS / f"{name.replace(' ', '_')}.txt"


def first_line(*arms: object, **more: object) -> str:
    shown = view.document(result(*arms, **more)).parts[0]  # type: ignore[arg-type]
    assert isinstance(shown, Sentence)
    return "".join(span.text for span in shown.spans)


def picture(name: str) -> Picture | None:
    parts = view.document(EXAMPLES[name]).parts
    return next((part for part in parts if isinstance(part, Picture)), None)


@pytest.mark.parametrize("name", TOLD_IN_FULL)
def test_the_text_reads_as_it_did(name: str) -> None:
    assert f"{EXAMPLES[name]!r}\n" == snapshot(name).read_text("utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {path.name for path in SNAPSHOTS.iterdir()} == {snapshot(n).name for n in TOLD_IN_FULL}


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_and_html_say_the_same_and_a_sanitiser_takes_nothing_away(name: str) -> None:
    document = view.document(EXAMPLES[name])
    page = html.render(document)
    assert words(visible(page)) == words(text.render(document, width=1000))
    assert words(visible(sanitised(page))) == words(visible(page))
    assert dropped(page) == (EXTRAS if "<table" in page else {"style"})


@pytest.mark.parametrize("name", EXAMPLES)
def test_lines_fit_a_terminal_and_pages_a_notebook(name: str) -> None:
    assert max(map(len, repr(EXAMPLES[name]).splitlines())) <= 80
    assert len(EXAMPLES[name]._repr_mimebundle_()["text/html"].encode()) <= 50_000


def test_the_largest_benchmark_says_what_it_leaves_out() -> None:
    page = visible(html.render(view.document(EXAMPLES["largest"])))
    assert "And 22 more findings" in page
    assert "And 14 more notes" in page
    many = replace(largest(), arms=tuple(faster(f"arm {k}") for k in range(60)))
    assert f"{table.MOST_ROWS} of 60 arms are shown" in repr(many)
    assert "left out" not in page
    assert "xxx 3/compile:mode-7" in page.replace("…", "xxx ")  # the end of a long name stays
    drawing = picture("largest")
    assert drawing is not None
    assert "of 3,600 dots drawn" in drawing.svg
    assert "the 12 best of 31" in drawing.svg


def test_the_picture_travels_as_data_with_words_of_its_own() -> None:
    page = html.render(view.document(EXAMPLES["several"]))
    data, alt = re.findall(
        r'<img[^>]*src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page
    )[0]
    svg = base64.b64decode(data).decode()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert alt.endswith("script 0.50x.")
    assert "compile 3.1x" in alt


@pytest.mark.parametrize("name", ["all failed", "partial without a round", "one round"])
def test_there_is_no_picture_of_nothing(name: str) -> None:
    assert picture(name) is None


def test_the_picture_of_one_arm_shows_its_times() -> None:
    drawing = picture("one arm")
    assert drawing is not None
    assert "time per call; left is faster" in drawing.svg
    assert " ms" in drawing.svg


def test_the_promised_sentence() -> None:
    assert first_line(reference(), faster()) == (
        "compile is 3.1x faster than eager (2.8 to 3.3), costs 12 s once, pays off after"
        " 9,400 calls; answers agree to 2e-7."
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"compile_seconds": 0.01}, "than eager (2.8 to 3.3); answers agree to 2e-7."),
        ({"compile_seconds": None}, "than eager (2.8 to 3.3); answers agree to 2e-7."),
        ({"break_even_calls": 1}, "costs 12 s once, pays off after 1 call;"),
        ({"break_even_calls": None}, "(2.8 to 3.3), costs 12 s once; answers"),
        ({"break_even_interval": (9120, 9830)}, "pays off after 9,400 calls (9,100 to 9,800);"),
        ({"break_even_interval": (9380, 9390)}, "pays off after 9,400 calls;"),
        (
            {"break_even_calls": None, "break_even_interval": (9120, None)},
            "costs 12 s once and perhaps never pays off, not before 9,100 calls; answers",
        ),
        ({"break_even_calls": 12_345_678}, "pays off after 12 million calls;"),
        ({"speedup_interval": None}, "compile is 3.10x faster than eager, costs"),
        ({"max_error": 0.0}, "; answers agree exactly."),
        ({"max_error": None}, "; answers agree."),
        ({"agrees": None, "agreement": ""}, "; answers not compared."),
        ({"agrees": None, "agreement": "not compared"}, "; answers not compared."),
        ({"agrees": None, "agreement": "--no-check"}, "; answers not compared: --no-check."),
    ],
)
def test_the_sentence_says_only_what_is_known(more: dict[str, object], words: str) -> None:
    assert words in first_line(reference(), faster(**more))


def test_all_answers_are_claimed_only_when_all_were_compared() -> None:
    both = first_line(reference(), faster(), slower(max_error=3e-6))
    assert both.endswith("all answers agree to 3e-6.")
    assert first_line(reference(), faster(), slower(agrees=None)).endswith(
        "; answers agree to 2e-7."
    )


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ({"seconds": 1.0}, "--time 30;"),  # two arms of 3 s, four times
        ({"seconds": 36.0}, "--time 120;"),  # most of the time went between the rounds
        ({"seconds": 36.0, "notes": ("A surer answer needs --time 20.",)}, "--time 20;"),
    ],
)
def test_advice_on_time_follows_from_what_was_spent(more: dict[str, object], advice: str) -> None:
    slow = {"samples": (0.5,) * 6, "calls": 1, "median": 0.5}
    assert advice in first_line(reference(**slow), unclear(**slow), **more)


def test_answers_that_differ_come_before_any_speed() -> None:
    alert, headline = view.document(EXAMPLES["differ"]).parts[:2]
    assert isinstance(alert, Sentence)
    assert isinstance(headline, Sentence)
    assert (alert.role, headline.role) == ("alert", "answer")


def test_many_answers_that_differ_do_not_push_the_answer_away() -> None:
    arms = [faster(f"mode{k}", agrees=False, agreement="x is wrong") for k in range(20)]
    roles = [part.role for part in view.document(result(reference(), *arms)).parts[:6]]  # type: ignore[union-attr]
    assert roles == ["alert"] * 5 + ["answer"]
    assert "The answers of 16 more differ, too" in repr(result(reference(), *arms))


def test_one_failure_is_named_with_the_users_line() -> None:
    assert first_line(failed("eager")) == "Nothing was timed: eager failed."
    assert "failed: eager at line 4: `if loss.item() > 0:` – NotSupported" in repr(
        result(failed("eager"))
    )
    assert "failed: eager at line 99 – no reason is known" in repr(
        result(failed("eager", reason="", line=99))
    )


@pytest.mark.parametrize("name", ["<b>bold</b>", "</table>", "\x1b[31m", "| --- |", "[red]"])
def test_the_name_of_an_alternative_is_only_a_name(name: str) -> None:
    named = result(reference(name), faster(f"{name}2"), reference=name)
    page = html.render(view.document(named))
    assert dropped(page) == EXTRAS
    assert words(visible(page)) == words(text.render(view.document(named), width=1000))


def test_an_arm_without_a_verdict_is_not_called_faster() -> None:
    odd = result(reference(), arm("compile", speedup=2.0))
    assert "Can't tell yet" in repr(odd)


def test_a_finding_of_an_arm_says_of_which() -> None:
    told = result(reference(findings=(HINT,)), faster(findings=(RECOMPILED, HINT)))
    assert "warning: line 3: `loss = model(images).sum()` – compile was compiled" in repr(told)
    assert "hint: eager: line 4 – loss.item() waits" in repr(told)
    assert "hint: compile: line 4 – loss.item() waits" in repr(told)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_numbers_that_are_not_there_are_left_out(odd: float) -> None:
    ends = {"interval": (odd, odd), "speedup_interval": (odd, odd)}
    broken = faster(speedup=odd, break_even_calls=None, **ends)
    shown = repr(result(reference(interval=(odd, odd)), broken))
    assert shown.startswith("compile takes 499 µs per call, costs 12 s once.")
    assert not {"nan", "inf", "unknown"} & set(words(shown))
    assert "could not be shown" not in shown


if __name__ == "__main__":
    for each in TOLD_IN_FULL:
        snapshot(each).write_text(f"{EXAMPLES[each]!r}\n", "utf-8")
