"""CUDA works, and the framework sees nothing: its own words are all that is known."""

from __future__ import annotations

from dlmagic.display.parts import shorten
from dlmagic.magics.gpus.check.evidence import Asked, Told
from dlmagic.magics.gpus.check.pip import install_command
from dlmagic.magics.gpus.check.result import Cause

_LONGEST = 300
_LOOK = {
    "Apple GPU": "python -c 'import platform; print(platform.machine(), platform.mac_ver()[0])'",
    "AMD GPU": "ls -l /dev/kfd /dev/dri && sudo usermod -aG render,video $USER",
    "Intel GPU": "ls -l /dev/dri && sudo usermod -aG render $USER",
}


def in_its_own_words(asked: Asked) -> Cause:
    """Nothing that is known here explains it."""
    says = shorten(asked.words, _LONGEST) or "nothing"
    read = (f"{asked.package} says: {says}",)
    if isinstance(asked.told, Told) and asked.told.devices:
        return Cause(
            "cannot-compute",
            f"{asked.framework.title} finds the GPU and cannot compute on it.",
            read,
            "See what the kernel says about the GPU; one that failed works again after a restart "
            "of the machine.",
            "sudo dmesg | grep -iE 'nvrm|xid|nvidia'",
        )
    return Cause(
        "unexplained",
        f"CUDA works here, and {asked.framework.title} sees no GPU all the same.",
        read,
        "Reinstall it, which mends a damaged package, then restart the kernel.",
        install_command(asked),
    )


def other_maker(asked: Asked) -> Cause:
    """A GPU of another maker, and a package that was built for it."""
    kind = asked.machine.accelerators[0].kind
    says = shorten(asked.words, _LONGEST) or "nothing"
    return Cause(
        "other-gpu-not-seen",
        f"{asked.framework.title} can use the {kind}, and does not see it.",
        (f"{asked.package} says: {says}", f"listed at {asked.machine.accelerators[0].found}"),
        "See whether it may be used by you; a group is joined at the next login."
        if kind in ("AMD GPU", "Intel GPU")
        else "PyTorch needs macOS 12.3 or later, and a Python made for arm64.",
        _LOOK.get(kind, "python -m torch.utils.collect_env"),
    )
