"""The installed package of a framework cannot use the GPU, whatever the machine is like."""

from __future__ import annotations

from dlmagic.magics.gpus.check.evidence import Asked
from dlmagic.magics.gpus.check.pip import install_command, newest_cuda
from dlmagic.magics.gpus.check.result import Cause

_AFTERWARDS = "Install one that can, then restart the kernel."


def for_processors_only(asked: Asked) -> Cause | None:
    """It was built for processors only."""
    wheel = asked.wheel
    if not wheel.cpu_only:
        return None
    plugin = "jaxlib is installed, and no plugin for CUDA beside it"
    built = "its files say that it was built without CUDA"
    return Cause(
        "no-cuda-plugin" if wheel.name == "jax" else "cpu-only-package",
        "JAX is installed without its plugin for CUDA (jax-cuda12-plugin or jax-cuda13-plugin)."
        if wheel.name == "jax"
        else f"The installed {asked.framework.title} ({asked.package}) was built for processors "
        "only.",
        (asked.package, plugin if wheel.name == "jax" else built),
        _AFTERWARDS,
        install_command(asked),
    )


def for_other_gpus(asked: Asked) -> Cause | None:
    """It was built for GPUs of another maker."""
    wheel = asked.wheel
    maker = "AMD (ROCm)" if wheel.rocm else "Intel (XPU)" if wheel.xpu else None
    if maker is None or wheel.cuda is not None or not machine_is_nvidia(asked):
        return None
    return Cause(
        "package-for-other-gpus",
        f"The installed {asked.framework.title} ({asked.package}) was built for GPUs of {maker}.",
        (asked.package, f"built for ROCm {wheel.rocm}" if wheel.rocm else f"built for {wheel.xpu}"),
        _AFTERWARDS,
        install_command(asked),
    )


def for_a_newer_driver(asked: Asked) -> Cause | None:
    """It was built for a newer CUDA than the driver runs: within a major number that is no harm."""
    built, runs = asked.wheel.cuda, asked.machine.cuda
    if not built or runs is None or built[0] <= runs[0]:
        return None
    wanted = ".".join(map(str, built))
    newest = newest_cuda(asked.machine)
    return Cause(
        "driver-too-old",
        f"The installed {asked.framework.title} needs CUDA {wanted}, and the driver runs CUDA "
        f"{runs[0]}.{runs[1]} at most.",
        (
            f"{asked.package}: built for CUDA {wanted}",
            f"driver: CUDA {runs[0]}.{runs[1]}",
            *([f"libcuda of driver {asked.machine.library.version}"] * bool(_version(asked))),
        ),
        "Update the driver, or install a package for the CUDA that it runs, as below; then restart "
        "the kernel."
        if newest
        else "Update the driver: there is no package for it any more.",
        install_command(asked) if newest else "sudo ubuntu-drivers install && sudo reboot",
    )


def machine_is_nvidia(asked: Asked) -> bool:
    """Whether the GPU that is there is NVIDIA's."""
    return asked.machine.present


def _version(asked: Asked) -> str | None:
    return asked.machine.library.version
