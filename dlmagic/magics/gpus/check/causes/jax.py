"""What only JAX stumbles over."""

from __future__ import annotations

import re

from dlmagic.magics.gpus.check.evidence import Asked
from dlmagic.magics.gpus.check.pip import install_command
from dlmagic.magics.gpus.check.result import Cause

_CHOOSING = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")
_PLUGIN = re.compile(r"jax-cuda(\d+)-plugin")


def told_to_use_the_processor(asked: Asked) -> Cause | None:
    """An environment variable chooses the processor."""
    if asked.wheel.name != "jax":
        return None
    for name in _CHOOSING:
        setting = asked.machine.variable(name)
        if setting and not {"cuda", "gpu"} & set(setting.lower().split(",")):
            return Cause(
                "jax-platforms",
                f"{name}={setting} tells JAX to leave the GPU alone.",
                (f"{name} is {setting!r} in this kernel",),
                "Take it away before JAX is imported; if that was done, restart the kernel first.",
                f'import os; os.environ.pop("{name}", None)',
            )
    return None


def parts_of_different_versions(asked: Asked) -> Cause | None:
    """The plugin does not fit jaxlib."""
    versions = {each.name: each.version for each in asked.wheel.plugins}
    plugin = next((name for name in versions if _PLUGIN.fullmatch(name)), None)
    jaxlib = versions.get("jaxlib")
    if plugin is None or jaxlib is None or _series(versions[plugin]) == _series(jaxlib):
        return None
    return Cause(
        "jax-plugin-version",
        f"{plugin} {versions[plugin]} does not fit jaxlib {jaxlib}: JAX leaves it out.",
        (f"jaxlib {jaxlib}", f"{plugin} {versions[plugin]}"),
        "Install both of one version, then restart the kernel.",
        install_command(asked),
    )


def without_runtime(asked: Asked) -> Cause | None:
    """The plugin is there without the part that talks to CUDA."""
    names = {each.name for each in asked.wheel.plugins}
    plugin = next(filter(_PLUGIN.fullmatch, sorted(names)), None)
    if plugin is None or plugin.replace("-plugin", "-pjrt") in names:
        return None
    return Cause(
        "jax-without-pjrt",
        f"{plugin} is installed without {plugin.replace('-plugin', '-pjrt')}, its other half.",
        (f"{plugin} is installed", f"{plugin.replace('-plugin', '-pjrt')} is not"),
        "Install JAX with all its parts, then restart the kernel.",
        install_command(asked),
    )


def _series(version: str) -> str:
    """A fourth number, as in 0.6.2.post1, is a repair of the package."""
    return ".".join(version.split(".")[:3])
