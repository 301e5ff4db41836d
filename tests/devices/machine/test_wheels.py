"""For which devices frameworks were built: folders laid out as pip lays them out."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dlmagic.devices.machine.packages import Package, find_in, installed_packages
from dlmagic.devices.machine.wheels import Wheel, read_wheels


@pytest.fixture(autouse=True)
def on_linux(monkeypatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")


def install(folder: Path, *packages: str, **files: str) -> Path:
    """Descriptions of packages, such as ``torch-2.6.0``, and files; ``__`` stands for a slash."""
    for package in packages:
        (folder / f"{package}.dist-info").mkdir(parents=True)
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def only(folder: Path) -> Wheel:
    (found,) = read_wheels([str(folder)])
    return found


TORCH = """from typing import Optional

__all__ = ['__version__', 'cuda']
__version__ = {version!r}
debug = False
cuda: Optional[str] = {cuda!r}
hip: Optional[str] = {hip!r}
xpu: Optional[str] = {xpu!r}
"""


def torch(version: str, cuda=None, hip=None, xpu=None) -> dict[str, str]:
    return {"torch__version": TORCH.format(version=version, cuda=cuda, hip=hip, xpu=xpu)}


@pytest.mark.parametrize(
    ("built", "cuda", "rocm", "xpu", "cpu_only"),
    [
        (torch("2.6.0+cpu"), None, None, None, True),
        (torch("2.13.0", cuda="13.0"), (13, 0), None, None, False),
        (torch("2.6.0+cu118", cuda="11.8"), (11, 8), None, None, False),
        (torch("2.6.0+rocm6.2", hip="6.2.41133-dd7"), None, "6.2.41133-dd7", None, False),
        (torch("2.9.0+xpu", xpu="20250201"), None, None, "20250201", False),
    ],
)
def test_pytorch_tells_it_in_a_file(tmp_path: Path, built, cuda, rocm, xpu, cpu_only) -> None:
    found = only(install(tmp_path, "torch-2.6.0", **built))
    assert (found.name, found.package) == ("torch", "torch")
    assert (found.cuda, found.rocm, found.xpu) == (cuda, rocm, xpu)
    assert found.cpu_only is cpu_only
    assert f"'{found.version}'" in built["torch__version"]


def test_on_a_mac_every_pytorch_has_a_device(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert only(install(tmp_path, "torch-2.6.0", **torch("2.6.0"))).cpu_only is False


@pytest.mark.parametrize(
    ("version", "cpu_only"),
    [("2.6.0+cpu", True), ("2.6.0+cu124", False), ("2.6.0+rocm6.2", False), ("2.6.0", None)],
)
def test_without_the_file_the_label_of_the_version_tells(tmp_path, version, cpu_only) -> None:
    found = only(install(tmp_path, f"torch-{version}"))
    assert (found.version, found.cpu_only, found.cuda) == (version, cpu_only, None)


BUILD = "import collections\n\nbuild_info = collections.OrderedDict({items!r})\n"
WITH_CUDA = [("cuda_version", "12.5.1"), ("is_cuda_build", True), ("is_rocm_build", False)]
WITHOUT = [("is_cuda_build", False), ("is_rocm_build", False)]
ON_WINDOWS = [("cuda_version", "64_112"), ("is_cuda_build", True)]


def tensorflow(items: object) -> dict[str, str]:
    return {"tensorflow__python__platform__build_info": BUILD.format(items=items)}


@pytest.mark.parametrize(
    ("packages", "items", "cuda", "cpu_only"),
    [
        (["tensorflow-2.21.0"], WITH_CUDA, (12, 5), False),
        (["tensorflow_cpu-2.21.0"], WITHOUT, None, True),
        (["tensorflow-2.10.1", "tensorflow_intel-2.10.1"], WITHOUT, None, True),
        (["tensorflow_gpu-2.9.1"], ON_WINDOWS, (11, 2), False),
        (["tensorflow-2.18.0", "tensorflow_metal-1.2.0"], WITHOUT, None, False),
        (["tensorflow-2.18.0"], {"is_cuda_build": True}, None, False),
        (["tensorflow-2.18.0"], [], None, None),
    ],
)
def test_tensorflow_tells_it_in_another_file(tmp_path, packages, items, cuda, cpu_only) -> None:
    found = only(install(tmp_path, *packages, **tensorflow(items)))
    assert found.package == packages[0].partition("-")[0].replace("_", "-")
    assert (found.cuda, found.cpu_only) == (cuda, cpu_only)


def test_tensorflow_with_rocm(tmp_path: Path) -> None:
    items = [("is_cuda_build", False), ("is_rocm_build", True), ("rocm_version", "60204")]
    found = only(install(tmp_path, "tensorflow_rocm-2.18.0", **tensorflow(items)))
    assert (found.rocm, found.cuda, found.cpu_only) == ("60204", None, False)


def test_the_libraries_of_tensorflow_are_told(tmp_path: Path) -> None:
    packages = ("tensorflow-2.21.0", "nvidia_cudnn_cu12-9.3.0.75", "nvidia_ml_py-13.0")
    found = only(install(tmp_path, *packages, **tensorflow(WITH_CUDA)))
    assert found.plugins == (Package("nvidia-cudnn-cu12", "9.3.0.75"),)
    cpu = only(
        install(tmp_path / "cpu", "tensorflow_cpu-2.21.0", *packages[1:2], **tensorflow(WITHOUT))
    )
    assert cpu.cpu_only is True


@pytest.mark.parametrize(
    ("more", "cuda", "rocm", "cpu_only"),
    [
        (["jaxlib-0.6.0"], None, None, True),
        ([], None, None, True),
        (["jaxlib-0.6.0", "jax_cuda12_plugin-0.6.0", "jax_cuda12_pjrt-0.6.0"], (12,), None, False),
        (["jaxlib-0.6.0", "jax_cuda13_plugin-0.6.0"], (13,), None, False),
        (["jaxlib-0.4.20+cuda12.cudnn89"], (12,), None, False),
        (["jaxlib-0.3.0+cuda110"], (11,), None, False),
        (["jaxlib-0.6.0", "jax_rocm60_plugin-0.6.0"], None, "60", False),
        (["jaxlib-0.6.0", "libtpu-0.0.11"], None, None, False),
        (["jaxlib-0.4.34", "jax_metal-0.1.1"], None, None, False),
    ],
)
def test_what_jax_computes_on_are_packages(tmp_path, more, cuda, rocm, cpu_only) -> None:
    found = only(install(tmp_path, "jax-0.6.0", *more))
    assert (found.name, found.version) == ("jax", "0.6.0")
    assert (found.cuda, found.rocm, found.cpu_only) == (cuda, rocm, cpu_only)
    assert len(found.plugins) == len(more)


def test_a_framework_without_a_package_is_found_by_its_files(tmp_path: Path) -> None:
    install(tmp_path, **torch("2.7.0a0+git", cuda="12.8"), **tensorflow(WITHOUT))
    install(tmp_path, jax__version='_version = "0.6.1"\n_release_version: str | None = None\n')
    found = read_wheels([str(tmp_path)])
    assert [each.package for each in found] == [None] * 3
    assert [each.version for each in found] == ["2.7.0a0+git", None, "0.6.1"]


@pytest.mark.parametrize("text", ["def broken(", "cuda = {[]: 1}", "cuda = f()", "\0", ""])
def test_a_file_that_says_nothing_leaves_it_open(tmp_path: Path, text: str) -> None:
    found = only(install(tmp_path, "torch-2.6.0", torch__version=text))
    assert (found.version, found.cpu_only) == ("2.6.0", None)


def test_without_a_framework_there_is_none(tmp_path: Path) -> None:
    assert read_wheels([str(tmp_path), str(tmp_path / "absent")]) == ()
    assert read_wheels([]) == ()


def test_names_are_written_in_the_usual_way_and_the_first_place_counts(tmp_path: Path) -> None:
    first = install(tmp_path / "first", "Some_Package.of-1.0")
    second = install(tmp_path / "second", "some_package_of-2.0", "no-description-at-all")
    (first / "Some_thing-2.0.dist-info").mkdir()
    (second / "old_tool-3.1-py3.11.egg-info").mkdir()
    found = installed_packages([str(first), str(second)])
    assert found["some-thing"] == Package("some-thing", "2.0")
    assert found["old-tool"].version == "3.1"
    assert len(found) == 3
    assert find_in([str(first), str(second)], "absent.py") is None


def test_what_is_installed_here_is_told_as_the_frameworks_tell_it() -> None:
    torch = pytest.importorskip("torch")
    found = {each.name: each for each in read_wheels()}
    assert found["torch"].version == torch.__version__
    assert (found["torch"].cuda is None) == (torch.version.cuda is None)


def test_nothing_of_them_is_imported() -> None:
    code = (
        "from dlmagic.devices.machine.wheels import read_wheels; found = read_wheels(); import sys;"
        "print(len(found), {'torch', 'tensorflow', 'jax', 'jaxlib'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split(maxsplit=1)[1].strip() == "set()"
