"""Machines on which nothing is wrong: no NVIDIA GPU, another maker's, or another system."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.devices.driver.situation import Situation
from dlmagic.errors import OptionError
from dlmagic.magics.gpus.check.engine import check
from tests.devices.double.building import Libraries
from tests.magics.gpus.check.world import World


@pytest.fixture
def world(tmp_path: Path, libraries: Libraries) -> Iterator[World]:
    """A machine without any GPU."""
    world = World(tmp_path, libraries)
    world.without_driver()
    world.without_cards()
    world.without_files()
    world.without_library()
    yield world
    world.close()


def card(world: World, vendor: str) -> None:
    world.write(world.sys / "class" / "drm" / "card0" / "device" / "vendor", vendor)


def test_a_machine_without_a_gpu_is_one_sentence(world: World) -> None:
    world.install_torch()
    found = check(situation=world.situation())
    assert found.machine.startswith("This machine has no NVIDIA GPU, so frameworks compute on")
    assert found["torch"].state == "nothing to see"
    assert found["torch"].answer == "PyTorch computes on the processor."
    assert not found.findings
    assert not found.fine
    assert found.seconds < 1, "nobody was asked"


def test_a_container_without_a_sign_is_told_how_to_get_one(world: World) -> None:
    world.container()
    found = check(situation=world.situation())
    assert "docker run --gpus all" in found.machine
    assert not found.findings


def test_a_gpu_of_amd_is_no_cause_for_alarm(world: World) -> None:
    world.install_torch()
    card(world, "0x1002")
    found = check("torch", situation=world.situation())
    assert "AMD GPU" in found.machine
    assert found["torch"].state == "nothing to see"
    assert found["torch"].answer.endswith("it was not built for the AMD GPU.")
    assert not found.findings


def test_a_gpu_of_amd_that_its_own_build_does_not_see(world: World) -> None:
    world.install_torch("2.6.0+rocm6.2", None, (), hip="6.2.41133")
    card(world, "0x1002")
    found = check("torch", situation=world.situation())
    assert found["torch"].state == "blind"
    (cause,) = found["torch"].causes
    assert cause.kind == "other-gpu-not-seen"
    assert "/dev/kfd" in cause.command


def test_a_tpu_is_not_taken(world: World) -> None:
    world.install_jax("jaxlib-0.5.0", "libtpu-0.0.17")
    world.write(world.dev / "accel0")
    found = check("jax", situation=world.situation())
    assert found["jax"].state == "unknown"
    assert found["jax"].answer == "JAX was not asked for the Google TPU, which that would take."
    assert not found.findings


def test_the_magic(shell: InteractiveShell) -> None:
    shell.run_line_magic("load_ext", "dlmagic")
    found = shell.run_line_magic("gpus", "check torch -o found")
    assert found.frameworks[0].framework == "torch"
    assert shell.user_ns["found"] is found
    with pytest.raises(UsageError, match="no framework torhc"):
        shell.run_line_magic("gpus", "check torhc")


def test_what_is_not_installed_is_told(world: World) -> None:
    found = check("jax", situation=world.situation())
    assert found["jax"].state == "not installed"
    assert found["jax"].causes[0].command == "%pip install jax"


def test_a_name_that_is_no_framework() -> None:
    with pytest.raises(OptionError, match=r"no framework torhc .* Did you mean torch\?"):
        check("torhc")


def test_nothing_is_imported_into_this_process() -> None:
    before = set(sys.modules)
    check(situation=Situation.here())
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert not new & {"torch", "tensorflow", "jax", "pynvml"}
