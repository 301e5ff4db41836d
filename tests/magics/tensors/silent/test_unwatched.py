"""An ordinary cell is looked at when it has run: quickly, once, and never in the user's way."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.tensors.silent import unwatched
from dlmagic.magics.tensors.silent.result import SilentMistakes
from dlmagic.magics.tensors.silent.unwatched import UnwatchedCells

THROWN = "x.double()\nz = x * 2"


@pytest.fixture
def checking(loaded: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A shell with a tensor, and what it displays."""
    found: list[SilentMistakes] = []
    monkeypatch.setattr("dlmagic.magics.tensors.magic.display", found.append)
    loaded.run_cell("import torch\nimport numpy as np\nx, a = torch.ones(3), np.ones(3)")
    loaded.found = found
    return loaded


def places(shell: Any) -> list[tuple[str, int | None]]:
    return [(each.kind, each.line) for seen in shell.found for each in seen.findings]


def test_a_mistake_is_told_below_the_cell_at_its_line(checking: Any) -> None:
    checking.run_cell(f"# first\n\n{THROWN}")
    assert places(checking) == [("result-thrown-away", 3)]
    (seen,) = checking.found
    text = " ".join(repr(seen).split())
    assert "x.double() leaves x as it is" in text
    assert "x = x.double()" in text
    assert "check_cells" in text
    assert "Seen:" not in text
    assert SilentMistakes.from_json(seen.to_json()) == seen


@pytest.mark.parametrize(
    "text",
    ["a.astype('float32')\nb = 1", "%matplotlib_\n".replace("_", "") + THROWN, f"!true\n{THROWN}"],
    ids=["NumPy", "line magic of others", "shell command"],
)
def test_it_reads_ipythons_syntax_and_every_framework(
    checking: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not for real: a process with JAX in it must not fork.
    monkeypatch.setattr(checking, "system", lambda _command: None)
    checking.register_magic_function(lambda _line: None, "line", "matplotlib")
    checking.run_cell(text)
    assert len(places(checking)) == 1


def test_unchanged_code_is_told_of_once(checking: Any) -> None:
    checking.run_cell(THROWN)
    checking.run_cell(THROWN)
    assert len(checking.found) == 1
    checking.run_cell(f"{THROWN} + 1")
    assert len(checking.found) == 2


@pytest.mark.parametrize(
    "text",
    [
        "x.double()  # dlmagic: ok\nz = 1",
        f"{THROWN}\n1 / 0",
        "x.double()\nz = = 1",
        f"%config DLMagic.check_cells = False\n{THROWN}",
        f"%%tensors -q\n{THROWN}",
        f"{THROWN}\n%tensors x",
        f"%%time\n{THROWN}",
        "x = x.double()\nx.mul_(2)\nx.float()",
        "def widen(t):\n    t.double()\n    return t\nz = widen(x)",
        "model = torch.nn.Linear(3, 1)\nmodel.double()\nz = 1",
        "try:\n    x.view(5, 5)\nexcept RuntimeError as error:\n    print(error)",
        "import contextlib\nwith contextlib.suppress(RuntimeError):\n    x.view(5, 5)\nz = 1",
    ],
)
def test_where_there_is_nothing_to_say_nothing_is_said(checking: Any, text: str) -> None:
    checking.run_cell(text)
    assert checking.found == []


def test_a_model_of_keras_is_looked_at_where_it_is_trained(checking: Any) -> None:
    pytest.importorskip("keras")
    checking.run_cell(
        "import keras\n"
        "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        "model.compile(loss='binary_crossentropy', optimizer='sgd')\n"
        "history = model.fit(a[None], a[:1], verbose=0)"
    )
    assert places(checking) == [("loss-against-output", 4)]


def test_a_fault_of_ours_is_one_line_and_the_cell_is_done(
    checking: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(unwatched, "left_by", broken)
    assert checking.run_cell(THROWN).success
    assert checking.user_ns["z"].tolist() == [2, 2, 2]
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if "a fault of ours" in line]) == 1


def test_without_a_framework_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for root in unwatched._WITH_TENSORS:
        monkeypatch.delitem(sys.modules, root, raising=False)
    assert UnwatchedCells(lambda _text: "1 /").mistakes_in("x.double()", {}) is None


@pytest.mark.alone
@pytest.mark.parametrize("text", ["import torch\nloss = (w_3 - 1).sum()", "y = x.float()\nz = 1"])
def test_a_cell_costs_next_to_nothing(checking: Any, text: str) -> None:
    checking.run_cell("for k in range(50):\n    globals()[f'w_{k}'] = torch.ones(10)")
    cell = f"{text}\n" + "\n".join(f"value_{k} = [{k}] * 2" for k in range(20))
    result = checking.run_cell(cell)
    events = checking.events.callbacks["post_run_cell"]
    event = next(each for each in events if type(each.__self__).__name__ == "TensorMagics")
    start = time.perf_counter()
    for _ in range(100):
        event(result)
    assert (time.perf_counter() - start) / 100 < 1e-3
