"""For which devices the installed frameworks were built, told from their files without importing.

Importing one takes seconds, and some take the device when they are imported. PyTorch and
TensorFlow come with a small file about their build; what JAX can compute on are further packages.
"""

from __future__ import annotations

import ast
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlmagic.devices.machine.packages import Package, find_in, installed_packages

_TORCH_FILE = "torch/version.py"
_TENSORFLOW_FILE = "tensorflow/python/platform/build_info.py"
_JAX_FILE = "jax/version.py"
_PLUGINS = {
    "torch": r"torch-(xla|directml)|intel-extension-for-pytorch|pytorch-triton-\w+",
    "tensorflow": r"nvidia-[a-z-]+-cu\d+|tensorflow-(metal|directml-plugin)|"
    r"intel-extension-for-tensorflow",
    "jax": r"jaxlib|jax-(cuda|rocm)\d+-(plugin|pjrt)|jax-metal|libtpu(-nightly)?",
}
_TENSORFLOW_PACKAGE = re.compile(r"(tensorflow|tf-nightly)(-(cpu|gpu|rocm|intel|macos|aarch64))?")
_CUDA_OF_JAX = re.compile(r"jax-cuda(\d+)-plugin")
_ROCM_OF_JAX = re.compile(r"jax-rocm(\d+)-plugin")
_CUDA_IN_JAXLIB = re.compile(r"\+cuda(\d\d)")  # before the packages apart: 0.4.20+cuda12.cudnn89
_OF_WINDOWS = re.compile(r"64_(\d+)(\d)")  # how TensorFlow for Windows writes a version of CUDA


@dataclass(frozen=True)
class Wheel:
    """An installed framework, and for which devices it was built.

    Attributes:
        name: ``"torch"``, ``"tensorflow"`` or ``"jax"``.
        package: What pip calls it, such as ``"tensorflow-cpu"``; None where no package is known.
        version: Its version; None where nothing tells it.
        cuda: The CUDA that it was built for: ``(12, 8)``, or ``(12,)`` where no more is told.
        rocm: The ROCm that it was built for.
        xpu: The toolkit of Intel that it was built for.
        cpu_only: Whether it cannot use any other device, whatever there is; None where that is
            not told.
        plugins: Installed packages that bring it a device, or what one needs; for JAX with jaxlib.
    """

    name: str
    package: str | None = None
    version: str | None = None
    cuda: tuple[int, ...] | None = None
    rocm: str | None = None
    xpu: str | None = None
    cpu_only: bool | None = None
    plugins: tuple[Package, ...] = ()


@dataclass(frozen=True)
class _Installed:
    """All packages, and where they lie."""

    folders: tuple[str, ...] | None
    packages: Mapping[str, Package] = field(default_factory=dict)

    def plugins(self, framework: str) -> tuple[Package, ...]:
        wanted = re.compile(_PLUGINS[framework])
        return tuple(each for name, each in self.packages.items() if wanted.fullmatch(name))


def read_wheels(folders: Iterable[str] | None = None) -> tuple[Wheel, ...]:
    """PyTorch, TensorFlow and JAX, as far as they are installed.

    Args:
        folders: Where to look; where Python looks for modules by default.
    """
    places = None if folders is None else tuple(folders)
    installed = _Installed(places, installed_packages(places))
    found = (_torch(installed), _tensorflow(installed), _jax(installed))
    return tuple(each for each in found if each is not None)


def _torch(installed: _Installed) -> Wheel | None:
    file, package = find_in(installed.folders, _TORCH_FILE), installed.packages.get("torch")
    if file is None and package is None:
        return None
    told = _assigned(file)
    version = _text(told.get("__version__")) or (package.version if package else None)
    built = [_text(told.get(name)) for name in ("cuda", "hip", "xpu")]
    plugins = installed.plugins("torch")
    elsewhere = any(built) or _has_apple_gpu() or _brings_a_device(plugins)
    return Wheel(
        name="torch",
        package=package.name if package else None,
        version=version,
        cuda=_numbers(built[0]),
        rocm=built[1],
        xpu=built[2],
        cpu_only=not elsewhere if "cuda" in told else _by_label(version),
        plugins=plugins,
    )


def _by_label(version: str | None) -> bool | None:
    """What the label of a version says, where no file does: ``2.6.0+cpu``."""
    label = (version or "").partition("+")[2]
    if label == "cpu":
        return True
    return False if label.startswith(("cu", "rocm", "xpu")) else None


def _tensorflow(installed: _Installed) -> Wheel | None:
    file = find_in(installed.folders, _TENSORFLOW_FILE)
    names = [name for name in installed.packages if _TENSORFLOW_PACKAGE.fullmatch(name)]
    if file is None and not names:
        return None
    package = installed.packages[min(names, key=len)] if names else None
    told = dict(_assigned(file).get("build_info", {}))
    plugins = installed.plugins("tensorflow")
    built = [told.get("is_cuda_build"), told.get("is_rocm_build")]
    return Wheel(
        name="tensorflow",
        package=package.name if package else None,
        version=package.version if package else None,
        cuda=_numbers(_text(told.get("cuda_version"))) if built[0] else None,
        rocm=(_text(told.get("rocm_version")) or "unknown") if built[1] else None,
        cpu_only=not (any(built) or _brings_a_device(plugins)) if told else None,
        plugins=plugins,
    )


def _jax(installed: _Installed) -> Wheel | None:
    file, package = find_in(installed.folders, _JAX_FILE), installed.packages.get("jax")
    if file is None and package is None:
        return None
    plugins = installed.plugins("jax")
    told = _text(_assigned(file).get("_version"))
    names = [each.name for each in plugins]
    cuda = _match(_CUDA_OF_JAX, names) or _match(_CUDA_IN_JAXLIB, _versions(plugins, "jaxlib"))
    return Wheel(
        name="jax",
        package=package.name if package else None,
        version=package.version if package else told,
        cuda=(int(cuda),) if cuda else None,
        rocm=_match(_ROCM_OF_JAX, names),
        cpu_only=not cuda and all(name == "jaxlib" for name in names),
        plugins=plugins,
    )


def _versions(plugins: Iterable[Package], name: str) -> list[str]:
    return [each.version for each in plugins if each.name == name]


def _match(pattern: re.Pattern[str], texts: Iterable[str]) -> str | None:
    found = (pattern.search(text) for text in texts)
    return next((match[1] for match in found if match), None)


def _brings_a_device(plugins: Iterable[Package]) -> bool:
    """Whether one of them does; NVIDIA's libraries and Triton bring none by themselves."""
    return any(not each.name.startswith(("nvidia-", "pytorch-triton")) for each in plugins)


def _has_apple_gpu() -> bool:
    """Every PyTorch for Macs of Apple silicon can use their GPU."""
    return (platform.system(), platform.machine()) == ("Darwin", "arm64")


def _numbers(version: str | None) -> tuple[int, ...] | None:
    """``"12.8"`` as (12, 8); its third number says nothing to a driver."""
    windows = _OF_WINDOWS.fullmatch(version or "")
    parts = windows.groups() if windows else (version or "").split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _assigned(file: Path | None) -> dict[str, Any]:
    """What a module assigns to its names, as far as that can be told without running it."""
    if file is None:
        return {}
    try:
        body = ast.parse(file.read_text(encoding="utf-8", errors="replace")).body
    except (OSError, SyntaxError, ValueError):
        return {}
    return {name: value for node in body for name, value in [_assignment(node)] if name is not None}


def _assignment(node: ast.stmt) -> tuple[str | None, Any]:
    """The name and the value of ``name = literal`` or ``name = kind(literal)``."""
    if isinstance(node, ast.Assign):
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return None, None
    if isinstance(value, ast.Call) and len(value.args) == 1:
        value = value.args[0]
    try:
        return (target.id if isinstance(target, ast.Name) else None), ast.literal_eval(value)
    except (TypeError, ValueError):
        return None, None
