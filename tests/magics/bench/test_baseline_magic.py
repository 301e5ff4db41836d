"""``--save``, ``--against`` and ``--isolate`` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import dlmagic
from dlmagic.magics.bench.result import BenchResult
from dlmagic.shell.completion import offer_for_line

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("typed", ["base.json", '"my base.json"', "'it is.json'", "--save=a.json"])
def test_a_file_is_named_with_or_without_quotes(loaded: InteractiveShell, typed: str) -> None:
    option = typed if typed.startswith("--") else f"--save {typed}"
    assert loaded.run_cell(f"%%dlbench -t 0.05 {option}\nsum(range(9))").success
    (path,) = Path().iterdir()
    assert path.name == typed.removeprefix("--save=").strip("\"'")
    result = loaded.run_cell(f'%%dlbench -t 0.05 --against "{path}"\nsum(range(9))').result
    assert isinstance(result, BenchResult)
    assert result.baseline["python"].same_code  # the magic lines differ, the code does not


def test_a_line_is_saved_and_compared_too(loaded: InteractiveShell) -> None:
    loaded.run_cell("%dlbench -t 0.05 --save line.json sum(range(9))")
    result = loaded.run_cell("%dlbench -t 0.05 --against line.json sum(range(9))").result
    assert result.baseline["python"].same_code


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--against absent.json", "there is no such file. Make one with --save FILE."),
        ("--save", "--save needs a value: --save FILE."),
        ("--save /", "is a folder"),
        ("--force", "--force is for --save FILE"),
    ],
)
def test_slips_are_one_line(
    loaded: InteractiveShell, capsys: Captured, line: str, words: str
) -> None:
    assert not loaded.run_cell(f"%%dlbench {line}\n1").success
    shown = capsys.readouterr()
    assert words in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err


def test_files_complete(loaded: InteractiveShell) -> None:
    for name in ("base.json", "bare.json", "other.json", "with space.json"):
        Path(name).write_text("")
    Path("below").mkdir()
    assert offer_for_line(loaded, "%%dlbench --against ba").texts == ("bare.json", "base.json")
    assert offer_for_line(loaded, "%%dlbench --save be").texts == ("below/",)
    assert offer_for_line(loaded, '%%dlbench --save "w').texts == ('"with space.json"',)


def test_the_twin_takes_the_same_words(folder: Path) -> None:
    names = {"x": [1, 2]}
    dlmagic.bench("sum(x)", namespace=names, time=0.05, save=folder / "base.json")
    dlmagic.bench("sum(x)", namespace=names, time=0.05, save="base.json", force=True)
    result = dlmagic.bench("sum(x)", namespace=names, time=0.05, against=Path("base.json"))
    assert result.baseline["python"].same_code


def test_functions_of_a_script_are_compared_by_their_code() -> None:
    def first(x: list[int]) -> int:
        return sum(x)

    def second(x: list[int]) -> int:
        return sum(list(x))

    dlmagic.bench(first, args=[[1, 2]], time=0.05, save="base.json")
    first.__code__ = second.__code__
    result = dlmagic.bench(first, args=[[1, 2]], time=0.05, against="base.json")
    assert not result.baseline["python"].same_code
    assert "The code of first" in result.baseline.inputs[0]
