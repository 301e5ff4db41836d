"""Broken environments: the right cause comes first, with a command, and nothing is called fine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dlmagic.magics.gpus.check import asking, reading
from dlmagic.magics.gpus.check.engine import check
from dlmagic.magics.gpus.check.result import DeviceCheck
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.magics.gpus.check.environments import ENVIRONMENTS, Broken
from tests.magics.gpus.check.world import World


@contextmanager
def made(case: Broken, folder: Path, libraries: Libraries) -> Iterator[World]:
    world = World(folder, libraries, case.boards, case.generation)
    try:
        case.breaks(world)
        yield world
    finally:
        world.close()


def test_there_are_enough() -> None:
    assert len({each.title for each in ENVIRONMENTS}) == len(ENVIRONMENTS) >= 35


@pytest.mark.parametrize("case", ENVIRONMENTS, ids=lambda case: case.title)
def test_the_right_cause_comes_first(
    case: Broken, tmp_path: Path, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.kind == "cuda-hangs":
        monkeypatch.setattr(reading, "PATIENCE", 1.0)
    with made(case, tmp_path, libraries) as world:
        found = check(case.framework, situation=world.situation())
    answer = found[case.framework]
    assert [each.kind for each in answer.causes][:1] == [case.kind], found
    assert answer.state in ("blind", "unknown")
    assert not found.fine
    for cause in answer.causes:
        assert cause.message.endswith(".")
        assert cause.read
        assert cause.command.strip()
        assert cause.remedy.endswith(".")
    assert DeviceCheck.from_json(found.to_json()) == found


@pytest.fixture
def world(tmp_path: Path, libraries: Libraries) -> Iterator[World]:
    world = World(tmp_path, libraries, (Board(), Board()))
    yield world
    world.close()


def test_a_framework_that_sees_the_device_is_fine(world: World) -> None:
    world.install_torch()
    found = check("torch", situation=world.situation())
    assert found.fine
    assert not found.findings
    assert found["torch"].answer == (
        "PyTorch sees 2 GPUs (NVIDIA H100 80GB HBM3 × 2) and computes on the first."
    )
    assert found["torch"].devices[1] == "cuda:1: NVIDIA H100 80GB HBM3"
    assert found.machine == "CUDA 12.2 works here and gives this kernel 2 GPUs."


def test_all_that_are_installed_are_asked(world: World) -> None:
    world.install_torch()
    world.install_jax("jaxlib-0.5.0", "jax_cuda12_plugin-0.5.0", "jax_cuda12_pjrt-0.5.0")
    world.install_tensorflow("nvidia_cudnn_cu12-9.3.0.75", missing=("libcufft.so.11",))
    found = check(situation=world.situation())
    states = {each.title: each.state for each in found.frameworks}
    assert states == {"PyTorch": "sees", "TensorFlow": "blind", "JAX": "sees"}
    assert not found.fine
    assert [each.kind for each in found.findings] == ["tensorflow-library"]


def test_nothing_is_computed_on_a_full_gpu(world: World) -> None:
    world.install_torch()
    for gpu in range(2):
        world.machine.change(gpu, used=79 * 2**30)
    found = check("torch", situation=world.situation())
    assert found.fine
    assert "computes" not in found["torch"].answer
    assert "Nothing was computed" in found["torch"].remarks[0]


def test_an_entry_that_does_not_count_is_told(world: World) -> None:
    world.install_torch()
    world.environ["CUDA_VISIBLE_DEVICES"] = "1,9,0"
    found = check("torch", situation=world.situation())
    assert found.fine
    assert found.remarks[0].startswith("CUDA_VISIBLE_DEVICES=1,9,0: CUDA leaves 9 out")


def test_a_framework_that_hangs_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "DEADLINE", 0.5)
    world.install_torch()
    world.write(world.site / "torch" / "xpu.py", "import time; time.sleep(60)\n")
    found = check("torch", situation=world.situation())
    assert found["torch"].state == "unknown"
    assert found["torch"].causes[0].kind == "framework-hangs"
    assert not found.fine
