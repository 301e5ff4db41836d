"""``%summary`` in a shell."""

from __future__ import annotations

import re

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.watch.summary.result import ModelSummary

MODEL = """
import torch
from torch import nn
model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
nets = {"the small": nn.Linear(2, 1)}
x = torch.ones(5, 4)
kept = []
two = nn.Bilinear(4, 4, 3)
"""


@pytest.fixture
def notebook(loaded: InteractiveShell) -> InteractiveShell:
    """A shell with models."""
    loaded.run_cell(MODEL)
    return loaded


@pytest.mark.parametrize(
    "line",
    [
        "model 5,4",
        "model (5, 4) --depth 1",
        "--depth 1 model x",
        "model --no-time x",
        "model x + 1 -o found",
        "model (x, 'labels')",
        "model torch.ones(5, 4)",
    ],
)
def test_a_line_is_read(notebook: InteractiveShell, line: str) -> None:
    found = notebook.run_line_magic("summary", line)
    assert isinstance(found, ModelSummary)
    assert (found.name, found.flops) == ("model", 2 * 5 * (4 * 3 + 3 * 2))
    assert found.depth == (1 if "--depth" in line else None)
    timed = line in ("--depth 1 model x", "model x + 1 -o found", "model torch.ones(5, 4)")
    assert (found.repetitions > 0) == (timed or "labels" in line)


@pytest.mark.parametrize("line", ["two 5,4 5,4", "two (5, 4) (5, 4)", "two 5x4 5x4", "two x, x"])
def test_two_inputs_are_read_and_told(notebook: InteractiveShell, line: str) -> None:
    found = notebook.run_line_magic("summary", line)
    assert [spec.shape for spec in found.inputs] == [(5, 4)] * 2
    assert "for 2 inputs of 5×4" in " ".join(repr(found).split())


def test_who_gives_too_few_inputs_learns_how_several_are_written(
    notebook: InteractiveShell,
) -> None:
    with pytest.raises(UsageError, match="Give one input for each argument") as caught:
        notebook.run_line_magic("summary", "two 5,4")
    advised = str(caught.value).partition("as in ")[2].partition(", or values")[0]
    assert advised == "%summary two 32,10 32,5"


def test_without_an_input_there_are_parameters(notebook: InteractiveShell) -> None:
    found = notebook.run_line_magic("summary", "nets['the small']")
    assert (found.parameters, found.source) == (3, "parameters")
    assert "%summary nets['the small'] 32,…" in " ".join(repr(found).split())


def test_it_is_stored_and_silent_on_request(notebook: InteractiveShell) -> None:
    assert notebook.run_line_magic("summary", "model -q -o found") is None
    assert notebook.user_ns["found"].parameters == 23


def test_help_is_shown(notebook: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert notebook.run_line_magic("summary", "-h") is None
    assert "%summary model 32,1,28,28 --depth 2" in capsys.readouterr().out


def test_globals_that_a_hook_writes_to_are_put_back(notebook: InteractiveShell) -> None:
    notebook.run_cell("_ = model[1].register_forward_hook(lambda m, i, o: kept.append(o))")
    notebook.run_line_magic("summary", "model torch.ones(5, 4)")
    assert notebook.user_ns["kept"] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "needs a model"),
        ("x", "x is a Tensor, not a model. Models here: model, two."),
        ("nn.Linear", "nn.Linear is the class Linear; a model is what"),
        ("modle", "There is no modle here. Did you mean model?"),
        ("exitt", "There is no exitt here. Choose from:"),  # exit is a name of IPython's
        ("model 5,5", r"model\.0 \(Linear\) refuses 5×5 float32: it takes 4 features"),
        ("model 5,0", "sizes above 0"),
        ("model x --dpeth 2", "no option --dpeth. Did you mean --depth?"),
        ("model x --depth 0", "whole number above 0"),
        ("two x x", "between several inputs stands a comma: %summary model x, y"),
        ("model +", "not a Python expression|refuses"),
    ],
)
def test_slips_get_one_line(notebook: InteractiveShell, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        notebook.run_line_magic("summary", line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("which", ["linen", "nnx"])
def test_of_a_model_of_flax_it_is_said_what_shows_it(
    notebook: InteractiveShell, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said is then done; a notebook is shown by one of them, and given by the other."""
    jax, nnx = pytest.importorskip("jax"), pytest.importorskip("flax.nnx")
    linen, x = pytest.importorskip("flax.linen"), jax.numpy.ones((2, 3))
    net = linen.Dense(2) if which == "linen" else nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    notebook.push({"net": net, "nnx": nnx, "jax": jax, "x": x})
    with pytest.raises(UsageError, match=r"net is a model of Flax.*PyTorch and Keras") as caught:
        notebook.run_line_magic("summary", "net")
    said = re.search(r"print\((.*)\), with an input x", str(caught.value))
    assert said is not None
    assert "Summary" in notebook.ev(said[1]) + capsys.readouterr().out
