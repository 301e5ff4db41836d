"""What is read of real GPUs is what nvidia-smi says, and who uses them is known."""

from __future__ import annotations

import csv
import subprocess

import pytest

from dlmagic.devices.gpus.trust import read_surroundings
from dlmagic.devices.reading import Reason
from tests.gpu.nvidia import NEEDS_GPU, NEEDS_NVIDIA_SMI, environment, read_gpus
from tests.magics.gpus.pick.notebook import Notebook

pytestmark = NEEDS_GPU

MIB = 2**20
# What may change between two looks: MiB, percent, degrees, watts.
CHANGING = {
    "memory.used": (lambda gpu: gpu.memory_used, MIB, 64),
    "utilization.gpu": (lambda gpu: gpu.utilization, 1, 100),
    "temperature.gpu": (lambda gpu: gpu.temperature, 1, 10),
    "power.draw": (lambda gpu: gpu.power, 1, 300),
}
FIXED = ("uuid", "name", "memory.total", "compute_mode")


def asked_of_nvidia_smi() -> list[dict[str, str]]:
    """A row for each GPU; what is not told stands in brackets."""
    names = [*FIXED, *CHANGING]
    command = ["nvidia-smi", f"--query-gpu={','.join(names)}", "--format=csv,noheader,nounits"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


@NEEDS_NVIDIA_SMI
def test_what_stays_is_what_nvidia_smi_says() -> None:
    for gpu, row in zip(read_gpus(), asked_of_nvidia_smi(), strict=True):
        assert (gpu.uuid, gpu.name) == (row["uuid"], row["name"])
        assert agrees(gpu.memory_total, row["memory.total"], MIB, 1)
        modes = {"default": "Default", "prohibited": "Prohibited"}
        assert modes.get(str(gpu.compute_mode), "Exclusive_Process") == row["compute_mode"]


@NEEDS_NVIDIA_SMI
@pytest.mark.parametrize("name", CHANGING)
def test_what_changes_is_near_what_nvidia_smi_says(name: str) -> None:
    value, unit, slack = CHANGING[name]
    before, rows, after = read_gpus(), asked_of_nvidia_smi(), read_gpus()
    for row, *gpus in zip(rows, before, after, strict=True):
        assert any(agrees(value(gpu), row[name], unit, slack) for gpu in gpus), (row, gpus)


def agrees(ours: float | Reason, theirs: str, unit: int, slack: float) -> bool:
    """Whether both tell about the same, or both tell nothing."""
    if isinstance(ours, Reason) or theirs.startswith("["):
        return isinstance(ours, Reason) and theirs.startswith("[")
    return abs(ours / unit - float(theirs)) <= slack


ALLOCATE = """
import torch
kept = torch.ones(256 * 2**20, dtype=torch.uint8, device="cuda")
torch.cuda.synchronize()
answer = str(torch.cuda.get_device_properties(0).uuid)
"""
WHO = """
report = dlmagic.gpus()
answer = [
    (gpu.uuid, gpu.free, [p.whose for p in gpu.processes if p.pid == os.getpid()])
    for gpu in report.gpus
]
"""


def test_this_kernel_is_found_on_the_gpu_that_it_computes_on() -> None:
    torch = pytest.importorskip("torch")
    if torch.version.cuda is None:
        pytest.skip("needs a PyTorch that is built for CUDA")
    with Notebook(environment()) as notebook:
        uuid = notebook.run(ALLOCATE)
        found = notebook.run(WHO)
    (free, whose) = next((free, whose) for known, free, whose in found if known[4:] == uuid)
    assert not free
    # In a container, older drivers tell the numbers that processes have outside of it.
    if whose or read_surroundings().first_namespace:
        assert whose == ["this kernel"]


STATE = """
from dlmagic.devices.cuda.state import read_cuda_state
answer = read_cuda_state().kind
"""


def test_a_report_does_not_start_cuda() -> None:
    with Notebook(environment()) as notebook:
        notebook.run("dlmagic.gpus()")
        # Newer drivers load CUDA's library for NVML, and do not start it.
        assert notebook.run(STATE) in ("untouched", "loaded")
        lists = [gpu.processes for gpu in read_gpus() if isinstance(gpu.processes, tuple)]
    assert notebook.pid not in [each.pid for processes in lists for each in processes]
