"""How a sweep reads: the answer first, in text, in HTML and as Markdown."""

from __future__ import annotations

import base64
import re

import pytest

from dlmagic.display.parts import LIMIT
from dlmagic.magics.bench.result import BenchResult
from tests.display.reading import EXTRAS, dropped, sanitised, visible, words
from tests.magics.bench.sweep.examples import EXAMPLES, compared, crossing, everywhere, sweep


def text(name: str) -> str:
    return " ".join(repr(EXAMPLES[name]).split())


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (
            "overtakes",
            (
                "compile overtakes eager at n ≈ 400 (256 to 1024): 2.00x slower at n = 64, 2.3x"
                " faster at n = 4096. Growth: eager n^2.00 (2.00 to 2.00), compile n^1.6"
            ),
        ),
        ("falls behind", "compile falls behind eager at n ≈ 660 (256 to 1024): 2.3x faster at n"),
        ("crosses twice", "compile and eager cross 2 times: at n ≈ 130 (64 to 256) and 510 (256"),
        ("faster", "compile is faster than eager for every n: 3.1x at n = 64, 3.1x at n = 256."),
        ("slower", "compile is slower than eager for every n: 2.00x at n = 64"),
        ("same", "No difference that matters between compile and eager for any n."),
        ("unclear", "Can't tell yet whether compile is faster than eager for any n; give it more"),
        (
            "mixed",
            "compile is faster than eager for n = 256: 3.1x; can't tell yet for n = 64.",
        ),
        ("one arm", "The cell takes 4.10 µs at n = 64 and 65.5 µs at n = 256 per call."),
        ("failed", "compile overtakes eager"),
        ("partial", "Partial result: stopped, so no times for n = 4096. compile overtakes"),
        (
            "differ",
            "The answers of compile differ from those of eager for n = 256: loss is 0.31, not",
        ),
        (
            "texts",
            (
                "compile is faster than eager for mode = '<b>': 2.0x;"
                " slower for mode = 'sum': 2.00x."
            ),
        ),
    ],
)
def test_the_answer_comes_first(name: str, answer: str) -> None:
    assert text(name).startswith(answer)


def test_other_arms_have_a_sentence_each() -> None:
    said = text("several")
    assert "script is slower than eager for every n" in said
    assert "No difference that matters between trace and eager for any n." in said


def test_many_arms_are_counted() -> None:
    arms = [compared(f"arm {k}", 1.1 + k) for k in range(6)]
    said = " ".join(repr(sweep(everywhere(*arms))).split())
    assert said.count("is faster than eager for every n") == 4
    assert "And 2 more arms; the table has them." in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("overtakes", "All answers agree for every n."),
        ("not compared", "Not all answers were compared: dropout."),
        ("overtakes", "Compiling, apart from these times, once for each n: compile 12 s."),
        ("overtakes", "200 rounds in 17 s"),
        ("failed", "failed: n = 2048 at line 3: `loss = model(images).sum()` – MemoryError: too"),
        ("an arm failed", "failed: compile at n = 256 at line 4:"),
        (
            "recompiled",
            "warning: compile at n = 64 and 256: Recompiled 7 times while it was measured.",
        ),
        ("an arm skipped", "skipped: cudagraph – there is no NVIDIA GPU"),
    ],
)
def test_what_else_is_said(name: str, said: str) -> None:
    assert said in text(name)


def test_the_table_has_a_row_for_every_value() -> None:
    lines = repr(EXAMPLES["failed"]).splitlines()
    rows = {line.split()[0]: line for line in lines if line[:1].isdigit()}
    assert re.search(r"64 +4\.1 µs +8\.2 µs, 2\.0+x slower", rows["64"])
    assert re.search(r"4096 +16\.8 ms +7\.3 ms, 2\.3x faster", rows["4096"])
    assert re.search(r"2048 +failed +failed", rows["2048"])


def test_what_else_was_measured_has_tables_of_its_own() -> None:
    said = repr(EXAMPLES["memory"])
    assert re.search(r"Peak memory, for each n\nn +eager +compile\n─+\n64 +64 MB +5 B\n256", said)
    assert re.search(r"FLOPs per call, for each n\nn +eager +compile\n─+\n64 +64,000 +–\n", said)
    assert "Peak memory" not in repr(EXAMPLES["overtakes"])


def test_a_finding_of_all_values_is_said_once() -> None:
    said = text("largest")
    assert said.count("warning:") <= 8
    assert "more findings" in said


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_and_html_say_the_same(name: str) -> None:
    page = EXAMPLES[name]._repr_html_form()
    shown = words(visible(page))
    for word in words(repr(EXAMPLES[name])):
        assert word in shown or name == "largest"
    assert words(visible(sanitised(page))) == shown
    assert dropped(page) == EXTRAS


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_small_and_escaped(name: str) -> None:
    page = EXAMPLES[name]._repr_html_form()
    assert len(page.encode()) <= LIMIT
    assert "<script" not in page
    assert "<b>" not in page
    assert "too <large>" not in page


def svg(result: BenchResult) -> str:
    found = re.search(r"base64,([^\"]+)", result._repr_html_form())
    assert found
    return base64.b64decode(found[1]).decode()


def test_twelve_values_of_eight_arms_keep_their_picture() -> None:
    picture = svg(EXAMPLES["largest"])
    assert picture.count('class="line ') == 8
    assert picture.count("<circle") == 12 * 8


@pytest.mark.parametrize("name", ["texts"])
def test_texts_have_no_curves(name: str) -> None:
    assert "<img" not in EXAMPLES[name]._repr_html_form()


def test_markdown_has_the_same_table() -> None:
    markdown = EXAMPLES["overtakes"].to_markdown()
    assert "| n | eager | compile |" in markdown
    assert markdown.startswith("**compile overtakes eager at n ≈ 400**")


def test_a_data_frame_has_a_row_for_every_value_and_arm() -> None:
    pytest.importorskip("pandas")
    frame = EXAMPLES["failed"].to_dataframe()
    assert len(frame) == 2 * 4 + 1
    assert frame.loc[(256, "compile"), "speedup"] == 0.8
    assert frame.loc[(2048, ""), "reason"] == "MemoryError: too <large>"
    names = EXAMPLES["texts"].to_dataframe().index.get_level_values("value")
    assert list(names) == ["'sum'"] * 2 + ["'<b>'"] * 2


def test_the_plot_has_a_curve_for_every_arm() -> None:
    pytest.importorskip("matplotlib").use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    axes = EXAMPLES["overtakes"].plot()
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["eager", "compile"]
    [line, *_] = axes.get_lines()
    assert list(line.get_xdata()) == [64, 256, 1024, 4096]
    other = pyplot.subplots()[1]
    assert EXAMPLES["texts"].plot(other) is other
    pyplot.close("all")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_result_survives_json(name: str) -> None:
    assert BenchResult.from_json(EXAMPLES[name].to_json()) == EXAMPLES[name]


def test_a_sweep_without_any_time_says_so() -> None:
    said = repr(sweep([]))
    assert said.startswith("Nothing was timed.")
    assert crossing()
