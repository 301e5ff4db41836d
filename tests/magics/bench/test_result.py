from __future__ import annotations

import math
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dlmagic.errors import MissingPackageError
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.result import BenchResult
from tests.magics.bench.examples import EXAMPLES, arm, faster, reference, result

SEVERAL = EXAMPLES["several"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_benchmark_can_be_saved_and_sent(name: str) -> None:
    example = EXAMPLES[name]
    assert BenchResult.from_json(example.to_json()) == example
    assert pickle.loads(pickle.dumps(example)) == example


def test_an_arm_is_found_by_its_mode() -> None:
    assert SEVERAL["compile:max-autotune"].verdict == "unclear"
    assert SEVERAL["eager"] is SEVERAL.reference_arm()


def test_with_alternatives_an_arm_is_found_by_both_names() -> None:
    blocks = EXAMPLES["blocks"]
    assert blocks["bmm/compile"].block == "bmm"
    with pytest.raises(KeyError, match=r"has no arm 'bmm'\. Did you mean bmm/eager\?"):
        blocks["bmm"]


@pytest.mark.parametrize("key", ["bmm", "bmm/plain", "the name"])
def test_one_mode_per_alternative_needs_no_mode(key: str) -> None:
    found = result(Arm(name="the name", mode="plain", block="bmm"), Arm(name="x", block="y"))[key]
    assert found.name == "the name"


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"has no arm 'compil'\. Did you mean compile\?"):
        SEVERAL["compil"]


def test_a_speedup_per_round_pairs_the_rounds() -> None:
    pair = result(reference(samples=(2.0, 3.0, 4.0, 5.0)), faster(samples=(1.0, 3.0, 0.0)))
    assert pair.round_speedups(pair["compile"]) == (2.0, 1.0)
    assert result(faster()).round_speedups(faster()) == ()


def test_samples_do_not_flood_the_repr_of_an_arm() -> None:
    assert len(repr(arm("eager", rounds=300))) < 700


def test_a_dataframe_has_a_row_per_arm() -> None:
    frame = SEVERAL.to_dataframe()
    assert list(frame.index) == [each.name for each in SEVERAL.arms]
    assert frame.loc["compile", "median"] == SEVERAL["compile"].median
    assert (frame.loc["compile", "speedup_low"], frame.loc["compile", "speedup_high"]) == (
        SEVERAL["compile"].speedup_interval
    )
    assert math.isnan(frame.loc["trace", "median_low"])


def test_markdown_has_the_answer_and_the_table() -> None:
    text = SEVERAL.to_markdown()
    assert text.startswith("**compile is 3.1x faster** than eager (2.8 to 3.3), costs 12 s once")
    assert "| **compile** | 499 µs | 484 to 509 | **3.1x (2.8 to 3.3)** |" in text


@pytest.fixture
def headless() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.use("agg")
        yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.usefixtures("headless")
def test_a_plot_shows_every_round() -> None:
    axes = SEVERAL.plot()
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["script", "compile"]
    assert axes.get_xlabel() == "times as fast as eager"
    assert max(len(line.get_xdata()) for line in axes.lines) == 50
    assert EXAMPLES["one arm"].plot(axes) is axes
    assert axes.get_xlabel() == "seconds per call"


@pytest.mark.parametrize(
    ("method", "package"), [("to_dataframe", "pandas"), ("plot", "matplotlib")]
)
def test_a_missing_package_is_one_line_with_the_command(
    method: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Absent:
        """Finds nothing under the name of the package, as on a machine without it."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(MissingPackageError, match=f"pip install {package}"):
        getattr(SEVERAL, method)()
