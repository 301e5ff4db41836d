"""Notebooks to begin with: copied, and nothing of the user's lost."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from dlmagic.errors import InputError
from dlmagic.magics.overview.demos import copy_demo, demos


def test_each_has_a_title_and_can_be_opened(tmp_path: Path) -> None:
    found = demos().demos
    names = {"quickstart", "story", "graphmode", "mistakes", "gpus", "watch", "cluster"}
    assert names <= {each.name for each in found}
    for each in found:
        assert each.title != each.name
        copied = copy_demo(each.name, tmp_path).copied
        assert copied is not None
        nbformat.validate(nbformat.read(tmp_path / copied, as_version=4))
        assert f"%dlmagic demo {each.name}" in repr(demos())


def test_a_copy_that_is_there_is_named(tmp_path: Path) -> None:
    copy_demo("watch", tmp_path)
    again = copy_demo("watch", tmp_path)
    assert again.present
    assert "is there already" in repr(again)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_the_user_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "watch.ipynb").write_text("mine")
    (tmp_path / "watch-2.ipynb").mkdir()
    assert copy_demo("watch.ipynb", tmp_path).copied == "watch-3.ipynb"
    assert (tmp_path / "watch.ipynb").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match=r"Permission denied.*folder of your own"):
        copy_demo("watch", tmp_path)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"watch\.ipynb could not be written here: No such file"):
        copy_demo("watch", tmp_path / "gone")
