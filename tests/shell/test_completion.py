import warnings

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell.completion import offer_for_line


def completed(shell: InteractiveShell, line: str) -> set[str]:
    """The lines that TAB offers, as a front end makes them."""
    with provisionalcompleter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jedi, on the oldest IPython
        offers = list(shell.Completer.completions(line, len(line)))
    return {line[: offer.start] + offer.text for offer in offers}


@pytest.mark.parametrize("magic", ["%sample", "%%sample"])
def test_options_complete(loaded: InteractiveShell, magic: str) -> None:
    assert f"{magic} --modes" in completed(loaded, f"{magic} --mo")
    assert f"{magic} -t 2 --quiet" in completed(loaded, f"{magic} -t 2 --qu")


def test_a_blank_offers_all_options(loaded: InteractiveShell) -> None:
    assert {"%sample --modes", "%sample --time"} <= completed(loaded, "%sample ")


@pytest.mark.parametrize("start", ["%%sample -m ", "%%sample --modes ", "%%sample --modes="])
def test_values_complete(loaded: InteractiveShell, start: str) -> None:
    assert f"{start}compile" in completed(loaded, f"{start}com")
    assert f"{start}compile:max-autotune" in completed(loaded, f"{start}compile:ma")
    assert f"{start}eager" in completed(loaded, start)


def test_every_part_of_a_list_completes(loaded: InteractiveShell) -> None:
    assert "%%sample -m eager,compile" in completed(loaded, "%%sample -m eager,com")
    assert "%%sample -m eager,eager" not in completed(loaded, "%%sample -m eager,")


def test_choices_complete_without_a_callback(loaded: InteractiveShell) -> None:
    assert "%sample --unit ms" in completed(loaded, "%sample --unit m")


@pytest.mark.parametrize(
    "line", ["%sample x -", "sample --mo", "%time --mo", "x = 1\n", "%sample", "%nothing --mo"]
)
def test_nothing_is_offered_elsewhere(loaded: InteractiveShell, line: str) -> None:
    assert offer_for_line(loaded, line).texts == ()


def test_nothing_is_offered_where_any_number_can_stand(loaded: InteractiveShell) -> None:
    assert offer_for_line(loaded, "%sample --time ").texts == ()
    assert offer_for_line(loaded, "%sample --time 2").texts == ()


def test_a_started_option_leaves_no_room_for_variables(loaded: InteractiveShell) -> None:
    assert offer_for_line(loaded, "%sample --mo").only
    assert not offer_for_line(loaded, "%sample ").only
