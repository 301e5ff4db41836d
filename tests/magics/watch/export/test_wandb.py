"""A real run of wandb that keeps all on this machine, read back from its file."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb

from dlmagic.errors import InputError
from dlmagic.magics.watch.export.exporter import exporter
from dlmagic.magics.watch.export.numbers import STEP
from dlmagic.magics.watch.export.wandb_run import WAITING
from tests.magics.watch.export.samples import ROWS, sample, values_of
from tests.magics.watch.export.wandb_files import axes, history

NORM = "dlmagic-gradient-norm/0.linear.weight"
HISTOGRAM = "dlmagic-gradient/0.linear.weight"
ROW = 2
MISSING = """
import importlib.util, sys
from dlmagic.magics.watch.export.exporter import exporter
find = importlib.util.find_spec
import dlmagic.magics.watch.export.wandb_run as asked
asked.find_spec = lambda name: None if sys.argv[1] == "missing" else find(name)
try:
    exporter("wandb")
except Exception as error:
    print(type(error).__name__, error, "wandb" in sys.modules)
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """A run that is open."""
    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True)
    found = wandb.init(mode="offline", dir=str(tmp_path), project="tests", settings=settings)
    yield found
    found.finish()


def steps_in(rows: list[dict[str, Any]]) -> list[int | None]:
    return [row.get(STEP) for row in rows]


def test_numbers_go_with_the_users_own_calls(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    for step in (1, 11, 21):
        writing.write(sample(step))
        run.log({"loss": 1 / step})
    writing.close()
    run.finish()
    rows = history(tmp_path)
    assert steps_in(rows) == [1, 11, 21]
    assert [row["loss"] for row in rows] == [1 / step for step in (1, 11, 21)]
    for row, step in zip(rows, (1, 11, 21), strict=True):
        assert row[NORM] == pytest.approx(sample(step).column("norm")[ROW])
    assert writing.notes() == ()


def test_histograms_are_read_back(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    writing.write(sample(5))
    writing.close()
    run.finish()
    found, values = history(tmp_path)[0][HISTOGRAM], values_of(ROWS, 5)[ROW]
    assert found["_type"] == "histogram"
    assert sum(found["values"]) == len(values)
    for count, low, high in zip(found["values"], found["bins"], found["bins"][1:], strict=False):
        assert ((values >= low) & (values < high)).sum() == count


def test_they_have_an_axis_of_their_own(run: Any, tmp_path: Path) -> None:
    exporter("wandb").write(sample(1))
    run.finish()
    assert axes(tmp_path)["dlmagic*"] == STEP


@pytest.mark.parametrize("first", [0, 1, 100])
def test_a_user_who_logs_with_step_loses_nothing(run: Any, tmp_path: Path, first: int) -> None:
    """Several samples come between two calls, as where a user logs each epoch."""
    writing = exporter("wandb")
    for epoch in range(4):
        for part in range(3):
            writing.write(sample(10 * epoch + part + 1))
        run.log({"accuracy": epoch}, step=first + epoch)
    writing.close()
    run.finish()
    rows = history(tmp_path)
    assert [row["accuracy"] for row in rows if "accuracy" in row] == [0, 1, 2, 3]
    measured = [step for step in steps_in(rows) if step is not None]
    assert measured == sorted(measured)
    assert len(measured) >= 4


def test_rows_that_a_user_leaves_open_stay_open(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    run.log({"first": 1}, commit=False)
    writing.write(sample(1))
    writing.write(sample(2))
    run.log({"second": 2})
    run.finish()
    (row,) = history(tmp_path)
    assert (row["first"], row["second"], row[STEP]) == (1, 2, 1)


def test_a_user_who_logs_nothing_gets_all_at_the_end(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    for step in range(1, 6):
        writing.write(sample(step))
    assert writing.notes() == (
        "wandb shows a sample with each wandb.log() of yours; there was none so far.",
    )
    writing.close()
    run.finish()
    assert steps_in(history(tmp_path)) == [1, 2, 3, 4, 5]
    assert writing.notes() == ()


def test_not_many_samples_wait(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    for step in range(1, 101):
        writing.write(sample(step))
    writing.close()
    run.finish()
    steps = [step for step in steps_in(history(tmp_path)) if step is not None]
    assert len(steps) <= WAITING + 2
    assert (steps[0], steps[-1]) == (1, 100)


def test_the_loss_stands_in_the_row(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    writing.write_loss(1, 0.75)
    writing.write(sample(1))
    writing.close()
    run.finish()
    assert history(tmp_path)[0]["dlmagic/loss"] == 0.75


def test_a_run_that_ends_meanwhile_becomes_one_note(run: Any, tmp_path: Path) -> None:
    writing = exporter("wandb")
    writing.write(sample(1))
    run.finish()
    for step in (2, 3):
        writing.write(sample(step))
    writing.close()
    assert writing.notes() == ("Nothing more is written to wandb: its run has ended.",)
    assert steps_in(history(tmp_path)) == [1]


def test_where_it_is_kept_is_told(run: Any, tmp_path: Path) -> None:
    command, _, folder = exporter("wandb").where.rpartition(" ")
    assert command == "wandb sync"
    assert list(Path(folder).glob("*.wandb"))


def test_without_a_run_one_line_says_what_to_do() -> None:
    with pytest.raises(InputError) as caught:
        exporter("wandb")
    said = str(caught.value)
    assert said.startswith("No run of wandb is open. Open one before: wandb.init()")
    assert "\n" not in said


def test_a_run_that_is_switched_off_takes_all(tmp_path: Path) -> None:
    with wandb.init(mode="disabled", dir=str(tmp_path)):
        writing = exporter("wandb")
        writing.write(sample(1))
        writing.close()
    assert writing.notes() == ()


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (
            "missing",
            "MissingPackageError --to wandb needs the package wandb, .*install wandb False",
        ),
        ("installed", "InputError No run of wandb is open. .* False"),
    ],
)
def test_wandb_is_not_imported_to_say_so(there: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MISSING, there],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[4],
    )
    assert re.fullmatch(said, done.stdout.strip())
