"""A pick sets the environment, shows itself, and gives back what it took as it was."""

from __future__ import annotations

import os
import pickle

import pytest

import dlmagic
from dlmagic import NothingFreeError, PickError, PickResult, ReleaseResult, pick_gpus
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.magics.gpus.pick.engine import release
from tests.devices.double.machine import Machine


def environment() -> tuple[str | None, str | None]:
    return os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("CUDA_DEVICE_ORDER")


def held() -> set[str]:
    """The numbers of GPUs on which this process has leases."""
    return {uuid[-1] for leases in LeaseFolder().mine() for uuid in leases.uuids}


def test_cuda_is_told_the_number_and_how_to_count(eight: Machine) -> None:
    pick = pick_gpus()
    assert environment() == ("7", "PCI_BUS_ID")
    assert (pick.visible_devices, pick.device) == ("7", "cuda:0")
    assert pick.uuids == (eight.boards[7].uuid,)
    assert pick.names == ("NVIDIA H100 80GB HBM3",)
    assert pick.protected
    assert not pick.released


def test_uuids_where_they_are_wanted(eight: Machine) -> None:
    pick = pick_gpus(2, form="uuid")
    assert environment() == (",".join(pick.uuids), None)
    assert pick.result().why_uuids == ""


def test_release_puts_back_what_was_there(eight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    pick = pick_gpus()
    assert environment() == ("6", "PCI_BUS_ID")
    assert held() == {"6"}
    told = pick.release()
    assert told.released
    assert environment() == ("4,5,6", None)
    assert not held()
    assert pick.released
    again = pick.release()
    assert again.released
    assert not again.put_back
    assert "given back before" in repr(again)


def test_what_somebody_has_changed_since_is_left(eight: Machine) -> None:
    pick = pick_gpus()
    os.environ["CUDA_VISIBLE_DEVICES"] = "0"
    told = pick.release()
    assert told.left_alone == ("CUDA_VISIBLE_DEVICES",)
    assert environment() == ("0", None)
    del os.environ["CUDA_VISIBLE_DEVICES"]
    assert "changed after the pick: CUDA_VISIBLE_DEVICES" in repr(told)


def test_with_gives_back_at_its_end(eight: Machine) -> None:
    with pick_gpus(2) as pick:
        assert held() == {"6", "7"}
    assert pick.released
    assert environment() == (None, None)


def test_a_second_pick_replaces_the_first(eight: Machine) -> None:
    first = pick_gpus(2)
    second = pick_gpus(3)
    assert first.released
    assert held() == {"5", "6", "7"}
    assert environment()[0] == "5,6,7"
    second.release()
    assert environment() == (None, None)


def test_a_second_pick_that_fails_leaves_the_first(eight: Machine) -> None:
    first = pick_gpus()
    with pytest.raises(PickError, match="9 GPUs cannot be had: there are 8 GPUs here"):
        pick_gpus(9)
    eight.change(0, utilization=50)
    with pytest.raises(NothingFreeError):
        pick_gpus(8)
    assert not first.released
    assert held() == {"7"}
    assert environment()[0] == "7"


def test_who_holds_does_not_wait(eight: Machine) -> None:
    pick_gpus()
    eight.change(0, utilization=50)
    with pytest.raises(PickError, match="has GPU 7 and must not wait"):
        pick_gpus(8, wait="10m")
    assert held() == {"7"}


def test_releasing_without_a_pick(eight: Machine) -> None:
    with pytest.raises(PickError, match="nothing to release"):
        release()
    pick_gpus().release()
    with pytest.raises(PickError, match="nothing to release"):
        release()


def test_a_forgotten_handle_keeps_the_gpu(eight: Machine) -> None:
    pick_gpus()
    assert held() == {"7"}
    release()
    assert not held()


def test_results_travel(eight: Machine) -> None:
    pick = pick_gpus(2)
    result = pick.result()
    assert PickResult.from_json(result.to_json()) == result
    assert pickle.loads(pickle.dumps(result)) == result
    told = release()
    assert ReleaseResult.from_json(told.to_json()) == told
    assert result.protected
    assert pick.result().released


def test_an_interrupt_leaves_nothing(eight, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("write", "picked", "set_current"):
        with monkeypatch.context() as patch:
            patch.setattr(f"dlmagic.magics.gpus.pick.engine.{place}", interrupted)
            with pytest.raises(KeyboardInterrupt):
                pick_gpus()
        assert environment() == (None, None)
        assert not held()
    assert dlmagic.pick_gpus().uuids
