"""Whether it is too late to pick, on a real driver: never a wrong answer."""

from __future__ import annotations

import pytest

from dlmagic.devices.cuda.device import bare
from dlmagic.devices.machine.wheels import read_wheels
from tests.devices.cuda.cases import CASES, NVML_CHECK, Case
from tests.devices.cuda.notebook import Notebook
from tests.gpu.nvidia import NEEDS_GPU, environment, read_gpus, skip_if_divided

pytestmark = NEEDS_GPU

ANSWERS = {"initialised": "too late", "unusable": "unusable"}


@pytest.mark.parametrize("nvml_check", [False, True], ids=["", "checked by NVML"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_answer_is_wrong(case: Case, nvml_check: bool) -> None:
    skip_without_cuda(case)
    variables = {**environment(), NVML_CHECK: "1"} if nvml_check else environment()
    with Notebook(variables) as notebook:
        told = notebook.run(case.code, forked=case.forked)
    assert ANSWERS.get(told.kind, "safe") == case.expected(nvml_check=nvml_check), told


def test_the_devices_that_cuda_has_are_told() -> None:
    case = next(case for case in CASES if case.name == "CUDA started")
    with Notebook(environment()) as notebook:
        told = notebook.run(case.code)
    skip_if_divided()
    assert set(told.devices) == {bare(str(gpu.uuid)) for gpu in read_gpus()}


def skip_without_cuda(case: Case) -> None:
    """A framework that is built for the processor alone starts no CUDA."""
    if not case.installed:
        pytest.skip(f"{case.package} is not installed")
    wheel = next((each for each in read_wheels() if each.name == case.package), None)
    if wheel is not None and wheel.cuda is None:
        pytest.skip(f"{case.package} is not built for CUDA")
