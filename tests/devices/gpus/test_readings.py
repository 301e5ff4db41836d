"""What is read of GPUs through the real binding, and how little is asked for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pynvml
import pytest

from dlmagic.codec import decode, encode
from dlmagic.devices.gpus.gpu import Gpu, GpuProcess, GpuReadings
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import GIB, Board, Part, Process
from tests.devices.double.building import Libraries
from tests.devices.double.generations import GENERATIONS
from tests.devices.double.machine import Machine

BUSY = Board(
    used=3 * GIB,
    utilization=71,
    temperature=66,
    power=123_456,
    throttle=0x4 | 0x1000,
    compute_mode=3,
    persistence=0,
    major=8,
    minor=6,
    processes=(Process(7, 2 * GIB, "CG"), Process(8, GIB, "M"), Process(9, 2**64 - 1)),
)


def one(**settings) -> Gpu:
    with GpuReader(**settings) as reader:
        return reader.read().gpus[0]


def test_every_field_is_what_the_driver_says(machine) -> None:
    machine(BUSY)
    gpu = one()
    no_memory = gpu.processes[1].memory
    assert "memory of single processes" in str(no_memory)
    assert gpu == Gpu(
        index=0,
        uuid="GPU-00000000-0000-0000-0000-000000000000",
        name="NVIDIA H100 80GB HBM3",
        bus_id="0000:01:00.0",
        capability=(8, 6),
        memory_total=80 * GIB,
        memory_used=3 * GIB,
        memory_free=77 * GIB - GIB // 2,
        memory_reserved=GIB // 2,
        utilization=71,
        temperature=66,
        power=123.456,
        power_limit=700.0,
        compute_mode="exclusive process",
        persistence=False,
        divided=False,
        parts=(),
        throttling=("power limit", "another cause (0x1000)"),
        processes=(
            GpuProcess(7, 2 * GIB, ("C", "G")),
            GpuProcess(9, no_memory, ("C",)),
            GpuProcess(8, GIB, ("M",)),
        ),
    )


def test_readings_survive_json(machine) -> None:
    parts = (Part("MIG-a", 1),)
    machine(BUSY, Board(hidden=1), Board(mig=1, parts=parts, processes=(Process(7, gi=1, ci=0),)))
    with GpuReader() as reader:
        found = reader.read()
    text = json.dumps(encode(found, GpuReadings), allow_nan=False)
    assert decode(json.loads(text), GpuReadings) == found


def test_the_driver_is_told_and_why_there_are_no_gpus(machine) -> None:
    played = machine()
    with GpuReader() as reader:
        found = reader.read()
        assert (found.driver, found.cuda, found.missing) == ("580.65.06", (13, 0), None)
        assert 0 < found.seconds < 1
        played.boards.clear()
        played.write()
        found = reader.read()
    assert (found.gpus, found.driver) == ((), "580.65.06")
    assert "no NVIDIA GPU" in str(found.missing)


def test_without_a_driver_there_is_one_reason() -> None:
    with GpuReader() as reader:
        found = reader.read()
    if found.gpus:
        pytest.skip("this machine has an NVIDIA GPU")
    assert "no NVIDIA driver" in str(found.missing)
    assert found.driver == found.cuda == found.missing


def test_parts_of_a_divided_gpu_are_listed_with_who_is_on_them(machine) -> None:
    parts = (Part("MIG-a", 1, total=10 * GIB, used=GIB), Part("MIG-b", 5, 1, slot=4))
    machine(Board(mig=1, parts=parts, processes=(Process(7, GIB, gi=1, ci=0),)))
    gpu = one()
    assert gpu.divided is True
    assert [(each.uuid, each.gpu_instance, each.compute_instance) for each in gpu.parts] == [
        ("MIG-a", 1, 0),
        ("MIG-b", 5, 1),
    ]
    assert (gpu.parts[0].memory_used, gpu.parts[0].memory_total) == (GIB, 10 * GIB)
    assert gpu.processes == (GpuProcess(7, GIB, ("C",), 1, 0),)
    assert isinstance(gpu.utilization, Reason)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_all_generations_of_the_driver_are_read(machine, generation: str) -> None:
    machine(BUSY, generation=generation)
    gpu = one()
    assert gpu.memory_total == 80 * GIB
    assert gpu.throttling == ("power limit", "another cause (0x1000)")
    assert "NVIDIA" in gpu.name
    older = generation in ("430", "450", "470")
    assert gpu.memory_used == 3 * GIB + (GIB // 2 if older else 0)
    assert isinstance(gpu.memory_reserved, Reason) == older
    if generation == "430":
        assert "too old" in str(gpu.processes)
        return
    drawn_or_computed = [each.pid for each in gpu.processes if each.kinds != ("M",)]
    assert drawn_or_computed == [7, 9]
    assert gpu.unlisted == ()


def test_the_newest_drivers_may_drop_the_old_name_of_a_function(machine) -> None:
    played = machine(BUSY)
    played.break_down("nvmlDeviceGetTemperature", code=13)
    assert one().temperature == 66


def test_gpus_that_may_not_be_read_are_counted_with_the_reason(machine) -> None:
    machine(Board(), Board(hidden=1), Board(used=GIB))
    with GpuReader() as reader:
        gpus = reader.read().gpus
    assert [gpu.index for gpu in gpus] == [0, 1, 2]
    assert [gpu.trouble is None for gpu in gpus] == [True, False, True]
    assert "may not read" in str(gpus[1].memory_used)
    assert gpus[2].memory_used == GIB


def test_changes_are_seen_and_what_stays_the_same_is_asked_once(machine) -> None:
    played = machine(BUSY, Board())
    with GpuReader() as reader:
        reader.read()
        played.enter(1, Process(12, 5 * GIB))
        assert reader.read().gpus[1].processes == (GpuProcess(12, 5 * GIB),)
        played.leave(1, 12)
        assert reader.read().gpus[1].memory_used == 0
        asked = Counter(call.function for call in played.calls())
        played.forget_calls()
    once = ("nvmlDeviceGetName", "nvmlDeviceGetUUID", "nvmlDeviceGetPciInfo_v3")
    assert [asked[name] for name in once] == [2, 2, 2]
    assert asked["nvmlInitWithFlags"] == 1
    assert asked["nvmlDeviceGetPcieThroughput"] == 0
    assert [call.function for call in played.calls()] == ["nvmlShutdown"]


def test_what_could_not_be_read_once_is_asked_again(machine) -> None:
    played = machine()
    fault = played.break_down("nvmlDeviceGetName", code=999)
    with GpuReader() as reader:
        assert isinstance(reader.read().gpus[0].name, Reason)
        played.mend(fault)
        assert reader.read().gpus[0].name == "NVIDIA H100 80GB HBM3"


def test_a_closed_reader_asks_nothing_and_can_be_used_again(machine) -> None:
    played = machine()
    reader = GpuReader()
    reader.close()
    assert played.calls() == []
    for _ in range(2):
        assert reader.read().gpus
        reader.close()
        reader.close()
    assert len(played.calls("nvmlInitWithFlags")) == len(played.calls("nvmlShutdown")) == 2


def test_nothing_is_imported_or_started_before_the_first_reading() -> None:
    code = (
        "import sys\n"
        "from dlmagic.devices.gpus.reader import GpuReader\n"
        "from dlmagic.devices.gpus.owners import Owners\n"
        "with GpuReader(): Owners()\n"
        "print({'pynvml', 'psutil'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_a_function_that_another_package_has_put_into_the_binding_does_no_harm(
    machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(Board(total=8 * GIB, used=GIB))
    asked = pynvml.nvmlDeviceGetMemoryInfo
    # As gpustat does when it is imported.
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda handle: asked(handle))
    with GpuReader() as reader:
        (gpu,) = reader.read().gpus
    assert gpu.memory_total == 8 * GIB
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda: None)
    with GpuReader() as reader:
        (gpu,) = reader.read().gpus
    assert isinstance(gpu.memory_total, Reason)
    assert isinstance(gpu.name, str)


def test_another_module_called_pynvml_is_told_apart(tmp_path) -> None:
    (tmp_path / "pynvml.py").write_text("def something_else(): ...\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from dlmagic.devices.gpus.reader import GpuReader\n"
        "with GpuReader() as reader: print(reader.read().missing)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "the module pynvml is not NVIDIA's" in shown.stdout


FOLLOW = """
import sys
from dlmagic.devices.gpus.reader import GpuReader
with GpuReader() as reader:
    for _ in sys.stdin:
        found = reader.read()
        print(*[len(gpu.processes) for gpu in found.gpus], flush=True)
"""


def test_another_interpreter_follows_what_happens(libraries: Libraries, tmp_path: Path) -> None:
    played = Machine(tmp_path, [Board(), Board()])
    found_at = {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment = {**played.environment(libraries.of("580")), **found_at}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", FOLLOW], env=environment, **pipes) as child:
        for wanted in ("0 0", "0 1", "0 2"):
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline().strip() == wanted
            played.enter(1, Process(70 + int(wanted[-1])))
        child.stdin.close()
    assert {call.pid for call in played.calls()} == {child.pid}
    played.close()
