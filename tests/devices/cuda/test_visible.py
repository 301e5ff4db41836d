"""What is said about a list of devices: what it leaves, what it does not, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmagic.devices.cuda.visible import Visible, visible_devices
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import GIB, Board, Part

A, B, C, D = (f"GPU-{first}0000000-1111-2222-3333-444444444444" for first in "abcd")
FOUR = tuple(map(Board, (A, B, C, D)))
PART = "MIG-e0000000-5555-6666-7777-888888888888"
DIVIDED = (Board(A, mig=1, parts=(Part(PART, 3), Part("MIG-f", 4, slot=1))), Board(B))
OLD, NEW = Board(A, name="Tesla K80", total=12 * GIB, major=3), Board(B)


def seen(readings, **variables: str) -> Visible:
    named = {f"CUDA_{name.upper()}": value for name, value in variables.items()}
    return visible_devices(readings, named)


def test_without_a_list_all_are_there(readings) -> None:
    found = seen(readings(*FOUR))
    assert (found.setting, found.uuids) == (None, (A, B, C, D))
    assert (found.refused, found.doubt, found.nothing) == ((), None, None)


def test_the_order_of_the_list_is_cudas(readings) -> None:
    found = seen(readings(*FOUR), visible_devices="2,0")
    assert [device.words for device in found.devices] == ["GPU 2", "GPU 0"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", "CUDA_VISIBLE_DEVICES is empty, which hides all GPUs"),
        ("-1", "CUDA_VISIBLE_DEVICES=-1 hides all GPUs: -1 is no GPU"),
        ("7", "GPU 7 is gone: CUDA counts 4 here, from 0"),
        ("1,1", "GPU 1 is named twice, which hides all"),
        ("none", "'none' is neither a number nor a UUID"),
        ("GPU-9", "no GPU here has a UUID that begins with GPU-9"),
        ("GPU-", "GPU- could be GPU 0 or GPU 1 or GPU 2 or GPU 3"),
        (",0", "it is empty"),
    ],
)
def test_a_list_that_hides_all_says_why(readings, setting: str, words: str) -> None:
    found = seen(readings(*FOUR), visible_devices=setting)
    assert found.devices == ()
    assert words in str(found.nothing)


def test_entries_that_do_not_count_are_named_with_the_reason(readings) -> None:
    found = seen(readings(*FOUR), visible_devices="1,9,0")
    assert found.uuids == (B,)
    assert [each.entry for each in found.refused] == ["9", "0"]
    assert "GPU 9 is gone" in str(found.refused[0].why)
    assert str(found.refused[1].why) == "it stands after '9', where CUDA stops reading"


def test_numbers_and_uuids_do_not_mix(readings) -> None:
    found = seen(readings(*FOUR), visible_devices=f"{C},0")
    assert found.uuids == (C,)
    assert "one kind" in str(found.refused[0].why)


def test_one_instance_leaves_nothing_beside_it(readings) -> None:
    there = readings(*DIVIDED)
    found = seen(there, visible_devices="MIG-e,MIG-f", device_order="PCI_BUS_ID")
    assert [device.words for device in found.devices] == ["instance 3/0 of GPU 0"]
    assert [each.entry for each in found.refused] == ["MIG-f"]
    assert seen(there).uuids == (PART,)


def test_a_divided_gpu_without_instances_says_so(readings) -> None:
    there = readings(Board(A, mig=1))
    found = seen(there, visible_devices=A)
    assert "GPU 0 is divided (MIG) and has no instance" in str(found.nothing)
    assert str(seen(there).nothing) == ("none of the GPUs here may be used by this process")


@pytest.mark.parametrize(
    ("boards", "variables", "words"),
    [
        ((OLD, NEW), {}, "the fastest GPU first"),
        ((OLD, NEW), {"device_order": "FASTEST_FIRST", "visible_devices": "0"}, "the fastest"),
        ((OLD, NEW), {"device_order": "PCI_BUS_ID", "visible_devices": "0"}, None),
        ((OLD, NEW), {"visible_devices": A}, None),
        ((OLD,), {"visible_devices": "0"}, None),
        (DIVIDED, {"visible_devices": "0", "device_order": "PCI_BUS_ID"}, "divided (MIG)"),
    ],
)
def test_a_number_that_may_mean_another_gpu_is_doubted(readings, boards, variables, words) -> None:
    found = seen(readings(*boards), **variables)
    assert found.devices
    assert words in str(found.doubt) if words else found.doubt is None


def test_a_lost_gpu_makes_the_numbers_doubtful(readings) -> None:
    lost = [{"function": "*", "gpu": 1, "code": 15}]
    found = seen(readings(*FOUR, faults=lost), visible_devices="2")
    assert "whether CUDA counts GPU 1 is not known: the GPU is lost" in str(found.doubt)


def test_a_gpu_that_this_process_may_not_use_is_not_counted(readings) -> None:
    found = seen(readings(FOUR[0], Board(B, hidden=1), FOUR[2]), visible_devices="1")
    assert (found.uuids, found.doubt) == ((C,), None)


def test_without_any_gpu_that_is_the_reason(readings) -> None:
    why = Reason("this machine has no NVIDIA driver")
    none = replace(readings(Board(A)), gpus=(), missing=why)
    assert seen(none, visible_devices="0").nothing == why
    assert seen(none).nothing == why
