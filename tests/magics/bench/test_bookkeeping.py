"""``--save`` and ``--against`` from the cell to the file and back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError, ResultFormatError
from dlmagic.magics.bench import baseline_file
from dlmagic.magics.bench.bookkeeping import digest
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from tests.magics.bench.conftest import Bench

Names = dict[str, object]
CELL = "total = helper(n)\ntotal"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def notebook(namespace: Names) -> Names:
    """A helper that is defined in another cell."""
    define(namespace, "def helper(n):\n    return sum(k * k for k in range(n))\nn = 300")
    return namespace


def define(namespace: Names, code: str) -> None:
    exec(code, namespace)


def read(name: str = "base.json") -> BenchResult:
    return baseline_file.read(name)


# What a file is good for


@pytest.mark.alone
def test_a_helper_that_became_slower_is_found_by_the_same_cell(
    bench: Bench, notebook: Names
) -> None:
    """On Monday it is saved; then a helper is edited, and the same cell asks what became of it."""
    bench(CELL, save="base.json", seconds=1.0)
    define(notebook, "def helper(n):\n    return sum(k * k for k in range(n) for _ in range(20))")
    result = bench(CELL, against="base.json", seconds=1.0)
    found = result.baseline["python"]
    assert found.verdict == "slower"
    assert 0.01 < found.speedup < 0.5
    assert (found.side_by_side, found.same_code) == (False, False)
    assert result.baseline.inputs == (
        "The code of helper, or of what it uses, is not what it was.",
    )
    shown = " ".join(repr(result).split())
    assert re.search(r"python is [\d.]+x slower than its baseline of \d{4}-\d\d-\d\d", shown), shown
    assert "not measured side by side" in shown


@pytest.mark.alone
def test_nothing_that_changed_is_no_change(bench: Bench, notebook: Names) -> None:
    bench(CELL, save="base.json", seconds=1.0)
    result = bench(CELL, against="base.json", seconds=1.0)
    found = result.baseline["python"]
    assert found.same_code
    assert found.verdict in ("same", "unclear")
    assert result.baseline.level_source == "re-run"
    assert result.baseline.inputs == ()
    assert result.baseline.conditions == ""
    assert "code and inputs are the same" in " ".join(repr(result).split())


ALTERNATIVES = f"# --- old\n{CELL}\n# --- new\nhelper(n // 30)\n"


@pytest.mark.alone
def test_the_old_code_among_alternatives_is_run_side_by_side(bench: Bench, notebook: Names) -> None:
    bench(CELL, save="base.json", seconds=1.0)
    result = bench(ALTERNATIVES, against="base.json", seconds=1.0)
    assert result.baseline["old"].same_code
    new = result.baseline["new"]
    assert new.side_by_side
    assert new.against == "python"
    assert new.verdict == "faster"
    assert new.speedup == result["new"].speedup


def test_a_set_up_that_draws_other_numbers_is_the_same_set_up(
    bench: Bench, namespace: Names
) -> None:
    namespace["np"] = np
    cell = "x = np.random.rand(50)\n# --- one\nx + x\n# --- two\n2 * x\n"
    bench(cell, save="base.json")
    result = bench(cell, against="base.json")
    assert result.baseline.inputs == ()
    assert result.baseline["two"].same_code
    other = bench(cell.replace("50", "60"), against="base.json")
    assert other.baseline.inputs == ("x has shape (60,) here, and had (50,).",)
    assert not other.baseline["two"].same_code


def test_other_inputs_are_named(bench: Bench, namespace: Names) -> None:
    namespace.update(torch=torch, x=torch.ones(4, 4), y=torch.ones(4))
    bench("x @ y", save="base.json", modes=("eager",))
    namespace["x"] = torch.ones(8, 4)
    result = bench("x @ y", against="base.json", modes=("eager",))
    assert result.baseline.inputs == ("x has shape (8, 4) here, and had (4, 4).",)
    assert not result.baseline["eager"].same_code


def test_what_an_earlier_run_left_behind_is_no_input(bench: Bench, notebook: Names) -> None:
    bench(CELL, save="base.json")
    define(notebook, CELL)  # the cell was run without the magic, too
    assert bench(CELL, against="base.json").baseline.inputs == ()


def test_the_file_holds_the_result(bench: Bench, notebook: Names) -> None:
    result = bench(CELL, save="base.json")
    data = json.loads(Path("base.json").read_text("ascii"))
    assert data["format"] == "dlmagic.BenchResult"
    assert data["environment"]["python"]
    assert data["cell"] == CELL
    assert tuple(data["arms"][0]["samples"]) == result["python"].samples
    provenance = read().provenance
    assert provenance is not None
    assert provenance.arms["python"].code == digest(CELL)
    assert [(i.name, i.kind, i.text) for i in provenance.inputs] == [
        ("helper", "function", ""),
        ("n", "int", "300"),
    ]
    assert len(provenance.yardstick) == 2


def test_a_saved_result_without_description_is_compared_by_name(
    bench: Bench, notebook: Names
) -> None:
    Path("base.json").write_text(bench(CELL).to_json())
    result = bench(CELL, against="base.json")
    assert result.baseline["python"].verdict == "unclear"
    assert "--save FILE" in repr(result)


# What is never done


def test_saved_code_is_never_executed(bench: Bench, notebook: Names) -> None:
    notebook["ran"] = []
    bench("ran.append(1)", save="base.json")
    notebook["ran"] = spy = []
    bench("# --- python\nhelper(1)", against="base.json")
    assert spy == []


def test_another_cells_file_is_kept_and_nothing_runs(bench: Bench, notebook: Names) -> None:
    bench(CELL, save="base.json")
    before = Path("base.json").read_bytes()
    notebook["ran"] = []
    with pytest.raises(InputError, match=r"another cell\. Give --force"):
        bench("print('runs')\nran.append(1)", save="base.json")
    assert Path("base.json").read_bytes() == before
    bench("ran.append(1)", save="base.json", force=True)
    assert read().cell == "ran.append(1)"


def test_the_same_cells_file_is_replaced(bench: Bench, notebook: Names) -> None:
    bench(CELL, save="base.json")
    notebook["n"] = 10
    bench(CELL + "  \n\n", save="base.json")
    provenance = read().provenance
    assert provenance is not None
    assert provenance.inputs[1].text == "10"


@pytest.mark.parametrize("content", ["", "{}", "mine", '{"cells": []}'])
def test_a_file_of_something_else_is_kept(bench: Bench, notebook: Names, content: str) -> None:
    Path("base.json").write_text(content)
    with pytest.raises(InputError, match="--force") as caught:
        bench(CELL, save="base.json")
    assert Path("base.json").read_text() == content
    assert "\n" not in str(caught.value)
    bench(CELL, save="base.json", force=True)
    assert read()["python"].measured


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"against": "absent.json"}, InputError, "no such file"),
        ({"against": "."}, InputError, "is a folder"),
        ({"against": "foreign.json"}, ResultFormatError, "not a saved BenchResult"),
        ({"against": "half.json"}, ResultFormatError, "not strict JSON"),
        ({"against": "failed.json"}, InputError, "nothing in it could be timed"),
        ({"against": "other.json"}, InputError, "nothing in common"),
        ({"save": "absent/base.json"}, InputError, "no folder"),
        ({"save": "."}, InputError, "is a folder"),
        ({"force": True}, InputError, "--force is for --save"),
    ],
)
def test_slips_are_told_before_the_cell_runs(
    bench: Bench, notebook: Names, capsys: pytest.CaptureFixture[str], options, error, words: str
) -> None:
    Path("foreign.json").write_text("[]")
    saved = bench("# --- one\n1\n# --- two\n2", save="other.json")
    Path("half.json").write_text(Path("other.json").read_text()[:300])
    Path("failed.json").write_text(BenchResult(arms=(), cell="1").to_json())
    assert saved.rounds
    with pytest.raises(error, match=words) as caught:
        bench(f"print('runs')\n{CELL}", **options)
    assert "\n" not in str(caught.value)
    assert "runs" not in capsys.readouterr().out


def not_saved(result: BenchResult) -> str:
    """The message; a busy machine is a finding, too."""
    (message,) = [each.message for each in result.findings if each.kind == "not-saved"]
    return message


def test_a_partial_result_replaces_nothing(notebook: Names) -> None:
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if line.startswith("round 4"):
            raise KeyboardInterrupt

    request = Request(CellSource.from_text(CELL), notebook, seconds=5.0, save="base.json")
    result = bench_cell(request, Surroundings(StreamOutput(), tell))
    assert result.partial
    assert not Path("base.json").exists()
    message = not_saved(result)
    assert "was not saved to base.json: the measurement was interrupted" in message


def test_a_result_that_cannot_be_written_is_not_lost(bench: Bench, namespace: Names) -> None:
    Path("folder").mkdir()
    result = bench(
        "import os\nos.path.isdir('folder') and os.rmdir('folder')", save="folder/b.json"
    )
    assert result["python"].measured
    assert "was not saved to folder/b.json: No such file" in not_saved(result)


def test_a_benchmark_may_compare_with_the_file_that_it_replaces(
    bench: Bench, notebook: Names
) -> None:
    first = bench(CELL, save="base.json")
    second = bench(CELL, save="base.json", against="base.json")
    assert second.baseline["python"].saved_median == first["python"].median
    assert read()["python"].samples == second["python"].samples
    assert read().baseline == second.baseline


def test_code_is_the_same_whatever_blank_lines_stand_around_it() -> None:
    assert digest("\n\na = 1  \nb\n") == digest("a = 1\nb")
    assert digest("a = 1") != digest("a = 2")
    assert digest("if a:\n    b") != digest("if a:\n  b")
