"""Limits of containers and batch systems, as Linux lays them out in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlmagic.devices.machine.cgroup import MemoryLimit, cores_quota, memory_limit
from dlmagic.devices.machine.roots import Roots

MIB = 2**20


def roots(folder: Path, groups: str, **files: str) -> Roots:
    """Groups of this process, and files below the folder of groups; ``__`` stands for a slash."""
    (folder / "proc" / "self").mkdir(parents=True)
    (folder / "proc" / "self" / "cgroup").write_text(groups)
    for name, text in files.items():
        file = folder / "cgroup" / name.replace("__", "/").replace("DOT", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return Roots(proc=folder / "proc", cgroup=folder / "cgroup")


V1 = "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n"


def test_a_container_of_the_second_kind(tmp_path: Path) -> None:
    given = roots(
        tmp_path,
        "0::/\n",
        cpuDOTmax="150000 100000",
        memoryDOTmax=str(1024 * MIB),
        memoryDOTcurrent=str(300 * MIB),
        memoryDOTstat=f"anon 1\ninactive_file {100 * MIB}\nactive_file 7",
    )
    assert cores_quota(given) == 1.5
    assert memory_limit(given) == MemoryLimit(1024 * MIB, 200 * MIB)


def test_a_container_of_the_first_kind(tmp_path: Path) -> None:
    given = roots(
        tmp_path,
        V1,  # the way begins outside of the container: its own folder is the top one
        cpu__cpuDOTcfs_quota_us="150000",
        cpu__cpuDOTcfs_period_us="100000",
        memory__memoryDOTlimit_in_bytes=str(1024 * MIB),
        memory__memoryDOTusage_in_bytes=str(300 * MIB),
        memory__memoryDOTstat=f"inactive_file 1\ntotal_inactive_file {50 * MIB}",
    )
    assert cores_quota(given) == 1.5
    assert memory_limit(given) == MemoryLimit(1024 * MIB, 250 * MIB)


def test_the_tightest_on_the_way_up_counts(tmp_path: Path) -> None:
    given = roots(
        tmp_path,
        "0::/slurm/job_7/step_0\n",
        slurm__job_7__step_0__cpuDOTmax="max 100000",
        slurm__job_7__cpuDOTmax="400000 100000",
        slurm__cpuDOTmax="3200000 100000",
        slurm__job_7__step_0__memoryDOTmax=str(512 * MIB),
        slurm__job_7__step_0__memoryDOTcurrent=str(100 * MIB),
        slurm__job_7__memoryDOTmax=str(600 * MIB),
        slurm__job_7__memoryDOTcurrent=str(500 * MIB),
        slurm__memoryDOTmax="max",
    )
    assert cores_quota(given) == 4
    assert memory_limit(given) == MemoryLimit(600 * MIB, 500 * MIB)


def test_both_kinds_at_once(tmp_path: Path) -> None:
    given = roots(
        tmp_path,
        "4:memory:/job\n0::/job\n",
        memory__job__memoryDOTlimit_in_bytes=str(256 * MIB),
        memory__job__memoryDOTusage_in_bytes=str(MIB),
        unified__job__cpuDOTmax="50000 100000",
    )
    assert cores_quota(given) == 0.5
    assert memory_limit(given) == MemoryLimit(256 * MIB, MIB)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpuDOTmax": "max 100000", "memoryDOTmax": "max"},
        {"cpuDOTmax": "nonsense", "memoryDOTmax": ""},
        {"cpuDOTmax": "100000 0", "memoryDOTmax": "-1"},
        {
            "cpu__cpuDOTcfs_quota_us": "-1",
            "cpu__cpuDOTcfs_period_us": "100000",
            "memory__memoryDOTlimit_in_bytes": "9223372036854771712",
        },
    ],
)
def test_without_a_limit_there_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    given = roots(tmp_path, V1, **files)
    assert cores_quota(given) is None
    assert memory_limit(given) is None


def test_a_way_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    given = roots(tmp_path, "0::/../../elsewhere\n", cpuDOTmax="200000 100000")
    assert cores_quota(given) == 2


def test_without_linux_there_is_no_limit(tmp_path: Path) -> None:
    absent = Roots(proc=tmp_path / "proc", cgroup=tmp_path / "cgroup")
    assert cores_quota(absent) is None
    assert memory_limit(absent) is None
