"""What a reader sees of a comparison with an earlier benchmark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmagic.display import html, text
from dlmagic.display.parts import Sentence
from dlmagic.magics.bench import view
from dlmagic.magics.bench.baseline_result import Baseline, BaselineArm
from dlmagic.magics.bench.baseline_view import baseline_answer
from dlmagic.magics.bench.result import BenchResult
from tests.display.reading import sanitised, visible, words
from tests.magics.bench.examples import faster, reference, result


def compared(name: str = "eager", **more: Any) -> BaselineArm:
    known: dict[str, Any] = {
        "against": name,
        "saved_median": 1.4e-3,
        "speedup": 0.89,
        "interval": (0.82, 0.97),
        "verdict": "slower",
        "level": 1.02,
    }
    return BaselineArm(name=name, **(known | more))


def benchmark(*arms: BaselineArm, **more: Any) -> BenchResult:
    known: dict[str, Any] = {
        "file": "base.json",
        "created": "2026-11-20T10:00:00+00:00",
        "level": 1.02,
        "level_source": "yardstick",
    }
    return result(reference(), faster(), baseline=Baseline(arms=arms, **(known | more)))


def said(shown: BenchResult) -> list[str]:
    return ["".join(span.text for span in part.spans) for part in baseline_answer(shown)]


EXAMPLES = {
    "slower": benchmark(compared()),
    "other machine": benchmark(
        compared(),
        conditions="The baseline was made with torch 2.12 and 8 threads; here torch 2.13 and 2.",
        inputs=("x has shape (64, 64) here, and had (32, 64).",),
    ),
    "side by side": benchmark(
        compared("eager", same_code=True, verdict="unclear", interval=(0.8, 1.2)),
        compared("compile", against="eager", side_by_side=True, verdict="faster", speedup=3.1,
                 interval=(2.8, 3.3), level=1.0),
        level_source="re-run", level_arms=("eager",), level=1.13,
    ),
    "unknown level": benchmark(
        compared(verdict="unclear", level=None), level=None, level_source="unknown"
    ),
    "hostile": benchmark(
        compared("<script>alert(1)</script>", against="a\u202eb" * 40),
        file="<b>x</b>.json", created="", inputs=("<i> holds other values than then.",) * 5,
        conditions="The baseline was made with <u>8</u> threads; here 2.",
    ),
    "nothing timed": benchmark(),
    "many": benchmark(*(compared(f"arm {k}") for k in range(60))),
}  # fmt: skip


@pytest.mark.parametrize(
    ("arm", "sentence"),
    [
        (
            compared(),
            (
                "eager is 1.12x slower than its baseline of 2026-11-20 (1.03 to 1.22), "
                "not measured side by side."
            ),
        ),
        (
            compared(verdict="faster", speedup=1.3, interval=(1.2, 1.4)),
            (
                "eager is 1.3x faster than its baseline of 2026-11-20 (1.2 to 1.4), "
                "not measured side by side."
            ),
        ),
        (
            compared(verdict="same", speedup=1.0, interval=(0.99, 1.01)),
            (
                "eager is as fast as its baseline of 2026-11-20: within 2 %, "
                "not measured side by side."
            ),
        ),
        (
            compared(verdict="unclear", speedup=1.1, interval=(0.9, 1.3)),
            (
                "Can't tell whether eager is faster than its baseline of 2026-11-20: 0.9x to 1.3x, "
                "not measured side by side."
            ),
        ),
        (
            compared(verdict="unclear", interval=None),
            (
                "Can't tell whether eager is faster than its baseline of 2026-11-20, "
                "not measured side by side."
            ),
        ),
        (
            compared("new", against="eager", side_by_side=True),
            (
                "new is 1.12x slower than the baseline eager of 2026-11-20 (1.03 to 1.22), "
                "measured side by side."
            ),
        ),
        (
            compared(same_code=True, verdict="unclear", speedup=1.0, interval=(0.9, 1.1)),
            (
                "eager has not changed that one could tell since its baseline of 2026-11-20: "
                "0.9x to 1.1x as fast; code and inputs are the same."
            ),
        ),
        (
            compared(same_code=True, verdict="same", speedup=1.0, interval=(0.99, 1.01)),
            (
                "eager takes what its baseline of 2026-11-20 took, within 2 %; "
                "code and inputs are the same."
            ),
        ),
        (
            compared(same_code=True, verdict="slower"),
            (
                "eager is 1.12x slower than its baseline of 2026-11-20 (1.03 to 1.22), "
                "not measured side by side, though code and inputs are the same."
            ),
        ),
    ],
)
def test_one_sentence_answers(arm: BaselineArm, sentence: str) -> None:
    assert said(benchmark(arm)) == [sentence]


def test_what_is_different_about_the_machine_is_said_first() -> None:
    first, second = said(EXAMPLES["other machine"])
    assert first.startswith("The baseline was made with torch 2.12")
    assert second.startswith("eager is 1.12x slower")
    assert baseline_answer(EXAMPLES["other machine"])[0].role == "alert"


def test_the_arm_that_changed_most_is_spoken_of() -> None:
    arms = (compared(verdict="same"), compared("compile", speedup=0.5, interval=(0.4, 0.6)))
    assert said(benchmark(*arms))[0].startswith("compile is 2.0x slower")


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_and_html_say_the_same_in_the_space_that_there_is(name: str) -> None:
    document = view.document(EXAMPLES[name])
    page = html.render(document)
    assert words(visible(page)) == words(text.render(document, width=1000))
    assert words(visible(sanitised(page))) == words(visible(page))
    assert max(map(len, repr(EXAMPLES[name]).splitlines())) <= 80
    assert len(page.encode()) <= 50_000
    assert "<script>" not in page


def test_the_table_says_how_each_was_compared() -> None:
    shown = " ".join(repr(EXAMPLES["side by side"]).split())
    assert "Compared with base.json of 2026-11-20" in shown
    assert "same code, run again" in shown
    assert "Two runs of the baseline's own code (eager) lie up to 13 % apart." in shown
    assert "not side by side" in repr(EXAMPLES["slower"])


def test_what_is_not_known_is_said() -> None:
    shown = " ".join(repr(EXAMPLES["unknown level"]).split())
    assert "is not known, so nothing can be told for sure; --save FILE" in shown


def test_without_a_baseline_nothing_is_said() -> None:
    plain = replace(EXAMPLES["slower"], baseline=None)
    assert baseline_answer(plain) == []
    assert "baseline" not in repr(plain)


def test_markdown_has_it_too() -> None:
    assert "**eager is 1.12x slower** than its baseline" in EXAMPLES["slower"].to_markdown()
    assert isinstance(view.document(EXAMPLES["slower"]).parts[0], Sentence)
