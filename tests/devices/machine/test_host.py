"""The machine as this process may use it."""

from __future__ import annotations

import builtins
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from dlmagic.devices.machine.algebra import read_algebra
from dlmagic.devices.machine.host import read_host
from dlmagic.devices.machine.processor import allowed_cores, processor_name
from dlmagic.devices.machine.roots import Roots
from dlmagic.devices.reading import Reason

MIB = 2**20


@pytest.fixture
def container(tmp_path: Path) -> Roots:
    """What ``docker run --memory 1g --cpus 0.5`` writes."""
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text(f"{1024 * MIB}\n")
    (tmp_path / "memory.current").write_text(f"{224 * MIB}\n")
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n")
    return Roots(proc=tmp_path, cgroup=tmp_path, sys=tmp_path, dev=tmp_path)


def test_a_container_has_what_it_was_given(container: Roots) -> None:
    host = read_host(container)
    assert host.processor == "Some CPU @ 3 GHz"
    assert (host.cores, host.cores_limited_by) == (0.5, "quota")
    assert (host.memory_total, host.memory_available) == (1024 * MIB, 800 * MIB)
    assert host.memory_limited
    assert host.memory_present == psutil.virtual_memory().total


def test_a_limit_above_the_machine_is_none(container: Roots) -> None:
    (container.cgroup / "memory.max").write_text(str(2**60))
    (container.cgroup / "cpu.max").write_text("100000000 1000")
    host = read_host(container)
    assert host.memory_total == host.memory_present
    assert host.cores == allowed_cores()
    assert not host.memory_limited


def test_more_in_use_than_allowed_leaves_nothing(container: Roots) -> None:
    (container.cgroup / "memory.current").write_text(str(2**40))
    assert read_host(container).memory_available == 0


def test_this_machine_is_read() -> None:
    host = read_host()
    assert host.processor
    assert 0 < host.cores <= host.cores_present == os.cpu_count()
    assert 0 < host.memory_available <= host.memory_total <= host.memory_present


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity")
def test_cores_that_this_process_is_kept_from_do_not_count(tmp_path: Path) -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from dlmagic.devices.machine.host import read_host; host = read_host()\n"
        "print(host.cores, host.cores_present > 1 and host.cores_limited_by)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cores, limited_by = shown.stdout.split()
    assert float(cores) <= 1
    assert limited_by in ("affinity", "quota", "False")


def test_a_processor_without_a_name_is_its_architecture(tmp_path: Path) -> None:
    assert processor_name(tmp_path / "absent") == platform.machine()
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t:\n")
    assert processor_name(tmp_path) == platform.machine()


def test_linear_algebra_is_told_with_its_threads() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpoolctl.threadpool_limits(1):
        found = [each for each in read_algebra() if each.kind == "blas"]
    assert found
    assert all(each.threads == 1 for each in found)


def test_without_threadpoolctl_the_files_of_numpy_name_what_it_was_built_with(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    (found,) = read_algebra()
    assert (found.kind, bool(found.name)) == ("blas", True)
    assert "pip install threadpoolctl" in str(found.threads)
    monkeypatch.setattr(sys, "path", [])
    assert isinstance(read_algebra(), Reason)


BEFORE_AND_AFTER = """
import sys
from dlmagic.devices.machine.algebra import read_algebra
before = [(each.kind, each.name, each.version, each.threads) for each in read_algebra()]
assert "numpy" not in sys.modules
import numpy
after = [(each.kind, each.name, each.version, each.threads) for each in read_algebra()]
print(before == after, before, after)
"""


@pytest.mark.parametrize(
    "variables",
    [{}, {"OMP_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "64"}],
)
def test_before_numpy_is_loaded_the_same_is_told_as_afterwards(variables) -> None:
    pytest.importorskip("threadpoolctl")
    if np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"] != "scipy-openblas":
        pytest.skip("needs a NumPy from PyPI, which brings OpenBLAS")
    bare = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", BEFORE_AND_AFTER]
    done = subprocess.run(command, env=bare | variables, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True"), done.stdout


def test_nothing_is_started_to_read_it(monkeypatch) -> None:
    read_host()  # imports what it needs
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("started a program"))
    monkeypatch.setattr(builtins, "__import__", only_known(builtins.__import__))
    threads = threading.active_count()
    read_host()
    assert threading.active_count() == threads


def only_known(really):
    def importing(name, *arguments, **keywords):
        assert name in sys.modules or name.split(".")[0] not in ("torch", "tensorflow", "jax")
        return really(name, *arguments, **keywords)

    return importing
