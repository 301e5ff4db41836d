"""Every example of every page runs when pasted, and shows what the page says."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.shell import extension
from tests.devices.conftest import libraries, machine
from tests.devices.double.boards import Board
from tests.devices.double.machine import Machine
from tests.docs.pages import DOCS, ROOT, examples, missing, run
from tests.magics.gpus.conftest import outside_of_containers, stand_in
from tests.magics.gpus.pick.conftest import leases

__all__ = ["leases", "libraries", "machine", "outside_of_containers", "stand_in"]

PAGES = [page for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))] if examples(page)]
WITHOUT_RESULT = {"README", "index", "gpus"}
"""Pages of which no example shows anything that is compared."""


@pytest.fixture
def notebook(
    shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InteractiveShell]:
    """A shell in which the first cell of a page loads dlmagic; what was compiled ends with it."""
    monkeypatch.chdir(tmp_path)  # where an example may write a file
    shell.config.DLMagic.bench_time = 1.5  # where a page says nothing else
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two would wait for each other on a busy machine
    yield shell
    extension.unload(shell)
    torch.set_num_threads(threads)
    torch._dynamo.reset()
    gc.collect()


@pytest.fixture(autouse=True)
def gpus(machine: Callable[..., Machine]) -> Machine:
    """Eight of them, for the pages that show some."""
    return machine(*[Board() for _ in range(8)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_when_it_is_pasted(page: Path, notebook: InteractiveShell) -> None:
    for example in filter(lambda each: not each.reason, examples(page)):
        done, said = run(notebook, example)
        place = f"{page.name}, line {example.line}:\n{example.code}\n{said}"
        assert done is not example.fails, place
        if example.shown is not None:
            assert not (lacking := missing(example.shown, said)), f"{lacking}\n{place}"


def test_every_page_shows_something() -> None:
    assert len(PAGES) >= 18
    silent = [page.stem for page in PAGES if not any(each.shown for each in examples(page))]
    assert set(silent) == WITHOUT_RESULT


def test_few_examples_cannot_be_run_and_each_says_why() -> None:
    reasons = [each.reason for page in PAGES for each in examples(page) if each.reason]
    assert len(reasons) <= 3
    assert all(re.search(r"engines|scheduler|GPU", each) for each in reasons)


@pytest.mark.parametrize(
    ("shown", "said", "fits"),
    [
        ("a is 2.1x faster (2 to 3)", "a is 30x\n faster (29 to\n31)", True),
        ("a is 2.1x faster", "a is 2.1x slower", False),
        ("one … three", "one two three", True),
        ("three … one", "one two three", False),
        ("…", "", True),
        ("1.2 ms of 3 kB\n───", "800 µs of 12 MB", True),
        ("", "anything", True),
    ],
)
def test_words_count_and_numbers_do_not(shown: str, said: str, fits: bool) -> None:
    assert (missing(shown, said) is None) is fits
