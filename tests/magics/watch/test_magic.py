"""``%watch``, ``%%watch`` and ``%unwatch`` in a shell."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.watch.result import WatchList, WatchResult
from dlmagic.magics.watch.session import WatchSession
from dlmagic.shell.completion import offer_for_line
from tests.magics.watch.conftest import Training


@pytest.fixture
def notebook(loaded: InteractiveShell, training: Training) -> InteractiveShell:
    loaded.user_ns.update(net=training.net, training=training, count=3)
    return loaded


def test_a_model_is_watched_until_it_is_let_go(notebook: InteractiveShell) -> None:
    session = notebook.run_line_magic("watch", "net --every 1")
    assert isinstance(session, WatchSession)
    notebook.run_cell("training.run(5)")
    listed = notebook.run_line_magic("watch", "")
    assert isinstance(listed, WatchList)
    assert [(each.model, each.steps) for each in listed.models] == [("net", 5)]
    result = notebook.run_line_magic("unwatch", "net")
    assert isinstance(result, WatchResult)
    assert (result.steps, result.ended) == (5, "it was unwatched")
    assert "No model is watched" in repr(notebook.run_line_magic("watch", ""))


def test_a_cell_run_again_stacks_nothing(notebook: InteractiveShell) -> None:
    for _ in range(3):
        notebook.run_line_magic("watch", "net --every 1 -q")
    notebook.run_cell("training.run(2)")
    result = notebook.run_line_magic("unwatch", "")
    assert (result.steps, result.samples) == (2, 2)
    assert not notebook.user_ns["net"][0]._forward_hooks


def test_a_cell_is_watched_while_it_runs(notebook: InteractiveShell, capsys) -> None:
    result = notebook.run_cell_magic(
        "watch", "net --every 1 -o kept", "training.run(4)\nlast = 6 * 7\nlast"
    )
    assert isinstance(result, WatchResult)
    assert (result.steps, result.ended) == (4, "the cell ended")
    assert notebook.user_ns["kept"] is result
    assert notebook.user_ns["last"] == 42
    assert "42" in capsys.readouterr().out
    assert not notebook.run_line_magic("watch", "").models


def test_the_one_model_need_not_be_named(notebook: InteractiveShell) -> None:
    assert notebook.run_cell_magic("watch", "", "training.run(1)").model == "net"


def test_a_model_that_was_watched_is_watched_on(notebook: InteractiveShell) -> None:
    session = notebook.run_line_magic("watch", "net --every 1")
    result = notebook.run_cell_magic("watch", "net --every 1", "training.run(2)")
    assert (result.steps, result.ended) == (2, "")
    assert session.running


def test_a_cell_in_which_nan_ends_the_training_ends_well(notebook: InteractiveShell) -> None:
    cell = "for number in range(50):\n    training.step(float('nan') if number > 3 else 1.0)"
    result = notebook.run_cell_magic("watch", "net --stop-on nan", cell)
    assert result.ended == "the training was stopped"
    assert notebook.user_ns["number"] < 8
    assert result.findings[0].kind == "not-finite"


def test_in_an_ordinary_cell_it_is_one_line(notebook: InteractiveShell, capsys) -> None:
    notebook.run_line_magic("watch", "net --stop-on nan -q")
    ran = notebook.run_cell("while True:\n    training.step(float('nan'))")
    assert type(ran.error_in_exec).__name__ == "TrainingStopped"
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert (said.out + said.err).strip().startswith("The training of net was stopped")


def test_an_error_of_the_cell_is_the_users(notebook: InteractiveShell) -> None:
    with pytest.raises(ZeroDivisionError):
        notebook.run_cell_magic("watch", "net", "training.run(1)\n1 / 0")
    assert not notebook.run_line_magic("watch", "").models


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("count", "count is an int, not a model. Models are: net."),
        ("nte", "There is no name nte. Did you mean net?"),
        ("net.layers", "net has no attribute layers."),
        ("net --layers '9'", "No layer matches '9'."),
        ("net --every none", "--every takes a number of steps from 1 on, not 'none'."),
        ("net --stop-on nan,boom", "--stop-on does not take 'boom'."),
        ("net --stopon nan", "%watch has no option --stopon. Did you mean --stop-on?"),
        ("--every 2", "Which model is to be watched so? Name it: %watch MODEL."),
        ("net other", "%watch has no use for 'other'. It takes MODEL and options: see"),
    ],
)
def test_slips_get_one_line(notebook: InteractiveShell, line: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        notebook.run_line_magic("watch", line)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not notebook.run_line_magic("watch", "").models


def test_wandb_needs_a_run(notebook: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wandb.run", None)  # another test may have left one open
    with pytest.raises(UsageError, match=r"No run of wandb is open"):
        notebook.run_line_magic("watch", "net --to wandb")
    assert not notebook.run_line_magic("watch", "").models


def test_what_is_not_watched_cannot_be_unwatched(notebook: InteractiveShell) -> None:
    with pytest.raises(UsageError, match=r"No model is watched\. Start with %watch MODEL\."):
        notebook.run_line_magic("unwatch", "net")


def test_which_of_several_models_is_asked(notebook: InteractiveShell) -> None:
    notebook.user_ns["other"] = Training().net
    with pytest.raises(UsageError, match=r"Which model is meant\? Models are: net, other"):
        notebook.run_cell_magic("watch", "", "pass")


@pytest.mark.parametrize(
    "cell",
    [
        "training.run(2 if net else 0)",
        "same = net\nfor _ in range(2):\n    training.run(len(same) and 1)",
        "fit()",
        "fit_wrapped()",
    ],
)
def test_of_several_models_the_one_that_the_cell_comes_to_is_meant(
    notebook: InteractiveShell, cell: str
) -> None:
    notebook.user_ns["other"] = Training().net
    notebook.run_cell(
        "import functools\n"
        "def fit():\n    training.run(2 if net else 0)\n"
        "fit_wrapped = functools.lru_cache(fit)"
    )
    result = notebook.run_cell_magic("watch", "--every 1", cell)
    assert (result.model, result.steps) == ("net", 2)


def test_of_the_models_that_a_cell_comes_to_it_is_asked_which(notebook: InteractiveShell) -> None:
    notebook.user_ns.update(other=Training().net, third=Training().net)
    with pytest.raises(UsageError, match=r"Which model is meant\? Models are: net, third\.$"):
        notebook.run_cell_magic("watch", "", "net, third")


def test_a_cell_may_come_to_a_part_of_a_model_alone(notebook: InteractiveShell) -> None:
    other = Training().net
    notebook.user_ns.update(other=other, inner=other[0])
    assert notebook.run_cell_magic("watch", "", "inner;").model == "inner"


def test_models_and_words_complete(notebook: InteractiveShell) -> None:
    assert "net" in offer_for_line(notebook, "%watch ").texts
    assert "count" not in offer_for_line(notebook, "%watch ").texts
    assert "explode" in offer_for_line(notebook, "%watch net --stop-on nan,").texts
    notebook.run_line_magic("watch", "net -q")
    assert offer_for_line(notebook, "%unwatch ").texts[0] == "net"


def test_unloading_lets_go(notebook: InteractiveShell) -> None:
    from dlmagic.shell import extension

    session = notebook.run_line_magic("watch", "net")
    extension.unload(notebook)
    assert session.result().ended == "dlmagic was unloaded"
    extension.load(notebook)
