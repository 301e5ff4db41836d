"""``%gpus pick`` and ``%gpus release`` in a notebook, and what is said to a slip."""

from __future__ import annotations

import os

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import dlmagic
from dlmagic import Pick, ReleaseResult
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.shell import extension
from tests.devices.double.boards import Board
from tests.devices.double.machine import Machine
from tests.magics.conftest import loaded

__all__ = ["loaded"]


def refused(shell: InteractiveShell, line: str) -> str:
    with pytest.raises(UsageError) as error:
        shell.run_line_magic("gpus", line)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_pick_and_release(eight: Machine, loaded: InteractiveShell) -> None:
    pick = loaded.run_line_magic("gpus", "pick 2 --min-free 8GB --as uuid -o mine")
    assert isinstance(pick, Pick)
    assert loaded.user_ns["mine"] is pick
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ",".join(pick.uuids)
    told = loaded.run_line_magic("gpus", "release")
    assert isinstance(told, ReleaseResult)
    assert told.released


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pick 0", "%gpus pick takes a number of GPUs, 1 or more, not '0'."),
        ("pick 9", "9 GPUs cannot be had: there are 8 GPUs here."),
        ("pick --min-free 8 bananas", "--min-free takes a size with its unit"),
        ("pick --min-free 500GB", "as much memory as --min-free: the largest has 86 GB."),
        ("pick --wait 2", "--wait takes a time with its unit, such as 30s, 10m, 2h or forever"),
        ("pick --as number", "--as does not take 'number'."),
        ("pick --max-util 200", "--max-util takes a percentage from 0 to 100, not '200'."),
        ("release", "There is nothing to release: this notebook has picked no GPU."),
    ],
)
def test_a_slip_gets_one_line(eight, loaded: InteractiveShell, line: str, said: str) -> None:
    assert said in refused(loaded, line)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_nothing_free_names_each_and_offers_to_wait(eight, loaded: InteractiveShell) -> None:
    for gpu in range(8):
        eight.change(gpu, utilization=30 + 10 * (gpu // 4))
    assert refused(loaded, "pick") == (
        "None of 8 GPUs is free. "
        "GPU 0, 1, 2 and 3: it is 30 % busy, and nobody who computes on it can be seen; "
        "GPU 4, 5, 6 and 7: it is 40 % busy, and nobody who computes on it can be seen. "
        "To wait until that changes: %gpus pick --wait 10m."
    )


@pytest.mark.parametrize("line", ["pick", "pick --wait 10m", "pick --wait forever"])
def test_without_a_gpu_there_is_no_waiting(machine, loaded: InteractiveShell, line: str) -> None:
    machine(Board(), count=0)
    text = refused(loaded, line)
    assert text.startswith("There is nothing to pick. No NVIDIA GPU")
    assert text.endswith("%gpus check finds out what is wrong.")


def test_unloading_gives_back(eight: Machine, loaded: InteractiveShell) -> None:
    loaded.run_line_magic("gpus", "pick")
    extension.unload(loaded)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not LeaseFolder().mine()


def test_another_notebook_sees_who_has_it(eight: Machine, notebook) -> None:
    other = notebook(eight)
    other.run("pick_gpus()")
    gpu = dlmagic.gpus().gpus[7]
    assert not gpu.free
    assert gpu.held_by is not None
    assert gpu.held_by.pid == other.pid
    assert f"process {other.pid}) has picked it" in gpu.why
    pick = dlmagic.pick_gpus()
    assert dlmagic.gpus().gpus[6].why == "this kernel has picked it"
    assert pick.result().gpus[0].index == 6


@pytest.mark.parametrize("folder", ["file", "missing/parent"])
def test_a_folder_that_cannot_be_used_protects_nobody(
    eight: Machine, tmp_path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DLMAGIC_LEASES", str(tmp_path / folder))
    pick = dlmagic.pick_gpus()
    assert pick.visible_devices == "7"
    assert not pick.protected
    assert "cannot be used for leases" in pick.unprotected
    assert "unprotected:" in repr(pick)
    pick.release()
