"""NVML's error codes, and what they say to a user.

The library has texts of its own, but to fetch one is another call into a driver in trouble.
"""

from __future__ import annotations

from dlmagic.devices.reading import Reason

NOT_SUPPORTED = 3
NOT_PERMITTED = 4
NOT_FOUND = 6
TOO_SMALL = 7
NO_LIBRARY = 12
NO_FUNCTION = 13
LOST = 15
RESET_REQUIRED = 16

_WORDS = {
    1: "NVIDIA's library was not started",
    2: "NVIDIA's driver rejects the question",
    NOT_SUPPORTED: "the GPU or its driver does not tell this",
    NOT_PERMITTED: "this user, or this container, may not read it",
    NOT_FOUND: "NVIDIA's driver does not find it",
    TOO_SMALL: "NVIDIA's driver had more to tell at every try",
    8: "the GPU lacks its external power",
    9: "NVIDIA's driver is installed, but not loaded",
    10: "NVIDIA's driver gave up waiting for the GPU",
    11: "the GPU's interrupts do not arrive",
    NO_LIBRARY: "this machine has no NVIDIA driver",
    NO_FUNCTION: "the installed NVIDIA driver is too old to tell this",
    14: "the GPU's own settings (infoROM) are damaged",
    LOST: "the GPU is lost: it no longer answers on its bus",
    RESET_REQUIRED: "the GPU must be reset before it can be used again",
    17: "the operating system keeps NVIDIA's driver from the GPU",
    18: "NVIDIA's library and kernel module are of different versions: restart the machine",
    19: "NVIDIA's driver is in use by another program",
    20: "NVIDIA's driver has no memory left",
    25: "NVIDIA's driver knows another form of this question",
    28: "NVIDIA's driver no longer finds the GPU",
    999: "NVIDIA's driver met an error that it does not know",
}


def refusal(code: int | None) -> Reason:
    """Why the driver refused, in words and with its number."""
    if code is None:
        return Reason("NVIDIA's driver refuses and does not say why")
    words = _WORDS.get(code, "NVIDIA's driver refuses")
    return Reason(f"{words} (NVML error {code})", code)
