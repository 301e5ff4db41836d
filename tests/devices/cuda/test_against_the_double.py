"""Any text in CUDA_VISIBLE_DEVICES: what we read there is what CUDA's double takes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlmagic.devices.cuda.device import bare
from dlmagic.devices.cuda.visible import visible_devices
from dlmagic.devices.gpus.reader import GpuReader
from tests.devices.cuda.asking import Cuda
from tests.devices.double.boards import Board, Part
from tests.devices.double.building import Libraries

UUIDS = [f"GPU-{first}000000-1111-2222-3333-444444444444" for first in ("a0", "b0", "ab")]
PARTS = [f"MIG-{first}0000000-5555-6666-7777-888888888888" for first in "cde"]
ONE_MODEL = tuple(Board(uuid) for uuid in UUIDS)
ALONG_THE_BUS = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
MACHINES = {
    "whole GPUs": ONE_MODEL,
    "along the bus, not as listed": (
        Board(UUIDS[0], bus="00000000:81:00.0", speed=1),
        Board(UUIDS[1], bus="00000000:3B:00.0", speed=2),
        Board(UUIDS[2], bus="00000001:01:00.0", speed=3),
    ),
    "one is hidden": (ONE_MODEL[0], Board(UUIDS[1], hidden=1), ONE_MODEL[2]),
    "some are divided": (
        Board(UUIDS[0], mig=1, parts=(Part(PARTS[0], 1), Part(PARTS[1], 2, 1, slot=2))),
        ONE_MODEL[1],
        Board(UUIDS[2], mig=1, parts=(Part(PARTS[2], 11, slot=1),)),
    ),
    "all are divided, one has no instance": (
        Board(UUIDS[0], mig=1),
        Board(UUIDS[1], mig=1, parts=(Part(PARTS[0], 1),)),
    ),
}

_whole = st.sampled_from([*UUIDS, *PARTS, f"MIG-{UUIDS[0]}", f"MIG-{UUIDS[0]}/1/0"])
_shortened = st.builds(lambda uuid, size: uuid[:size], _whole, st.integers(0, 48))
_instance = st.builds(
    "MIG-{}/{}/{}".format,
    st.builds(lambda uuid, size: uuid[:size], st.sampled_from(UUIDS), st.integers(3, 44)),
    st.sampled_from(["1", "2", "01", "11", "", "+1", "7", "99999999999"]),
    st.sampled_from(["0", "1", "", "0x", "00"]),
)
_number = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "", " ", "\t ", "\x0b"]),
    st.sampled_from(["", "", "", "+", "-", "- ", "--"]),
    st.sampled_from([*"012", "3", "00", "01", "7", str(2**64 - 1), str(2**64), "١", "²"]),
    st.sampled_from(["", "", "", " ", "gpu", ".5", "x1"]),
)
_anything = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=6)
_entries = st.lists(
    st.one_of(_number, _number, _whole, _shortened, _instance, _anything), max_size=5
)
_of_one_kind = st.one_of(
    st.lists(kind, min_size=1, max_size=5) for kind in (_number, _whole, _shortened, _instance)
)
SETTINGS = st.one_of(_entries, _of_one_kind).map(",".join)


def agrees(cuda: Cuda, readings, environment: dict[str, str]) -> None:
    found = [bare(uuid).replace("-", "") for uuid in visible_devices(readings, environment).uuids]
    assert found == cuda.devices(environment)


def compare(machine, libraries: Libraries, name: str, examples: int) -> None:
    played = machine(*MACHINES[name])
    with GpuReader() as reader:
        readings = reader.read()
    with Cuda(played, libraries.of("580")) as cuda:
        agrees(cuda, readings, ALONG_THE_BUS)
        if name == "whole GPUs":
            agrees(cuda, readings, {})

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(SETTINGS)
        def any_text(setting: str) -> None:
            agrees(cuda, readings, {**ALONG_THE_BUS, "CUDA_VISIBLE_DEVICES": setting})

        any_text()


@pytest.mark.parametrize("name", MACHINES)
def test_any_text_is_read_as_cuda_reads_it(machine, libraries: Libraries, name: str) -> None:
    compare(machine, libraries, name, examples=300)


@pytest.mark.prove
@pytest.mark.parametrize("name", MACHINES)
def test_many_texts_are_read_as_cuda_reads_them(machine, libraries: Libraries, name: str) -> None:
    compare(machine, libraries, name, examples=10_000)
