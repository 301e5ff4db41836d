"""The GPU is there, and NVIDIA's driver is not at work."""

from __future__ import annotations

from dlmagic.devices.driver.module import Card
from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause

_NONE_LOADED = "there is no /proc/driver/nvidia/version: the kernel module is not loaded"
_DRIVER_NOT_LOADED = 9


def without_driver(machine: Machine) -> Cause | None:
    """No kernel module is loaded: taken by another driver, not loaded, or not installed."""
    if machine.module.version or machine.enclosure.container or machine.enclosure.wsl:
        return None
    if machine.nodes.jetson or machine.answers or not (machine.cards or machine.nodes.any):
        return None
    taken = next((card for card in machine.cards if card.driver not in (None, "nvidia")), None)
    if taken is not None:
        return _taken(taken)
    return _not_loaded(machine) if _is_installed(machine) else _not_installed(machine)


def _taken(card: Card) -> Cause:
    read = (f"the card {card.bus_id} belongs to the driver {card.driver}", _NONE_LOADED)
    if card.driver == "nouveau":
        return Cause(
            "nouveau",
            "The GPU belongs to nouveau, Linux's own driver, which has no CUDA.",
            read,
            "Install NVIDIA's driver, which keeps nouveau from starting, and restart the machine.",
            "sudo ubuntu-drivers install && sudo reboot",
        )
    return Cause(
        "taken-by-another-driver",
        f"The GPU belongs to the driver {card.driver}, which keeps NVIDIA's from it.",
        read,
        "Give it back to NVIDIA's driver; a GPU of vfio-pci is meant for a virtual machine.",
        f"cd /sys/bus/pci/devices/{card.bus_id}/driver\n"
        f"echo {card.bus_id} | sudo tee unbind\n"
        "sudo modprobe nvidia",
    )


def _is_installed(machine: Machine) -> bool:
    """Whether its libraries are there, which are not in the kernel."""
    refused = machine.refused
    told = refused is not None and refused.code == _DRIVER_NOT_LOADED
    return told or machine.library.missing is None


def _not_loaded(machine: Machine) -> Cause:
    return Cause(
        "driver-not-loaded",
        "NVIDIA's driver is installed, but its kernel module is not loaded.",
        (*_cards(machine), _NONE_LOADED, f"NVML: {machine.refused}"),
        "Load it. Where that fails after a new kernel, `dkms status` tells whether it was built "
        "for it; Secure Boot refuses modules that are not signed.",
        "sudo modprobe nvidia",
    )


def _not_installed(machine: Machine) -> Cause:
    return Cause(
        "no-driver",
        "The machine has an NVIDIA GPU, and NVIDIA's driver is not installed.",
        (*_cards(machine), _NONE_LOADED, f"libcuda: {machine.library.missing}"),
        "Install the driver and restart the machine (on Ubuntu as below; others have a package "
        "for it, too).",
        "sudo ubuntu-drivers install && sudo reboot",
    )


def _cards(machine: Machine) -> tuple[str, ...]:
    return tuple(f"the bus lists NVIDIA's card {card.bus_id}" for card in machine.cards[:1])
