from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell import extension
from dlmagic.shell.completion import offer_for_line
from dlmagic.shell.settings import DLMagic
from tests.shell.magics import ROOM, SampleMagics


def traces(shell: InteractiveShell) -> dict[str, object]:
    """Everything in a shell that an extension can leave behind."""
    manager = shell.magics_manager
    return {
        "line magics": set(manager.magics["line"]),
        "cell magics": set(manager.magics["cell"]),
        "registry": set(manager.registry),
        "configurables": [type(each).__name__ for each in shell.configurables],
        "events": {name: list(calls) for name, calls in shell.events.callbacks.items()},
        "matchers": list(shell.Completer.custom_matchers),
        "hooks": {name: list(shell.strdispatchers[name].strs) for name in shell.strdispatchers},
        "transformers": list(shell.ast_transformers),
        "cleanup": list(shell.input_transformers_cleanup),
        "exceptions": shell.custom_exceptions,
        "names": set(shell.user_ns),
    }


def test_unload_leaves_no_trace(shell: InteractiveShell) -> None:
    before = traces(shell)
    extension.load(shell, rooms=[ROOM])
    assert "sample" in shell.magics_manager.magics["cell"]
    extension.unload(shell)
    assert traces(shell) == before


def test_loading_twice_is_loading_once(shell: InteractiveShell) -> None:
    extension.load(shell, rooms=[ROOM])
    once = traces(shell)
    extension.load(shell, rooms=[ROOM])
    assert traces(shell) == once


def test_unloading_what_is_not_loaded_does_nothing(shell: InteractiveShell) -> None:
    before = traces(shell)
    extension.unload(shell)
    assert traces(shell) == before


def test_a_magic_that_the_user_put_in_its_place_stays(shell: InteractiveShell) -> None:
    extension.load(shell, rooms=[ROOM])
    shell.register_magic_function(lambda line: "mine", "line", "sample")
    extension.unload(shell)
    assert shell.run_line_magic("sample", "") == "mine"


def test_a_room_takes_away_its_own_events(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    unloaded: list[object] = []
    monkeypatch.setattr(SampleMagics, "unload", lambda self: unloaded.append(self), raising=False)
    extension.load(shell, rooms=[ROOM])
    extension.unload(shell)
    assert [type(each) for each in unloaded] == [SampleMagics]


def test_the_extension_as_the_user_loads_it(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.find_line_magic("load_ext")  # IPython 9 registers its own magics when they are used
    before = traces(shell)
    shell.run_cell("%load_ext dlmagic").raise_error()
    assert "dlbench" in shell.magics_manager.magics["line"]
    assert "dlbench" in shell.magics_manager.magics["cell"]
    shell.run_cell("%reload_ext dlmagic").raise_error()
    shell.run_cell("%unload_ext dlmagic").raise_error()
    assert capsys.readouterr() == ("", "")
    assert traces(shell) == before


@pytest.mark.parametrize("question", ["%sample?", "%sample -h", "%%sample --help\npass"])
def test_help_shows_usage_options_and_examples(
    loaded: InteractiveShell, question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded.run_cell(question).raise_error()
    shown = capsys.readouterr().out
    for text in ("--modes", "execution modes", "%%sample --time 2", "Run a cell", "-o NAME"):
        assert text in shown


def test_dlbench_explains_itself(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    extension.load(shell)
    shell.run_cell("%dlbench -h").raise_error()
    assert "--modes" in capsys.readouterr().out
    assert offer_for_line(shell, "%%dlbench --mo").texts == ("--modes",)
    shell.run_cell("%%dlbench --mode eager\npass")
    assert "Did you mean --modes?" in capsys.readouterr().err


def test_every_room_names_a_module_of_this_package() -> None:
    root = Path(extension.__file__).parents[2]
    for room in extension.ROOMS:
        assert root.joinpath(*room.partition(":")[0].split(".")).with_suffix(".py").exists()


def test_settings_are_listed_and_go_away(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded.run_cell("%config DLMagic").raise_error()
    assert "bench_time" in capsys.readouterr().out
    extension.unload(loaded)
    assert not any(isinstance(each, DLMagic) for each in loaded.configurables)
