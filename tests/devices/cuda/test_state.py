"""Whether it is too late, over what people run before: never a wrong answer.

What is true is what the double of CUDA's library was called: it is too late once cuInit was, and
found a device.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dlmagic.devices.cuda.forks import was_started_before_the_fork
from tests.devices.cuda.cases import CASES, NVML_CHECK, Case
from tests.devices.cuda.notebook import Notebook, Told
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

A, B = (f"GPU-{first}0000000-1111-2222-3333-444444444444" for first in "ab")
BARE_A, BARE_B = A[4:], B[4:]
BY_NAME = {case.name: case for case in CASES}
OF_THE_DOUBLE = [case for case in CASES if case.package in ("sys", "ctypes")]
START = BY_NAME["CUDA started"].code
_A_CUDA_THAT_DOES_NOT_START = (
    "xla_bridge.register_backend_factory('cuda', lambda: 1 / 0, priority=1, fail_quietly=True)"
)
CHECK_BY_NVML = f"import os; os.environ['{NVML_CHECK}'] = '1'"


@pytest.fixture
def played(libraries: Libraries, tmp_path) -> Iterator[Machine]:
    made = Machine(tmp_path, (Board(A), Board(B)))
    yield made
    made.close()


@pytest.fixture
def environment(played: Machine, libraries: Libraries) -> dict[str, str]:
    found = played.environment(libraries.of("580"))
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", NVML_CHECK):
        found.pop(name, None)
    return {**found, "TF_CPP_MIN_LOG_LEVEL": "3"}


def truth(played: Machine, case: Case) -> str:
    if not played.calls("cuInit") or case is BY_NAME["CUDA found nothing"]:
        return "safe"
    return "unusable" if case.forked else "too late"


def answer(told: Told) -> str:
    return {"initialised": "too late", "unusable": "unusable"}.get(told.kind, "safe")


def run_in_turn(played: Machine, environment: dict[str, str], *cases: Case) -> Told:
    """One case after the other in one process, as to ask changes nothing; what is told last."""
    with Notebook(environment) as notebook:
        for case in cases:
            told = notebook.run(case.code, (A,), forked=case.forked)
            assert answer(told) == truth(played, case), case.name
    return told


def cases_of(package: str) -> list[Case]:
    found = [case for case in CASES if case.package == package]
    if not found[0].installed:
        pytest.skip(f"{package} is not installed")
    return found


@pytest.mark.parametrize("case", OF_THE_DOUBLE, ids=lambda case: case.name)
def test_no_answer_is_wrong_without_a_framework(played: Machine, environment, case: Case) -> None:
    told = run_in_turn(played, environment, case)
    assert answer(told) == case.expected(nvml_check=False)


def test_no_answer_is_wrong_with_torch(played: Machine, environment) -> None:
    checked = Case("the check by NVML", "torch", CHECK_BY_NVML, "safe")
    cases = cases_of("torch")
    told = run_in_turn(played, environment, *cases, checked, *cases)
    assert told.settled == ()


def test_no_answer_is_wrong_with_tensorflow(played: Machine, environment) -> None:
    told = run_in_turn(played, environment, *cases_of("tensorflow"))
    assert (told.settled, told.advice) == ((), "")


def test_no_answer_is_wrong_with_jax(played: Machine, environment) -> None:
    told = run_in_turn(played, environment, *cases_of("jax"))
    assert (told.settled, told.advice) == ((), "")


def test_jax_that_fell_back_to_the_cpu_keeps_to_it(played: Machine, environment) -> None:
    imported, listed = cases_of("jax")
    for_cuda = f"{imported.code}\nfrom jax._src import xla_bridge\n{_A_CUDA_THAT_DOES_NOT_START}"
    told = run_in_turn(played, environment, replace(imported, code=for_cuda), listed)
    assert told.settled == ("JAX has made its devices (cpu)",)
    assert told.advice == (
        "JAX has made its devices (cpu) and keeps to them: restart the kernel, then run "
        "%gpus pick first."
    )


def test_numba_starts_cuda_and_other_gpus_mean_a_restart(played: Machine, environment) -> None:
    narrowed = {**environment, "CUDA_VISIBLE_DEVICES": "1"}
    told = run_in_turn(played, narrowed, *cases_of("numba"))
    assert played.calls("cuInit")
    assert (told.kind, told.devices) == ("initialised", (BARE_B,))
    assert (told.by, told.sure) == (("numba",), True)
    assert told.advice == (
        "CUDA was already started in this process by numba and has other GPUs "
        "(cuda:0 is b0000000…): restart the kernel, then run %gpus pick first."
    )


@pytest.mark.parametrize("package", ["triton", "cupy"])
def test_no_answer_is_wrong_with(played: Machine, environment, package: str) -> None:
    run_in_turn(played, environment, *cases_of(package))


@pytest.mark.prove
@pytest.mark.parametrize("nvml_check", ["0", "1"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_answer_is_wrong_in_a_process_of_its_own(
    played: Machine, environment, case: Case, nvml_check: str
) -> None:
    cases_of(case.package)
    run_in_turn(played, {**environment, NVML_CHECK: nvml_check}, case)


def test_to_ask_loads_and_starts_nothing(played: Machine, environment) -> None:
    with Notebook(environment) as notebook:
        assert notebook.run("").kind == "untouched"
        assert notebook.run("assert 'libcuda' not in open('/proc/self/maps').read()").settled == ()
        told = notebook.run("import ctypes; cuda = ctypes.CDLL('libcuda.so.1')", (A,))
        assert (told.kind, told.advice) == ("loaded", "")
    assert {call.function for call in played.calls()} == {"cuCtxGetCurrent"}


def test_the_devices_that_cuda_has_are_told_in_its_order(environment) -> None:
    with Notebook({**environment, "CUDA_VISIBLE_DEVICES": "1,0"}) as notebook:
        told = notebook.run(START, (A, B))
    assert told.devices == (BARE_B, BARE_A)
    assert told.advice == (
        "CUDA was already started in this process and has these GPUs: use cuda:1 and cuda:0."
    )


def test_cuda_that_found_no_gpu_may_still_get_one(environment) -> None:
    with Notebook(environment) as notebook:
        told = notebook.run(BY_NAME["CUDA found nothing"].code, (A,))
        assert (told.kind, told.advice) == ("loaded", "")
        again = f"os.environ['CUDA_VISIBLE_DEVICES'] = {A!r}\n{START}"
        assert notebook.run(again, (A,)).devices == (BARE_A,)


def test_nvml_is_no_trace_of_a_cuda_that_was_started(environment) -> None:
    # Newer drivers open the device file for managed memory for it, too.
    use = "import pynvml; pynvml.nvmlInit(); import ctypes; ctypes.CDLL('libcuda.so.1')"
    with Notebook(environment) as notebook:
        assert notebook.run(use, (A,)).kind == "loaded"
        assert notebook.run("", (A,), forked=True).kind == "loaded"
        assert notebook.run(START, (A,), forked=True).kind == "unusable"


def test_a_driver_that_does_not_tell_its_devices_gives_the_reason(played, environment) -> None:
    played.break_down("cuDeviceGetCount", code=999)
    with Notebook(environment) as notebook:
        told = notebook.run(START, (A,))
        assert told.devices == "CUDA does not tell its devices (CUDA error 999)"
        assert "is not known" in told.advice
    played.mend()
    played.break_down("cuDeviceGetUuid_v2", code=101)
    with Notebook(environment) as notebook:
        told = notebook.run(START, (A,))
        assert "UUID of cuda:0 (CUDA error 101)" in told.devices


def test_a_child_is_told_by_the_note_where_nothing_is_open_or_mapped(environment) -> None:
    close = """
import mmap, os, re
for name in os.listdir("/proc/self/fd"):
    if os.path.realpath(f"/proc/self/fd/{name}").endswith("dev/nvidia-uvm"):
        os.close(int(name))
(mapped,) = (line for line in open("/proc/self/maps") if line.endswith("/dev/nvidia0\\n"))
begin, end = (int(each, 16) for each in mapped.split()[0].split("-"))
assert ctypes.CDLL(None).munmap(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin)) == 0
"""
    with Notebook(environment) as notebook:
        # Asked before CUDA was started: the look before the fork finds it.
        assert notebook.run("").kind == "untouched"
        told = notebook.run(START + close, (A,), forked=True)
        assert told.kind == "unusable"
        assert told.advice.startswith(
            "CUDA cannot be used in this process: it was started before this process was forked "
            "from another one, and such a child cannot use it; start the process with "
        )
        assert notebook.run("", (A,)).kind == "initialised"


def test_without_a_list_of_open_files_there_is_no_trace(tmp_path) -> None:
    assert not was_started_before_the_fork(tmp_path / "absent")


CONTROL = "7f20-7f30 rw-s 00000000 00:06 9 /dev/nvidiactl\n"
REGISTERS = "7f40-7f50 rw-s 00000000 00:06 9 /dev/nvidia12\n"
NVML = "7f00-7f10 r-xp 00000000 08:01 7 /usr/lib/libnvidia-ml.so.580.159.04\n"


@pytest.mark.parametrize(
    ("open_file", "mapped", "started"),
    [
        ("nvidiactl", CONTROL, False),
        ("nvidia-uvm", "", True),
        ("nvidia-uvm", NVML, False),
        ("nvidia-uvm", NVML + CONTROL, False),
        ("nvidia-uvm", NVML + REGISTERS, True),
        ("nvidiactl", REGISTERS, False),  # as those have them that draw with the GPU
    ],
)
def test_what_is_open_and_mapped_tells_a_cuda_that_was_started(
    tmp_path, open_file: str, mapped: str, started: bool
) -> None:
    files = tmp_path / "self" / "fd"
    files.mkdir(parents=True)
    (files / "3").symlink_to(f"/dev/{open_file}")
    (tmp_path / "self" / "maps").write_text(mapped)
    assert was_started_before_the_fork(tmp_path) is started


def test_where_nobody_tells_what_is_mapped_an_open_file_is_a_trace(tmp_path) -> None:
    (tmp_path / "self" / "fd").mkdir(parents=True)
    (tmp_path / "self" / "fd" / "3").symlink_to("/dev/nvidia-uvm")
    assert was_started_before_the_fork(tmp_path)
