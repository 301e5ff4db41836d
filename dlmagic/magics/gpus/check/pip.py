"""The command that installs a framework for the GPU and the driver that are there."""

from __future__ import annotations

from dlmagic.magics.gpus.check.evidence import Asked, Machine

_INDEX = "https://download.pytorch.org/whl"
_TORCH_BUILDS = ((13, 0), (12, 8), (12, 6), (11, 8))
"""CUDAs that PyTorch's packages are built for, the newest first."""

_DROPPED = {(12, 8): (7, 5), (13, 0): (7, 5)}
"""The least compute capability of the packages that no longer serve all GPUs."""
_FROM_BLACKWELL = (10, 0)
_FIRST_FOR_BLACKWELL = (12, 8)
_LAST_FOR_11 = "2.7.1"  # later ones are not built for CUDA 11


def install_command(asked: Asked, capability: tuple[int, int] | None = None) -> str:
    """What installs the framework for this machine.

    Args:
        asked: The framework and the machine.
        capability: Compute capability of the GPU; read from the driver by default.
    """
    name = asked.wheel.name
    if name == "torch":
        return _torch(asked.machine, capability or _capability(asked.machine))
    if name == "jax":
        newest = newest_cuda(asked.machine) or 12
        return f'%pip install -U "jax[cuda{max(newest, 12)}]"'
    old = asked.wheel.package or "tensorflow"
    remove = f"%pip uninstall -y {old}\n" if old != "tensorflow" else ""
    return f'{remove}%pip install -U "tensorflow[and-cuda]"'


def newest_cuda(machine: Machine) -> int | None:
    """The newest major number of CUDA that the driver runs and packages are built for."""
    if machine.cuda is None:
        return None
    known = {build[0] for build in _TORCH_BUILDS if build[0] <= machine.cuda[0]}
    return max(known, default=None)


def _torch(machine: Machine, capability: tuple[int, int] | None) -> str:
    build = _torch_build(machine.cuda, capability)
    package = f"torch=={_LAST_FOR_11}" if build[0] == 11 else "torch"
    label = f"cu{build[0]}{build[1]}"
    return f"%pip uninstall -y torch\n%pip install {package} --index-url {_INDEX}/{label}"


def _torch_build(
    cuda: tuple[int, int] | None, capability: tuple[int, int] | None
) -> tuple[int, int]:
    """The newest build that the driver runs and that has programs for the GPU."""
    serving = [build for build in _TORCH_BUILDS if _serves(build, capability)]
    if cuda is None:
        return serving[0]
    # Within a major number a driver runs what was built for later minor ones, too; a build that
    # needs no such help is safer.
    plain = [build for build in serving if build <= cuda and build[0] == cuda[0]]
    helped = [build for build in reversed(serving) if build[0] == cuda[0]]
    older = [build for build in serving if build <= cuda]
    return next(iter((*plain, *helped, *older, *reversed(serving))))


def _serves(build: tuple[int, int], capability: tuple[int, int] | None) -> bool:
    if capability is None:
        return True
    if capability >= _FROM_BLACKWELL:
        return build >= _FIRST_FOR_BLACKWELL
    return capability >= _DROPPED.get(build, (0, 0))


def _capability(machine: Machine) -> tuple[int, int] | None:
    found = [each.capability for each in machine.gpus if isinstance(each.capability, tuple)]
    return found[0] if found else None
